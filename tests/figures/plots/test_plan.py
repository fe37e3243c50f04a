"""What a plan looks like: its rows, curves, bands, wishes, and what is at hand."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.ticker import ScalarFormatter

from convergen.figures.looks.style import CHART, look_of
from convergen.figures.plots.plan import draw, draw_one, panels
from tests.figures.drawn import band_of, is_see_through, is_thin, labels, line_of

N, DENSE = [20.0, 60.0, 200.0], [20.0, 40.0, 100.0, 200.0]
KEYS = ("convergence", "convergence_to_truth", "recovered_factors", "test_error_ratio")
WISHES = ["convergence=0.8", "factor=1", "test-error=1.5", "convergence-to-truth=0.95"]


def made(samples, keys=KEYS, band=0.0, **attributes):
    found = xr.Dataset(coords={"samples": samples})
    for place, key in enumerate(keys):
        value = np.linspace(0.3, 0.9, len(samples)) + 0.02 * place
        for ending, sign in (("", 0.0), ("_low", -1.0), ("_high", 1.0)):
            if band or not ending:
                found[f"{key}{ending}"] = "samples", value + sign * band
    about = {"source": "mine.npy", "dimension": 6, "have": 20, "affordable": 180, "sigma": 0.2468}
    return found.assign_attrs(about | attributes)


def with_wishes(rows, intervals=True):
    wished = {"": [50.0, 70.0, 90.0, np.inf], "_low": [40, 60, 85, 90], "_high": [80, 90, 95, 99]}
    for ending, values in wished.items():
        if intervals or not ending:
            rows[f"wish_samples{ending}"] = "wish", np.array(values, dtype=float)
    rows["wish_level"] = "wish", [0.8, 1.0, 1.5, 0.95]
    return rows.assign_coords(wish=WISHES)


@pytest.fixture(scope="module")
def pilot():
    """Panels of the law behind a pilot, with its intervals."""
    rows = with_wishes(made(N, band=0.05, interval_level=0.9, pilot_points=24))
    return draw(rows, made(DENSE, band=0.05)).axes


@pytest.fixture(scope="module")
def known():
    """Panels of a known law, without curves."""
    return draw(made(N, keys=KEYS[:2])).axes


def crosses(axes):
    """Wishes on an axis: n, level, and both ends."""
    found = [each for each in axes.containers if each.lines[0].get_marker() == "x"]
    ends = [each.lines[2][0].get_segments()[0][:, 0].tolist() for each in found]
    return [
        (*(float(value[0]) for value in each.lines[0].get_data()), *end)
        for each, end in zip(found, ends, strict=True)
    ]


def test_rows_are_points_on_the_curves(pilot):
    rows, curves = made(N), made(DENSE, band=0.05)
    for axes, keys in zip(pilot, (KEYS[:2], KEYS[2:3], KEYS[3:]), strict=True):
        for place, key in enumerate(keys):
            line = line_of(axes, look_of(key).label)
            assert line.get_xdata().tolist() == DENSE
            np.testing.assert_array_equal(line.get_ydata(), curves[key])
            points = [each for each in axes.lines if each.get_marker() == look_of(key).marker]
            ours = [each for each in points if each.get_color() == look_of(key).colour]
            (dots,) = [each for each in ours if each.get_linestyle() == "None"]
            assert dots.get_xdata().tolist() == N
            np.testing.assert_array_equal(dots.get_ydata(), rows[key])
            assert dots.get_markerfacecolor() == "white"
            assert dots.get_zorder() > line.get_zorder()
            x, low, high = band_of(axes.collections[place])
            assert x.tolist() == DENSE
            np.testing.assert_allclose(low, curves[f"{key}_low"])
            np.testing.assert_allclose(high, curves[f"{key}_high"])
            assert is_see_through(axes.collections[place])


def test_without_curves_points_are_named(known):
    (axes,) = known
    assert labels(axes) == [look_of(key).label for key in KEYS[:2]]
    assert len(axes.collections) == 0
    named = line_of(axes, look_of("convergence").label)
    assert named.get_linestyle() == "None"
    assert named.get_xdata().tolist() == N


def test_panels_are_those_whose_quantity_was_planned():
    assert panels(made(N)) == ["convergence", "recovered_factors", "test_error_ratio"]
    assert panels(made(N, keys=("convergence", "test_error_ratio"))) == [
        "convergence", "test_error_ratio",
    ]  # fmt: skip


def test_wishes_are_crosses_on_the_axis_of_their_level(pilot):
    overlap, factors, error = pilot
    # Neither what is never reached, nor what has an axis of its own.
    assert crosses(overlap) == [(50.0, 0.8, 40.0, 80.0)]
    assert crosses(factors) == []
    assert crosses(error) == [(90.0, 1.5, 85.0, 95.0)]
    (cross,) = [each for each in overlap.containers if each.lines[0].get_marker() == "x"]
    assert cross.lines[0].get_zorder() > 3
    assert 3.0 < cross.lines[0].get_markersize() < 6.0


def test_wishes_of_a_known_law_have_no_interval():
    (axes,) = draw(with_wishes(made(N, keys=KEYS[:2]), intervals=False)).axes
    assert crosses(axes) == [(50.0, 0.8, 50.0, 50.0)]


def test_what_is_at_hand_and_what_the_budget_pays_for(pilot):
    for axes in pilot:
        marks = [line for line in axes.lines if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in marks] == [20.0, 200.0]
        assert all(is_thin(line) for line in marks)
        hand, budget = axes.texts
        assert (hand.get_text(), budget.get_text()) == ("at hand", "budget")
        assert (hand.get_ha(), budget.get_ha()) == ("left", "right")
        # Words stand between both, below the upper edge.
        assert (hand.xy, budget.xy) == ((20.0, 1.0), (200.0, 1.0))
        assert 0.0 < hand.xyann[0] < 3.0
        assert -3.0 < budget.xyann[0] < 0.0
        assert hand.xyann[1] == budget.xyann[1] < 0.0
        assert 5.0 < hand.get_fontsize() < 7.0


def test_without_a_budget_only_what_is_at_hand_is_marked():
    (axes,) = draw(made(N, keys=KEYS[:2], affordable="")).axes
    assert [text.get_text() for text in axes.texts] == ["at hand"]


def test_axes_say_what_they_show(pilot, known):
    assert [axes.get_ylabel() for axes in pilot] == [
        "overlap", look_of("recovered_factors").label, r"test error / its limit, $\sigma$ = 0.247",
    ]  # fmt: skip
    assert {axes.get_xlabel() for axes in pilot} == {"number of training samples $n$"}
    assert {axes.get_xscale() for axes in pilot} == {"log"}
    assert [axes.get_legend() is None for axes in pilot] == [False, True, True]
    title = pilot[0].figure.get_suptitle()
    assert title == "mine.npy: the law behind 24 points, 90 % intervals, $d$ = 6"
    assert known[0].figure.get_suptitle() == "mine.npy, $d$ = 6"


@pytest.mark.parametrize(("last", "plain"), [(300.0, True), (500.0, False)])
def test_short_axes_have_plain_numbers(last, plain):
    (axes,) = draw(made([20.0, 60.0, last], keys=KEYS[:2])).axes
    assert isinstance(axes.xaxis.get_major_formatter(), ScalarFormatter) == plain


def test_points_stay_off_the_frame(known):
    (axes,) = known
    low, high = axes.get_ylim()
    values = made(N)[list(KEYS[:2])].to_array()
    room = 0.12 * float(values.max() - values.min())
    assert low == pytest.approx(float(values.min()) - room)
    assert high == pytest.approx(float(values.max()) + room)


def test_one_panel_by_itself_is_a_chart():
    figure = draw_one(made(N), made(DENSE), "test_error_ratio")
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), made(DENSE)["test_error_ratio"])
    assert tuple(figure.get_size_inches()) == (CHART["width"], CHART["height"])
