"""A Gaussian whose eigenvalues fall as a power of their rank."""

from __future__ import annotations

from typing import Any

from convergen.theory.sources.drawing import BASIS, DIM, DRAWING, gaussian
from convergen.theory.sources.options import NUMBER, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

_ALPHA = Option("alpha", NUMBER, "exponent α", 1.0, least=0, flag="--alpha")


def load(dim: int, alpha: float, **drawing: Any) -> Source:
    """A Gaussian with eigenvalues k^(−α), k = 1 … d.

    Parameters
    ----------
    dim : int
        Dimension d.
    alpha : float
        Exponent α ≥ 0.
    **drawing
        `drawing.BASIS` and `drawing.DRAWING`.

    Returns
    -------
    Source
    """
    from convergen.theory.spectra.spectrum import Spectrum

    raw = Spectrum.power_law(dim, alpha)
    return Source("power law", lambda: raw, make_known=lambda: gaussian(raw, **drawing))


register(
    SourceKind(
        "power-law", "Gaussian with eigenvalues k^(−α), k = 1 … d",
        (DIM, _ALPHA, BASIS, *DRAWING), load, known=True,
    )
)  # fmt: skip
