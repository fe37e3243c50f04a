"""Regression with the kernel between pixels: budget, noise and where it works."""

import numpy as np
import pytest

from convergen.empirical.kernels.denoiser import ConvolutionalRegression
from convergen.empirical.models.solvable.convolutional_kernel import fit
from convergen.empirical.models.solvable.kernel_regime import noise_seed
from convergen.empirical.models.table import SOLVABLE, Trained, TrainingSets
from convergen.theory.common.checks import InputError
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def test_the_convolutional_kernel_takes_the_budget_and_noise_of_its_own():
    found = fitted("convolutional-kernel", depth=1, copies=3, padding="circular")
    same(found, [
        ConvolutionalRegression(
            each, images=150.0, depth=1, seed=noise_seed(0, each), padding="circular"
        )
        for each in POINTS
    ])  # fmt: skip
    with pytest.raises(InputError, match="needs images, but a point has shape"):
        SOLVABLE.find("convolutional-kernel").resolve((24,), {})


def test_the_budget_of_the_networks_bounds_the_copies():
    """One copy for 50 images; 100 images pay for two, however many are allowed."""
    sets = TrainingSets(POINTS[:1], trained=Trained(images=100))
    found = fit(sets, depth=1, time=1e5, copies=1000, padding="zeros")
    seed = noise_seed(0, POINTS[0])
    expected = ConvolutionalRegression(POINTS[0], images=100.0, depth=1, seed=seed)
    same(found, [expected])
    others = fit(TrainingSets(POINTS[:1], seed=4), depth=1, time=1e5, copies=2, padding="zeros")
    assert np.abs(others[0](POINTS[0], 0.5) - expected(POINTS[0], 0.5)).max() > 1e-3


def test_the_row():
    options = {
        "depth": (3, 1, None, 100), "time": (1e5, None, 0.0, None), "copies": (32, 1, None, 10_000),
        "padding": ("zeros", None, None, None),
    }  # fmt: skip
    check_row("convolutional-kernel", (0, (1, 3)), options, compared=False)
