"""Curves over training: their numbers, intervals, looks, and where copying begins."""

import numpy as np
import pytest
import xarray as xr

from convergen.figures.looks.style import look_of, style
from convergen.figures.plots.checkpoints import draw
from tests.figures.drawn import bars_of, is_see_through, is_thin, labels

STEPS = [10, 100, 1000]
WORDS = {
    "copied": "copies", "f_mem": "$f_{mem}$", "nearer": "nearer to the training set",
    "m": "$m$", "variance": "variance / data", "q": "$q$",
}  # fmt: skip


def made(keys=WORDS, steps=STEPS, **attributes):
    found = xr.Dataset(coords={"step": steps}, attrs=attributes)
    for place, key in enumerate(keys):
        value = np.linspace(0.2, 0.8, len(steps)) + 0.01 * place
        for ending, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.15)):
            found[f"{key}{ending}"] = "step", value + shift
    return found


@pytest.fixture(scope="module")
def panels():
    return draw(made(copying_begins_after=10, copying_begins_by=100)).axes


def test_each_number_is_a_line_with_its_interval(panels):
    found = made()
    for axes, keys, words in (
        (panels[0], ("copied", "f_mem", "nearer"), "share of the samples"),
        (panels[1], ("m", "variance", "q"), "overlap, or ratio of variances"),
    ):
        assert axes.get_ylabel() == words
        assert axes.get_xlabel() == "step of training"
        assert labels(axes) == ["copying begins", *(WORDS[key] for key in keys)]
        for key in keys:
            x, y, low, high = bars_of(axes, WORDS[key])
            assert x.tolist() == STEPS
            np.testing.assert_array_equal(y, found[key])
            np.testing.assert_allclose(low, found[f"{key}_low"])
            np.testing.assert_allclose(high, found[f"{key}_high"])


def test_a_value_beyond_its_interval_has_no_bar_on_that_side():
    found = made(["copied", "q"])
    found["q_low"] = found["q"] + 0.05
    figure = draw(found)
    _, y, low, high = bars_of(figure.axes[1], "$q$")
    np.testing.assert_array_equal(low, y)
    np.testing.assert_allclose(high, found["q_high"])
    assert len(figure.axes[0].containers) == 1  # what was not measured is left out


def test_numbers_differ_without_colour_and_keep_that_of_their_quantity(panels):
    for axes in panels:
        lines = [each.lines[0] for each in axes.containers]
        assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 3
        assert len({line.get_color() for line in lines}) == 3
        assert all(is_thin(line) and 2.0 < line.get_markersize() < 4.5 for line in lines)
        assert all(cap.get_markersize() < 6.0 for each in axes.containers for cap in each.lines[1])
    shares = [each.lines[0].get_linestyle() for each in panels[0].containers]
    assert len(set(shares)) == 3
    for label, key in (("$m$", "memorisation"), ("$q$", "convergence")):
        (one,) = [each for each in panels[1].containers if each.get_label() == label]
        assert one.lines[0].get_color() == look_of(key).colour


def test_a_band_shows_between_which_checkpoints_copying_begins(panels):
    for axes in panels:
        (band,) = axes.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == (10, 100)
        assert is_see_through(band)
    (band,) = draw(made(copying_begins_by=100)).axes[0].patches
    assert (band.get_x(), band.get_width()) == (10, 90)  # from the first checkpoint on
    assert len(draw(made(copying_begins_after=10)).axes[0].patches) == 0


@pytest.mark.parametrize(
    ("steps", "scale"),
    [
        ([10, 100, 201], "log"),
        ([0.5, 5, 50], "log"),
        ([10, 100, 200], "linear"),
        ([1, 1000], "linear"),
        ([0, 10, 1000], "linear"),
    ],
)
def test_steps_that_grow_by_factors_are_on_a_log_axis(steps, scale):
    (first, _) = draw(made(["copied", "q"], steps)).axes
    assert first.get_xscale() == scale


def test_nought_is_on_the_axis_and_so_is_what_lies_below_it():
    found = made(["copied", "q"])
    found["q_low"] = found["q"] - 0.9
    first, second = draw(found).axes
    assert first.get_ylim()[0] == 0.0
    assert second.get_ylim()[0] < float(found["q_low"].min())


def test_panels_share_their_steps_and_legends_hide_no_curve():
    figure = draw(made())
    with style():
        figure.draw_without_rendering()
    first, second = figure.axes
    for axes in figure.axes:
        legend, panel = axes.get_legend().get_window_extent(), axes.get_window_extent()
        assert panel.y1 <= legend.y0 < panel.y1 + 0.1 * panel.height
        assert legend.x0 == pytest.approx(panel.x0, abs=0.05 * panel.width)
    first.set_xlim(20, 30)
    assert second.get_xlim() == (20, 30)
