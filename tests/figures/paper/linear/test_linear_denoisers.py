"""Figure 6: simulated denoisers lie on the lines, and the lines obey their definitions."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import linear_denoisers
from tests.figures.drawn import bars_through, labels, through

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


@pytest.fixture(scope="module")
def panels(smoke):
    return linear_denoisers.draw(smoke).axes


@pytest.mark.parametrize(
    ("place", "name"),
    [(0, "renormalised_noise"), (1, "train_error"), (1, "test_error"), (2, "agreement")],
)
def test_each_load_is_a_line_with_its_simulation(smoke, panels, place, name):
    axes = panels[place]
    colours = set()
    for load in smoke["load"].values:
        one = smoke.sel(load=load)
        (line,) = through(axes, one[name])
        assert line.get_label() == rf"$\gamma = n/d$ = {load:g}"
        np.testing.assert_array_equal(line.get_xdata(), smoke["sigma"])
        points, sizes = bars_through(axes, one[f"{name}_simulated"])
        np.testing.assert_allclose(sizes, 4.0 * one[f"{name}_stderr"])
        np.testing.assert_array_equal(points.get_xdata(), smoke["sample_sigma"])
        assert points.get_color() == line.get_color()
        colours.add(line.get_color())
    assert len(colours) == smoke.sizes["load"]


def test_variances_of_modes_are_those_of_the_middle_load(smoke, panels):
    axes, one = panels[3], smoke.isel(load=1)
    for mode in smoke["mode"].values:
        own = one.sel(mode=mode)
        (line,) = through(axes, own["denoiser_variance"])
        assert line.get_label() == f"mode $k$ = {mode}"
        points, sizes = bars_through(axes, own["denoiser_variance_simulated"])
        np.testing.assert_allclose(sizes, 4.0 * own["denoiser_variance_stderr"])
        assert points.get_color() == line.get_color()
    load = float(smoke["load"][1])
    title = rf"(d) Variance between training sets, $\gamma$ = {load:g}"
    assert axes.get_title(loc="left") == title
    assert labels(axes) == [f"mode $k$ = {mode}" for mode in smoke["mode"].values]


def test_axes_say_what_they_are(smoke, panels):
    noise, errors, agreement, variance = panels
    (unchanged,) = through(noise, smoke["sigma"])
    assert unchanged.get_linestyle() == ":"
    assert labels(noise)[-1] == r"no change, $\kappa = \sigma^2$"
    (level,) = [line for line in errors.lines if list(line.get_ydata()) == [1.0, 1.0]]
    assert level.get_linestyle() == ":"
    assert errors.get_ylim()[0] == 0.1
    test, train = errors.texts
    assert (test.get_text(), train.get_text()) == ("test error (fresh data)", "training error")
    assert test.get_position()[1] > 0.5 > train.get_position()[1] > 0.0
    assert agreement.get_ylim() == (0.0, 1.02)
    assert [axes.get_yscale() for axes in panels] == ["log", "log", "linear", "log"]
    assert {axes.get_xscale() for axes in panels} == {"log"}
    assert "agreement" in agreement.get_ylabel()
    for axes in (agreement, variance):
        assert r"$\sigma$" in axes.get_xlabel()
