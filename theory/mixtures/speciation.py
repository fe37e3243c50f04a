"""Speciation: the noise level at which a Gaussian mixture separates into its clusters."""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.mixtures.mixture import GaussianMixture

# Largest dimension in which the covariance is formed.
_DENSE = 512


def speciation_noise(mixture: GaussianMixture) -> float:
    """Noise level at which the reverse diffusion commits to a component.

    Parameters
    ----------
    mixture : GaussianMixture
        Law of the data.

    Returns
    -------
    float
        σ_s = √λ_max, of the covariance of the data; units of the data.

    Notes
    -----
    About its mean the smoothed log density is −xᵀ(1/σ² − Σ/σ⁴)x/2 to the first orders in 1/σ, and
    loses its curvature along the leading axis at σ² = λ_max (Biroli, Bonnaire, de Bortoli & Mézard,
    arXiv:2402.18491). λ_max holds both parts of the covariance, Σ_c π_c Σ_c within and
    Σ_c π_c (μ_c − μ̄)(μ_c − μ̄)ᵀ between components. It is the scale of the class decision where the
    part between them dominates, as for separations of order √d: ±μ with variance v has
    λ_max = |μ|² + v, while its density is bimodal below σ² = |μ|² − v exactly.
    """
    count, dim = mixture.components, mixture.dim
    if dim <= _DENSE:
        return float(np.sqrt(np.linalg.eigvalsh(mixture.covariance)[-1]))
    from scipy.sparse.linalg import LinearOperator, eigsh

    roots = np.sqrt(mixture.weights)[:, None]
    offsets = roots * (mixture.means.reshape(count, dim) - mixture.mean.ravel())

    def apply(vector: FloatArray) -> FloatArray:
        row = vector.reshape(1, dim)
        within = sum(
            p * mixture.within.product(c, row, lambda lam: lam)[0]
            for c, p in enumerate(mixture.weights)
        )
        return np.asarray(within + offsets.T @ (offsets @ vector.ravel()))

    operator = LinearOperator((dim, dim), matvec=apply, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(dim)
    return float(np.sqrt(eigsh(operator, k=1, v0=start, return_eigenvectors=False)[0]))
