"""Predicted curves: lines, bands, points, thresholds, and what the panels say of them."""

import numpy as np
import pytest
import xarray as xr

from convergen import theory
from convergen.figures.looks.style import look_of, save
from convergen.figures.plots.curves import draw
from convergen.theory.common.checks import InputError
from convergen.theory.quantities.table import quantities
from tests.figures.drawn import band_of, is_see_through, labels, line_of

SPECTRUM = theory.Spectrum.spiked(40, [9.0, 4.0])
OPTIONS = {"quantities": ("convergence", "memorisation", "latent_recovery"), "factors": 3}


@pytest.fixture(scope="module")
def curves():
    names = (*OPTIONS["quantities"], "thresholds")
    return theory.predict(SPECTRUM, [10, 40, 160, 640], factors=3, quantities=names)


@pytest.fixture(scope="module")
def points():
    return theory.simulate(SPECTRUM, [20, 80], repeats=4, **OPTIONS)


def test_lines_carry_the_prediction(curves):
    left, right = draw(curves).axes
    drawn = {line.get_label(): line for line in left.lines}
    for name in ("memorisation", "memorisation_baseline", "convergence", "convergence_to_truth"):
        label = look_of(name).label
        np.testing.assert_array_equal(drawn[label].get_ydata(), curves[name])
        np.testing.assert_array_equal(drawn[label].get_xdata(), curves["samples"])
    np.testing.assert_array_equal(
        right.lines[0].get_ydata(), curves["latent_recovery_finite_size"][:, 0]
    )


def test_axes_are_labelled_with_words_and_symbols(curves):
    for axes in draw(curves).axes:
        assert "$n$" in axes.get_xlabel()
        assert len(axes.get_xlabel()) > 10
        assert axes.get_ylabel()
        assert axes.get_legend() is not None


def test_points_have_error_bars_of_two_standard_errors(curves, points):
    left = draw(curves, points).axes[0]
    by_colour = [c for c in left.containers if c.lines[0].get_marker() == "o"]
    (container,) = by_colour
    np.testing.assert_array_equal(container.lines[0].get_ydata(), points["convergence"])
    (bars,) = container.lines[2]
    lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(lengths, 4.0 * points["convergence_stderr"], rtol=1e-9)


@pytest.mark.parametrize(
    "ending", ["svg", *(pytest.param(one, marks=pytest.mark.slow) for one in ("pdf", "png"))]
)
def test_same_data_same_bytes(curves, points, tmp_path, ending):
    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    save(draw(curves, points), first)
    save(draw(curves, points), second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 1000


@pytest.fixture(scope="module")
def estimated():
    """Curves of the law behind a pilot, whose last two factors are one eigenspace; and points."""
    found = xr.Dataset(coords={"samples": [10, 100, 1000], "factor": [1, 2, 3]})
    for key, factors in (
        ("convergence", 0),
        ("convergence_to_truth", 0),
        ("latent_recovery_finite_size", 3),
    ):
        values = np.linspace(0.2, 0.8, 3)
        if factors:
            values = values[:, None] + 0.02 * np.arange(factors)
        for ending, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.15)):
            found[f"{key}{ending}"] = ("samples", "factor")[: values.ndim], values + shift
    found["multiplicity"] = "factor", [1, 2, 2]
    found["recovery_threshold"] = "factor", [10.0, 40.0, 2000.0]
    measured = xr.Dataset(coords={"samples": [20, 80]})
    measured["latent_recovery"] = ("samples", "factor"), np.full((2, 3), 0.5)
    measured["latent_recovery_stderr"] = ("samples", "factor"), np.full((2, 3), 0.03)
    about = {"source": "mine", "dimension": 9, "interval_level": 0.9, "pilot_points": 24}
    return found.assign_attrs(about), measured


@pytest.fixture(scope="module")
def panels(estimated):
    return draw(*estimated).axes


