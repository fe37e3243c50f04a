"""When the tangent kernel learns the population, and when single images: the bulks of its Gram.

A wide network is trained on n images with m noisings each. The Gram matrix of its kernel has modes
of the population, as fast for any n, and modes of single images, slower in proportion to n; all
others belong to single noisings. A mode λ of K/N, N = n m, is learnt to 1 − e^{−τλ}.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_number,
    as_positive,
    as_samples,
)
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from convergen.theory.spectra.spectrum import Spectrum

# Nodes of a mean over Gaussian overlaps, and halvings of a bracket down to the last bit.
_NODES, _HALVINGS = 64, 100


@dataclass(frozen=True, eq=False)
class GramBulks:
    """Expected eigenvalues of K/N at one noise level.

    Build it with `gram_bulks`.

    Attributes
    ----------
    constant : float
        Of the constant mode.
    population : ndarray, shape (k,)
        Of the modes of each eigenvalue of the covariance.
    multiplicities : ndarray, shape (k,)
        How often each of them occurs.
    images : float
        n times that of the modes of single images, of which there are about n, for many noisings.
    noisings : float
        N times that of the modes of single noisings, all others.
    answers : ndarray, shape (k,)
        Variance of the best linear answer along each mode, in units of the network's output.
    """

    constant: float
    population: FloatArray
    multiplicities: FloatArray
    images: float
    noisings: float
    answers: FloatArray

    def generalising_time(self, missing: float = 0.1) -> float:
        """Time after which a share of the best linear answer is still missing.

        Parameters
        ----------
        missing : float
            Share of its squared size, between 0 and 1.

        Returns
        -------
        float
            τ_gen, the same for every n; 0 where the preconditioning answers already, as for
            isotropic data.
        """
        share = _share(missing, "missing")
        weights = self.multiplicities * self.answers
        if weights.sum() <= 0.0:
            return 0.0
        weights = weights / weights.sum()
        low, high = 0.0, -np.log(share) / (2.0 * float(self.population[weights > 0.0].min()))
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            left = float(weights @ np.exp(-2.0 * middle * self.population))
            low, high = (middle, high) if left > share else (low, middle)
        return float(high)

    def memorising_time(
        self, samples: ArrayLike, missing: float = 0.1, each: int | None = None
    ) -> FloatArray:
        """Time after which a share of the modes of single images is still missing.

        Parameters
        ----------
        samples : array_like, shape (s,)
            Training samples n.
        missing : float
            Share of their size, between 0 and 1.
        each : int, optional
            Noisings m of each image; default: the noise is drawn anew at every step.

        Returns
        -------
        ndarray, shape (s,)
            τ_mem, in proportion to n.
        """
        share = _share(missing, "missing")
        alone = 0.0 if each is None else self.noisings / as_count(each, "each")
        return np.asarray(-np.log(share) * as_samples(samples) / (self.images + alone))


def gram_bulks(spectrum: Spectrum, sigma: float, *, depth: int = 3) -> GramBulks:
    """Bulks of the Gram matrix of the ReLU tangent kernel on noised images.

    Parameters
    ----------
    spectrum : Spectrum
        Of the data; their scale is brought to unit variance, as networks are trained.
    sigma : float
        Noise level in standard deviations of the data, > 0.
    depth : int
        Hidden layers, without biases.

    Returns
    -------
    GramBulks

    Raises
    ------
    InputError
        If sigma is not positive.

    Notes
    -----
    Without biases the kernel is f(cos) times the lengths. Inputs x̃ = c_in (y + σξ) of different
    images have overlaps r of variance s² = Tr(Σ + σ²)²/(Tr(Σ + σ²))², over which f is a constant,
    a line a₁ r and a rest; the line gives modes a₁ c_in² (λ_k + σ²)/d (El Karoui, arXiv:1001.0492).
    Two noisings of one image overlap by about ρ = 1/(1 + σ²); what f is there beyond constant and
    line, E f − a₀ − a₁ρ, is shared by all noisings of the image and gives modes of size 1/n
    (arXiv:2505.17638 has the two bulks for random features). Lengths are taken as one and overlaps
    as Gaussian: the participation ratio of the spectrum must not be small.

    At σ below about ½ copying waits for slower modes, the slopes about single images, which are not
    given here.
    """
    level = as_number(as_positive(sigma, "sigma"), "sigma")
    layers = as_count(depth, "depth")
    dim, times = spectrum.dim, spectrum.multiplicities
    values = spectrum.eigenvalues * (dim / spectrum.trace)
    keep = 1.0 / (1.0 + level**2)
    inputs = keep * (values + level**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    spread = float(np.sqrt(times @ inputs**2)) / dim
    apart = _on_unit_points(spread * nodes, layers)
    constant = float(weights @ apart)
    line = float(weights @ (apart * nodes)) / spread
    # Variance of the cosine of two noisings, from that of y·y, of y·ξ, and of ξ·ξ and ξ·ξ′.
    image = (1.0 - keep) ** 2 * (2.0 * float(times @ values**2) + 2.0 * level**2 * dim)
    own = keep * np.sqrt(image + (1.0 + keep**2) * level**4 * dim) / dim
    near = float(weights @ _on_unit_points(keep + own * nodes, layers))
    same = float(_on_unit_points(np.ones(1), layers)[0])
    return GramBulks(
        constant=constant,
        population=line * inputs / dim,
        multiplicities=times,
        images=near - constant - line * keep,
        noisings=same - near - line * (1.0 - keep),
        # c_in (λ − c_skip (λ + σ²))/c_out is the covariance of input and answer.
        answers=(level * keep * (values - 1.0)) ** 2 / inputs,
    )


def _on_unit_points(overlaps: NDArray[np.float64], depth: int) -> FloatArray:
    """Kernel of points of unit variance with these overlaps."""
    cosine = np.clip(overlaps, -1.0, 1.0)
    circle = np.sqrt(2.0) * np.stack([cosine, np.sqrt(1.0 - cosine**2)], axis=1)
    one = np.array([[np.sqrt(2.0), 0.0]])
    return np.asarray(relu_tangent_kernel(one, circle, depth=depth)[0])


def _share(value: float, name: str) -> float:
    if not 0.0 < value < 1.0:
        raise InputError(f"{name} is a share between 0 and 1, not {value}.")
    return float(value)
