"""Figure 6: simulated denoisers lie on the lines, and the lines obey their definitions."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import linear_denoisers

QUANTITIES = ("renormalised_noise", "test_error", "train_error", "agreement", "denoiser_variance")


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(linear_denoisers.NAME)


@pytest.mark.parametrize("name", QUANTITIES)
def test_points_lie_within_four_standard_errors(smoke, name):
    mean, stderr, law = (smoke[f"{name}_{kind}"] for kind in ("simulated", "stderr", "expected"))
    # The bias is of order 1/d; the caption's 0.5 % is for d = 200, here d = 100.
    assert bool((np.abs(mean - law) < 4.0 * stderr + 0.01 * law).all())
    assert bool((stderr < 0.4 * law).all())


@pytest.mark.parametrize("name", QUANTITIES)
def test_shipped_points_lie_where_the_caption_says(name):
    data = load_record(shipped("linear-denoisers"), "linear-denoisers")
    mean, stderr, law = (data[f"{name}_{kind}"] for kind in ("simulated", "stderr", "expected"))
    relative = 0.1 if name == "denoiser_variance" else 0.005
    hard = (data["load"] == 1.0) & (data["sample_sigma"] < 0.2)
    allowed = np.maximum(4.0 * stderr, law * (relative + 0.07 * hard))
    assert bool((np.abs(mean - law) < allowed).all())
    assert data.attrs["dimension"] == linear_denoisers.DIM


def test_renormalised_noise_solves_its_equation(smoke):
    spectrum = theory.Spectrum.power_law(100, 1.0)
    unit = spectrum.trace / 100
    for load in smoke["load"].values:
        kappa = unit * smoke["renormalised_noise"].sel(load=load).values ** 2
        noise = theory.noise_of(spectrum, load * 100, kappa)
        np.testing.assert_allclose(noise, unit * smoke["sigma"].values ** 2, rtol=1e-8)


def test_lines_and_points_are_of_one_law(smoke):
    for name in QUANTITIES:
        at = smoke[name].interp(sigma=smoke["sample_sigma"].values, method="cubic")
        np.testing.assert_allclose(at, smoke[f"{name}_expected"], rtol=0.02)


def test_errors_lie_on_both_sides_of_the_true_denoiser(smoke):
    assert bool((smoke["test_error"] > 1.0).all())
    assert bool((smoke["train_error"] < 1.0).all())
    assert bool((smoke["renormalised_noise"] > smoke["sigma"]).all())


def test_drawing_shows_the_data(smoke):
    figure = linear_denoisers.draw(smoke)
    noise, errors, agreement, variance = figure.axes
    lines = {line.get_label(): line for line in noise.lines}
    np.testing.assert_array_equal(
        lines[r"$\gamma = n/d$ = 1"].get_ydata(), smoke["renormalised_noise"].sel(load=1.0)
    )
    assert "error" in errors.get_ylabel()
    assert "agreement" in agreement.get_ylabel()
    assert "variance" in variance.get_ylabel()
    for axes in (agreement, variance):
        assert r"$\sigma$" in axes.get_xlabel()
