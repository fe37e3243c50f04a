"""White Gaussian noise."""

from __future__ import annotations

from typing import Any

from convergen.theory.sources.drawing import DIM, DRAWING, gaussian
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register


def load(dim: int, **drawing: Any) -> Source:
    """White Gaussian noise of variance 1.

    Parameters
    ----------
    dim : int
        Dimension d.
    **drawing
        `drawing.DRAWING`.

    Returns
    -------
    Source
    """
    from convergen.theory.spectra.spectrum import Spectrum

    raw = Spectrum.isotropic(dim)
    return Source(
        "isotropic", lambda: raw, make_known=lambda: gaussian(raw, basis="identity", **drawing)
    )


register(SourceKind("isotropic", "white Gaussian noise", (DIM, *DRAWING), load, known=True))
