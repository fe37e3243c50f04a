import numpy as np
import pytest

from convergen import theory
from convergen.figures.looks.style import look_of, save
from convergen.figures.plots.curves import draw

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


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_same_data_same_bytes(curves, points, tmp_path, ending):
    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    save(draw(curves, points), first)
    save(draw(curves, points), second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 1000
