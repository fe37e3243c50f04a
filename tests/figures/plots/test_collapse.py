"""Where the empirical score collapses, and the samples it needs beside the linear model."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.looks.style import look_of
from convergen.figures.plots.collapse import draw
from tests.figures.drawn import band_of, is_see_through, labels, line_of

SIGMA = [0.5, 1.0, 2.0]


@pytest.fixture(scope="module")
def found():
    law = theory.Spectrum.isotropic(8)
    result = theory.predict_collapse(law, law, [10, 100, 1000], SIGMA)
    result["collapse_noise"][1] = np.nan  # nothing is drawn of what is not resolved
    return result


@pytest.fixture(scope="module")
def panels(found):
    return draw(found).axes


def test_collapse_noise_has_the_width_of_its_crossover(found, panels):
    left = panels[0]
    line = line_of(left, look_of("collapse_noise").label)
    n, noise = found["samples"].values[[0, 2]], found["collapse_noise"].values[[0, 2]]
    width = found["collapse_width"].values[[0, 2]]
    np.testing.assert_array_equal(line.get_xdata(), n)
    np.testing.assert_array_equal(line.get_ydata(), noise)
    assert line.get_marker() == look_of("collapse_noise").marker
    (band,) = left.collections
    x, low, high = band_of(band)
    np.testing.assert_array_equal(x, n)
    np.testing.assert_allclose(np.log(low), np.log(noise) - width)
    np.testing.assert_allclose(np.log(high), np.log(noise) + width)
    assert is_see_through(band)
    assert labels(left) == ["width of the crossover", look_of("collapse_noise").label]


def test_samples_needed_are_those_of_the_score_and_of_the_linear_model(found, panels):
    keys = ("samples_to_generalise", "gaussian_samples", "linear_samples")
    right = panels[1]
    assert labels(right) == [look_of(key).label for key in keys]
    for key in keys:
        line = line_of(right, look_of(key).label)
        assert line.get_xdata().tolist() == SIGMA
        np.testing.assert_array_equal(line.get_ydata(), found[key])
        assert line.get_marker() == look_of(key).marker


def test_both_axes_are_logarithmic_and_say_what_they_are(panels):
    assert [axes.get_title() for axes in panels] == [
        "Where the empirical score collapses", "Samples needed to generalise",
    ]  # fmt: skip
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels] == [
        ("number of training samples $n$", r"noise level $\sigma$ (data units)"),
        (r"noise level $\sigma$ (data units)", "samples needed $n^*$"),
    ]
    assert {axes.get_xscale() for axes in panels} == {axes.get_yscale() for axes in panels}
    assert panels[0].get_xscale() == "log"
    assert panels[0].figure.get_suptitle() == "isotropic, $d$ = 8"
