"""What simulations of sample covariances share."""

import numpy as np


def expanded(spectrum):
    """Every eigenvalue as often as it occurs, shape (d,)."""
    return np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))


def wishart(spectrum, samples, count, seed):
    """Complex sample covariances with population covariance diag(λ)."""
    rng = np.random.default_rng(seed)
    root = np.sqrt(expanded(spectrum) / (2 * samples))
    for _ in range(count):
        x = rng.standard_normal((samples, root.size)) + 1j * rng.standard_normal(
            (samples, root.size)
        )
        x *= root
        yield x.conj().T @ x


def assert_mean(draws, expected, precision):
    """Within four standard errors, and these are small enough for the comparison to mean much."""
    draws = np.array(draws)
    stderr = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(stderr <= precision * np.abs(expected))
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * stderr)
