"""Handwritten digits."""

from __future__ import annotations

from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.sources.table import SourceKind, register


def load() -> Source:
    """Handwritten digits of scikit-learn: 1797 grey images (1, 8, 8).

    Returns
    -------
    Source
    """
    from convergen.theory.data.sets.digits import load_digits

    return data_source("digits", lambda: Points("digits", load_digits(), (1, 8, 8)))


register(
    SourceKind("digits", "1797 handwritten digits of 8 × 8 pixels, from scikit-learn", (), load)
)
