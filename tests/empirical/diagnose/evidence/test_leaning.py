"""Samples that lie nearer to the training set than to unseen points."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.evidence.leaning import leaning


def test_leaning_is_standard_normal_under_exchange_and_counts_samples_of_one_point_once():
    """Unequal sets, and samples that crowd around few points."""
    rng = np.random.default_rng(2)
    scores, shares = [], []
    for _ in range(200):
        real = rng.standard_normal((90, 4))
        samples = np.repeat(rng.standard_normal((40, 4)), 5, axis=0)
        samples += 1e-3 * rng.standard_normal(samples.shape)
        ends = [
            NearestNeighbors(n_neighbors=1).fit(each).kneighbors(samples)
            for each in (real[:60], real[60:])
        ]
        near, other = (Near(i.astype(np.int64), d, d[:, 0]) for d, i in ends)
        found = leaning(near, other, (60, 30))
        scores.append(found.score)
        shares.append(found.share.value)
    assert abs(np.mean(scores)) < 4.0 / np.sqrt(200)
    assert 0.75 < np.std(scores) < 1.25
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
