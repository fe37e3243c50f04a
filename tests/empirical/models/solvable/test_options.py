"""What solvable models take: users' files and shipped results depend on it."""

import pytest

from convergen.empirical.models.table import SOLVABLE
from tests.options import ranges

MEMORISED = {"memorised": (0.0, 0.0, None, 1e12)}
OPTIONS = {
    "budgeted-mixture": MEMORISED,
    "generaliser-memoriser": MEMORISED,
    "fitted-mixture": {"components": (None, 1, None, 10_000)},
    "convolutional-kernel": {
        "depth": (3, 1, None, 100), "time": (1e5, None, 0.0, None), "copies": (32, 1, None, 10_000),
        "padding": ("zeros", None, None, None),
    },
    "kernel-regime": {
        "depth": (3, 1, None, 100), "time": (1e5, None, 0.0, None),
        "copies": (2000, 1, None, 100_000),
    },
    "patch-machine": {
        "side": (3, 1, None, 1001), "positions": ("same", None, None, None),
        "padding": ("zeros", None, None, None),
    },
    "trained-linear": {"steps": (20_000, 1, None, None), "tolerance": (1e-4, 1e-12, None, 1.0)},
}  # fmt: skip


@pytest.mark.parametrize("row", SOLVABLE.rows(), ids=lambda row: row.name)
def test_what_is_not_given_and_what_is_allowed(row):
    assert ranges(row.options) == OPTIONS.get(row.name, {})
