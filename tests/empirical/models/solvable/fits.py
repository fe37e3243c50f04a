"""Solvable models fitted to small images, as their tests want them."""

import numpy as np

from convergen.empirical.models.table import SOLVABLE, TrainingSets
from tests.options import ranges

SHAPE = (1, 4, 6)
RNG = np.random.default_rng(0)
POINTS = [RNG.standard_normal((4, *SHAPE)) + 0.5, RNG.standard_normal((6, *SHAPE))]
X = RNG.standard_normal((3, *SHAPE))


def fitted(name, points=POINTS, truth=None, seed=0, **options):
    row = SOLVABLE.find(name)
    given = row.resolve(points[0].shape[1:], options, truth)
    return list(row.fit(TrainingSets(points, seed=seed, truth=truth), **given))


def same(models, expected):
    for model, other in zip(models, expected, strict=True):
        for sigma in (0.3, 2.0):
            np.testing.assert_array_equal(model(X, sigma), other(X, sigma))


def check_row(name, line, options=None, *, compared=True, networks=(), theory=None):
    """What users' files and shipped results depend on, and one place for each row in tables."""
    row = SOLVABLE.find(name)
    assert ranges(row.options) == (options or {})
    assert row.line == line  # as in all figures
    assert (row.compared, row.networks, row.theory) == (compared, networks, theory)
    orders = sorted(each.order for each in SOLVABLE.rows())
    assert orders == list(range(1, len(orders) + 1))
    lines = [str(each.line) for each in SOLVABLE.rows() if each.compared]
    assert len(set(lines)) == len(lines)
