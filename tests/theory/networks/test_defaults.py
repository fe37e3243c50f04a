"""Numbers of the theories of networks where nothing is said: shipped results depend on them."""

import pytest

from convergen.theory.networks.symmetry.orbit_law import orbit_law
from convergen.theory.networks.training_time import budget, clock, memorisation_time
from convergen.theory.networks.wide import gram_bulks, kernel_regression, relu_kernel
from tests.options import unsaid


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (orbit_law, {"repeats": 8}),
        (budget.generalising_share, {"power": 1.2}),
        (budget.memorised_points, {"power": 1.2}),
        (clock.weighted_images, {"schedule": "cosine"}),
        (memorisation_time.onset, {"level": 0.1}),
        (gram_bulks.gram_bulks, {"depth": 3}),
        (
            kernel_regression.KernelRegression,
            {
                "depth": 3, "bias": 0, "time": 1e5, "filter": "ridge", "seed": 0,
                "landmarks": 10_000, "above": 2.5,
            },
        ),
        (relu_kernel.relu_tangent_kernel, {"depth": 3, "bias": 0}),
    ],
)  # fmt: skip
def test_what_is_done_where_nothing_is_said(function, expected):
    assert unsaid(function) == expected
