"""The mean of a symmetric mixture, learnt: the limit of its principal component, and better."""

import numpy as np
import pytest

from convergen.figures.paper.exact_scores.mean_learning import learnt_overlaps


def overlaps(strength, dim, samples, repeats=5):
    found = [
        learnt_overlaps(strength, dim, samples, np.random.default_rng([1, seed]))
        for seed in range(repeats)
    ]
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(repeats)


@pytest.mark.parametrize(("strength", "ratio"), [(1.5, 4.0), (3.0, 0.5)])
def test_the_principal_component_has_its_limit_and_the_posterior_mean_is_no_worse(strength, ratio):
    """(α ρ² − 1)/(α ρ² + ρ) for n = α d (Baik, Ben Arous & Péché; arXiv:1610.02918)."""
    dim = 160
    (principal, bayes), (error, _) = overlaps(strength, dim, round(ratio * dim))
    power = ratio * strength**2
    assert principal == pytest.approx((power - 1.0) / (power + strength), abs=4 * error + 0.02)
    assert bayes > principal - 2.0 * error


def test_below_the_transition_nothing_is_learnt_and_far_above_all():
    (low, bayes), _ = overlaps(0.5, 100, 100, repeats=3)  # α ρ² = 1/4
    assert low < 0.2
    assert bayes < 0.2
    (high, bayes), _ = overlaps(60.0, 100, 400, repeats=2)
    assert high > 0.98
    assert bayes == pytest.approx(high, abs=0.005)
