"""Formulas whose arguments differ from those that the table of quantities hands on.

Each takes a spectrum, sample sizes of shape (m,) and settings by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.spectra.spectrum import Spectrum

# Range of the sampler in units of the root mean square of a coordinate.
_SAMPLER = (0.002, 80.0)


@dataclass(frozen=True)
class Blocks:
    """Overlaps between blocks of ranks at every n.

    Attributes
    ----------
    overlap : ndarray, shape (m, b, b)
        Share of a sample eigenvector in each population block.
    sample_eigenvalue : ndarray, shape (m, b)
        Mean sample eigenvalue of each block.
    population_eigenvalue : ndarray, shape (b,)
        The same for the population.
    """

    overlap: FloatArray
    sample_eigenvalue: FloatArray
    population_eigenvalue: FloatArray


def eigenvector_blocks(spectrum: Spectrum, samples: FloatArray, factors: int) -> Blocks:
    """Overlaps of sample with population eigenvectors through the whole bulk."""
    from convergen.theory.random_matrices.eigenvector_blocks import block_edges, block_overlap

    edges = block_edges(spectrum.dim, factors)
    found = [block_overlap(spectrum, float(n), edges) for n in samples]
    return Blocks(
        np.stack([each.overlap for each in found]),
        np.stack([each.sample_eigenvalue for each in found]),
        found[0].population_eigenvalue,
    )


def finite_size_recovery(spectrum: Spectrum, samples: FloatArray, factors: int) -> FloatArray:
    """Latent recovery at finite n and d, shape (m, factors)."""
    from convergen.theory.linear.latent_recovery import latent_recovery

    return latent_recovery(spectrum, samples, factors, finite_size=True)


def errors_by_noise(spectrum: Spectrum, samples: FloatArray, sigma: FloatArray) -> object:
    """Denoising errors whose arrays have shape (m, s)."""
    from convergen.theory.linear.denoising_errors import denoising_errors

    return denoising_errors(spectrum, samples[:, None], sigma)


def variance_by_noise(
    spectrum: Spectrum, samples: FloatArray, sigma: FloatArray, factors: int
) -> FloatArray:
    """Variance of the denoiser along the leading factors, shape (m, s, factors)."""
    from convergen.theory.linear.denoising_errors import denoiser_variance

    lead = spectrum.leading(factors)
    rows = [denoiser_variance(spectrum, samples, float(s), at=lead) for s in sigma]
    return np.stack(rows, axis=1)


def convergence_of_sampler(spectrum: Spectrum, samples: FloatArray) -> FloatArray:
    """Convergence between the noise levels 0.002 and 80 root mean squares of a coordinate."""
    from convergen.theory.random_matrices.analytic_functions import sampling_convergence

    scale = float(np.sqrt(spectrum.trace / spectrum.dim))
    return sampling_convergence(spectrum, samples, *(scale * end for end in _SAMPLER))


def convergence_samples(
    spectrum: Spectrum, samples: FloatArray, levels: tuple[float, ...], ridge: float
) -> FloatArray:
    """Samples from which convergence stays at each level."""
    from convergen.theory.linear.thresholds import samples_for

    return np.array([float(samples_for(spectrum, convergence=q, ridge=ridge)) for q in levels])


def recovery_threshold(spectrum: Spectrum, samples: FloatArray, factors: int) -> FloatArray:
    """Samples at which each factor starts to be recovered, in the limit of large d."""
    from convergen.theory.linear.latent_recovery import recovery_thresholds

    return recovery_thresholds(spectrum, factors)
