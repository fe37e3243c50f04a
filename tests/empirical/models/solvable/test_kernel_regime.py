"""A wide dense network: its budget, its noise, its theory."""

import re

import numpy as np
import pytest

from convergen.empirical.models.solvable.kernel_regime import fit, noise_seed
from convergen.empirical.models.table import SOLVABLE, Trained, TrainingSets
from convergen.theory.networks.wide.kernel_regime import KernelRegime
from convergen.theory.networks.wide.kernel_regression import KernelRegression
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def expected(points, images, seed=0, **options):
    return KernelRegression(points, images=images, seed=noise_seed(seed, points), **options)


@pytest.mark.parametrize(("budget", "copies", "images"), [(200, 1000, 200.0), (10**6, 3, 150.0)])
def test_the_budget_pays_for_a_copy_in_fifty_images_up_to_the_most(budget, copies, images):
    sets = TrainingSets(POINTS, trained=Trained(images=budget))
    found = fit(sets, depth=2, time=1e4, copies=copies)
    same(found, [expected(each, images, depth=2, time=1e4) for each in POINTS])


def test_what_is_not_given():
    """Three hidden layers and the time of the theory; 64 000 images where no budget is known."""
    found = fitted("kernel-regime", copies=2, seed=7)
    same(found, [expected(each, 100.0, seed=7, depth=3) for each in POINTS])


def test_noise_is_of_the_seed_and_of_the_points():
    one, other = POINTS
    assert noise_seed(0, one) == noise_seed(0, one.copy()) == noise_seed(0, np.asfortranarray(one))
    found = {noise_seed(seed, points) for seed in (0, 1) for points in (one, other, one + 1e-9)}
    assert len(found) == 6


def test_the_row():
    options = {
        "depth": (3, 1, None, 100), "time": (1e5, None, 0.0, None),
        "copies": (2000, 1, None, 100_000),
    }  # fmt: skip
    check_row("kernel-regime", (0, (5, 1)), options, networks=("mlp",), theory=KernelRegime)


def test_the_clock_and_the_error_are_those_that_the_words_say():
    """The mean of (1 + cos)/2 over a schedule is one half: half of the images count."""
    row = SOLVABLE.find("kernel-regime")
    share = np.mean((1.0 + np.cos(np.linspace(0.0, np.pi, 1001))) / 2.0)
    assert row.images_each == pytest.approx(50.0 * share)
    q, m, copies, variance = row.own_error
    low, high = map(float, re.findall(r"off by ([\d.]+) to ([\d.]+) ", row.trust)[0])
    assert low < q < high
    assert m == q
    # "The share of copies is too low … and the variance of samples too small everywhere."
    assert variance > copies > 3 * m
