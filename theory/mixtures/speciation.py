"""Speciation: the noise levels at which a Gaussian mixture separates into its clusters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.mixtures.mixture import GaussianMixture

_DENSE = 512


class Split(NamedTuple):
    """A cluster of components that separates into two as the noise is lowered.

    Attributes
    ----------
    left, right : tuple of int
        Indices of the components in each part.
    noise : float
        Speciation noise level σ; units of the data.
    between : float
        Standard deviation between the parts along the split. The split is sharp where it exceeds
        the spread within them, √(noise² − between²); otherwise the parts overlap at any noise.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    noise: float
    between: float


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


def hierarchical_speciation(mixture: GaussianMixture) -> list[Split]:
    """Noise levels at which clusters of components separate, one for each split.

    Parameters
    ----------
    mixture : GaussianMixture
        Law of the data, with c components.

    Returns
    -------
    list of Split
        The c − 1 splits from coarse to fine, every cluster after the one it is part of.

    Notes
    -----
    The tree is agglomerative: the two clusters A, B with the smallest variance between them,
    p(1 − p)|m_A − m_B|² with p the share of A in A ∪ B, are merged next. Read from the root, a
    split has the speciation level of the mixture restricted to its components: σ² is the variance
    of that mixture along m_A − m_B, within parts and between them. A cluster cannot split before
    it has itself been separated, so the level is at most that of the cluster around it; k
    equidistant means thus speciate at one level, their largest eigenvalue. Two clusters with the
    same mean never separate: their level is 0.
    """
    count = mixture.components
    centres, weights = mixture.means.reshape(count, -1), mixture.weights
    merges = _merge(centres.copy(), weights.copy())
    splits: list[Split] = []
    pending = [(merges[-1], np.inf)] if merges else []
    halves = {tuple(sorted(a + b)): (a, b) for a, b in merges}
    while pending:
        (left, right), ceiling = pending.pop()
        noise, between = _split_level(mixture, centres, left, right)
        noise = min(noise, ceiling)
        splits.append(Split(left, right, noise, between))
        pending += [(halves[part], noise) for part in (left, right) if part in halves]
    # Stable, so that clusters stay behind the one they are part of where levels are equal.
    return sorted(splits, key=lambda split: -split.noise)


def _merge(
    centres: FloatArray, weights: FloatArray
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of clusters in the order of merging; a merged cluster takes the place of its first."""
    members: list[tuple[int, ...]] = [(c,) for c in range(len(weights))]

    def cost(c: int) -> FloatArray:
        share = weights[c] / (weights[c] + weights)
        result = share * (1.0 - share) * np.sum((centres - centres[c]) ** 2, axis=1)
        return np.where(alive & (np.arange(alive.size) != c), result, np.inf)

    alive = np.ones(len(weights), bool)
    table = np.stack([cost(c) for c in range(alive.size)])
    merges = []
    for _ in range(alive.size - 1):
        a, b = sorted(int(i) for i in np.unravel_index(table.argmin(), table.shape))
        merges.append((members[a], members[b]))
        members[a] = tuple(sorted(members[a] + members[b]))
        total = weights[a] + weights[b]
        centres[a] = (weights[a] * centres[a] + weights[b] * centres[b]) / total
        weights[a], alive[b] = total, False
        table[b], table[:, b] = np.inf, np.inf
        table[a] = table[:, a] = cost(a)
    return merges


def _split_level(
    mixture: GaussianMixture, centres: FloatArray, left: tuple[int, ...], right: tuple[int, ...]
) -> tuple[float, float]:
    """Standard deviations of the restricted mixture along the split: total, and between parts."""
    p = mixture.weights
    means = [
        np.average(centres[list(part)], axis=0, weights=p[list(part)]) for part in (left, right)
    ]
    distance = float(np.linalg.norm(means[0] - means[1]))
    if distance == 0.0:
        return 0.0, 0.0
    axis = (means[0] - means[1]) / distance
    both = list(left + right)
    share = p[both] / p[both].sum()
    along = centres[both] @ axis
    within = [float(mixture.within.product(c, axis[None], lambda lam: lam)[0] @ axis) for c in both]
    total = share @ (within + (along - share @ along) ** 2)
    fraction = share[: len(left)].sum()
    return float(np.sqrt(total)), float(np.sqrt(fraction * (1.0 - fraction)) * distance)
