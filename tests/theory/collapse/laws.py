"""Laws that several tests share."""

import numpy as np

from convergen.theory.mixtures.mixture import GaussianMixture


def four_components(dim=20):
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((4, dim, dim)) / np.sqrt(dim)
    means = 2.0 * rng.standard_normal((4, dim)) / np.sqrt(dim)
    covariances = np.einsum("cij,ckj->cik", factors, factors) + 0.1 * np.eye(dim)
    return GaussianMixture([0.4, 0.3, 0.2, 0.1], means, covariances)