def test_factors_are_named_and_those_that_share_their_eigenvalue_say_so(estimated, panels):
    found, _ = estimated
    words = ["factor 1", "factor 2 (eigenspace, dim. 2)", "factor 3 (eigenspace, dim. 2)"]
    assert labels(panels[1]) == [*words, "threshold $n_k^*$ (limit law)"]
    for k, label in enumerate(words):
        drawn = line_of(panels[1], label).get_ydata()
        np.testing.assert_array_equal(drawn, found["latent_recovery_finite_size"][:, k])


def test_bands_are_the_intervals_of_their_lines(estimated, panels):
    found, _ = estimated
    expected = [found[["convergence_low", "convergence_high"]]] * 2
    names = [f"latent_recovery_finite_size_{end}" for end in ("low", "high")]
    expected += [found[names].isel(factor=k) for k in range(3)]
    bands = [each for axes in panels for each in axes.collections if each.get_alpha() is not None]
    for band, ends in zip(bands, expected, strict=True):
        x, below, above = band_of(band)
        assert x.tolist() == [10, 100, 1000]
        low, high = ends.values()
        np.testing.assert_allclose(below, low)
        np.testing.assert_allclose(above, high)
        assert is_see_through(band)


def test_what_was_measured_of_each_factor_stands_beside_its_prediction(panels):
    """The prediction at finite size is held against the measurement of another name."""
    points = panels[1].containers
    assert len(points) == 3
    for one, label in zip(points, labels(panels[1]), strict=False):
        assert one.lines[0].get_ydata().tolist() == [0.5, 0.5]
        (bars,) = one.lines[2]
        np.testing.assert_allclose([np.ptp(each[:, 1]) for each in bars.get_segments()], 0.12)
        assert one.lines[0].get_color() == line_of(panels[1], label).get_color()


def test_thresholds_within_the_range_are_marked_on_the_axis(panels):
    marks = [line for line in panels[1].lines if line.get_marker() == "|"]
    # Neither the first n itself nor what lies beyond the last; one more for the legend.
    assert [list(line.get_xdata()) for line in marks] == [[40.0], []]
    (mark, named) = marks
    assert list(mark.get_ydata()) == [0.0]
    assert mark.get_color() == line_of(panels[1], "factor 2 (eigenspace, dim. 2)").get_color()
    assert not mark.get_clip_on()  # half of it lies below the axis
    assert mark.get_markersize() == named.get_markersize() > 6.0
    assert named.get_linestyle() == "None"


def test_where_no_threshold_shows_none_is_named(estimated):
    found, _ = estimated
    far = found.assign(recovery_threshold=("factor", [1.0, 2000.0, np.nan]))
    for curves in (far, found.drop_vars("recovery_threshold")):
        assert not any("threshold" in each for each in labels(draw(curves).axes[1]))


def test_a_factor_that_does_not_show_has_no_curve(estimated):
    found, _ = estimated
    right = draw(found.assign_attrs(visible_factors=1)).axes[1]
    assert labels(right)[0] == "factor 1"
    assert not any(each.startswith("factor 2") for each in labels(right))


def test_the_title_says_what_the_curves_are(curves, panels):
    assert draw(curves).get_suptitle() == "spiked (9, 4) on isotropic, $d$ = 40"
    assert panels[0].figure.get_suptitle() == (
        "mine: the law behind 24 points, 90 % intervals, $d$ = 9; "
        "lines: theory, points: measured, ±2 standard errors"
    )


def test_both_panels_share_n_and_hold_overlaps(panels):
    left, right = panels
    for axes in panels:
        assert axes.get_xscale() == "log"
        assert axes.get_ylim() == (-0.02, 1.04)
    before = left.get_xlim()
    left.set_xlim(3.0, 70.0)
    assert right.get_xlim() == (3.0, 70.0)
    left.set_xlim(before)


@pytest.mark.parametrize(("panel", "gone"), [("left", "convergence"), ("right", "latent_recovery")])
def test_a_panel_without_curves_is_refused(curves, panel, gone):
    few = curves.drop_vars([name for name in curves if quantity_of(name) == gone])
    with pytest.raises(
        InputError, match=f"nothing for the {panel} panel: predict quantities {gone}"
    ):
        draw(few)


def quantity_of(name):
    return next((row.group for row in quantities() if row.key == name), None)
