"""A Gaussian with a few large eigenvalues above a bulk."""

from __future__ import annotations

from typing import Any

from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.drawing import BASIS, DIM, DRAWING, gaussian
from convergen.theory.sources.options import NUMBER, NUMBERS, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, register

_SPIKES = Option(
    "spikes", NUMBERS, "eigenvalues of the spikes", (10.0, 4.0), least=0, flag="--spike"
)
_ALPHA = Option(
    "alpha", NUMBER, "exponent of a power-law bulk below the spikes; without it all are 1",
    least=0, flag="--alpha",
)  # fmt: skip


def load(dim: int, spikes: tuple[float, ...], alpha: float | None, **drawing: Any) -> Source:
    """A Gaussian with spikes above a bulk of ones or a power law.

    Parameters
    ----------
    dim : int
        Dimension d, spikes included.
    spikes : tuple of float
        The large eigenvalues λ themselves.
    alpha : float or None
        Exponent of the bulk k^(−α), k = 1, 2, …; None for a bulk of ones.
    **drawing
        `drawing.BASIS` and `drawing.DRAWING`.

    Returns
    -------
    Source
    """
    from convergen.theory.spectra.spectrum import Spectrum

    rest = dim - len(spikes)
    if rest < 1:
        raise OptionError(
            f"{len(spikes)} spikes do not fit beside a bulk: raise ", OptionName("dim"),
            f" from {dim} to at least {len(spikes) + 1}.",
        )  # fmt: skip
    bulk = None if alpha is None else Spectrum.power_law(rest, alpha)
    raw = Spectrum.spiked(dim, spikes, bulk)
    return Source("spiked", lambda: raw, make_known=lambda: gaussian(raw, **drawing))


register(
    SourceKind(
        "spiked", "Gaussian with a few large eigenvalues above a bulk",
        (DIM, _SPIKES, _ALPHA, BASIS, *DRAWING), load, known=True,
    )
)  # fmt: skip
