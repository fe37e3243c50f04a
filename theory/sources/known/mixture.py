"""Equal spherical components whose means are the corners of a simplex."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.sources.drawing import (
    BASIS,
    DIM,
    DRAWING,
    check_size,
    orthogonal,
    point_shape,
)
from convergen.theory.sources.options import NUMBER, WHOLE, Option
from convergen.theory.sources.source import KnownLaw, Source, draw
from convergen.theory.sources.table import SourceKind, register

if TYPE_CHECKING:
    from convergen.theory.mixtures.mixture import GaussianMixture

# Its covariance is diagonalised as a whole.
_DIM = replace(DIM, least=2, most=10_000)
_COMPONENTS = Option("components", WHOLE, "number of components", 2, least=2, flag="--components")
_SIGNAL = Option(
    "signal", NUMBER, "squared distance of the means from their centre", 4.0,
    above=0, flag="--signal",
)  # fmt: skip


def load(
    dim: int, components: int, signal: float, basis: str, images: bool, count: int, seed: int
) -> Source:
    """Equal components of unit variance, their means the corners of a regular simplex.

    Parameters
    ----------
    dim : int
        Dimension d.
    components : int
        Number of components, at most d.
    signal : float
        Squared norm of each mean over the variance of a component.
    basis, images, count, seed
        `drawing.BASIS`, which turns the simplex, and `drawing.DRAWING`.

    Returns
    -------
    Source
    """
    from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum
    from convergen.theory.mixtures.mixture import GaussianMixture

    if components > dim:
        raise OptionError(
            f"{components} components need at least as many dimensions, but ", OptionName("dim"),
            f" is {dim}: raise it.",
        )  # fmt: skip
    # Corners of a regular simplex about the origin, each at distance sqrt(signal).
    corners = np.eye(components) - 1.0 / components
    corners *= np.sqrt(signal * components / (components - 1.0))
    means = np.zeros((components, dim))
    means[:, :components] = corners
    raw = GaussianMixture(np.full(components, 1.0 / components), means, np.ones(components))
    label = f"mixture of {components}, signal {signal:g}"
    return Source(
        f"mixture of {components}",
        lambda: mixture_spectrum(raw, label),
        mixture=raw,
        make_known=lambda: _known(raw, basis, images, count, seed),
    )


def _known(raw: GaussianMixture, basis: str, images: bool, count: int, seed: int) -> KnownLaw:
    """The mixture turned by the basis and scaled to mean variance 1, with draws."""
    from convergen.theory.mixtures.mixture import GaussianMixture

    shape, rng = point_shape(raw.dim, images), np.random.default_rng(seed)
    check_size(raw.dim, count)
    means = raw.means @ orthogonal(raw.dim, basis, rng).T
    scale = math.sqrt(float(np.trace(raw.covariance)) / raw.dim)
    variances = np.full(raw.components, 1.0 / scale**2)
    truth = GaussianMixture(raw.weights, (means / scale).reshape(-1, *shape), variances)
    return KnownLaw(truth, scale, draw(truth, shape, count, rng))


register(
    SourceKind(
        "mixture", "equal spherical Gaussians, their means the corners of a simplex",
        (_DIM, _COMPONENTS, _SIGNAL, BASIS, *DRAWING), load, known=True,
    )
)  # fmt: skip
