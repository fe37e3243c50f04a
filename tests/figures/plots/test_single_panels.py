"""Pictures of one panel for pages."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.looks.style import CHART, look_of
from convergen.figures.plots.single_panels import draw_overlaps, draw_recovery
from tests.figures.drawn import is_thin, labels, line_of

KEYS = ("convergence", "convergence_to_truth")


@pytest.fixture(scope="module")
def curves():
    names = ("convergence", "memorisation", "latent_recovery", "thresholds")
    spectrum = theory.Spectrum.spiked(40, [9.0, 4.0])
    return theory.predict(spectrum, [10, 40, 160], factors=2, quantities=names)


def test_the_quantities_that_are_asked_for_and_where_the_reader_stands(curves):
    figure = draw_overlaps(curves, KEYS, "agreement", 24.0)
    (axes,) = figure.axes
    assert labels(axes) == ["your $n$ = 24", *(look_of(key).label for key in KEYS)]
    for key in KEYS:
        np.testing.assert_array_equal(line_of(axes, look_of(key).label).get_ydata(), curves[key])
    here = line_of(axes, "your $n$ = 24")
    assert list(here.get_xdata()) == [24.0, 24.0]
    assert is_thin(here)
    assert axes.get_ylabel() == "agreement"
    assert tuple(figure.get_size_inches()) == (CHART["width"], CHART["height"])


def test_nobody_stands_anywhere_on_a_known_law(curves):
    (axes,) = draw_overlaps(curves, KEYS[:1], "agreement").axes
    assert len(axes.lines) == 1


def test_recovery_of_each_factor(curves):
    figure = draw_recovery(curves)
    (axes,) = figure.axes
    for k in range(2):
        drawn = line_of(axes, f"factor {k + 1}").get_ydata()
        np.testing.assert_array_equal(drawn, curves["latent_recovery_finite_size"][:, k])
    assert axes.get_ylabel() == "squared overlap $Q_k$"
    assert tuple(figure.get_size_inches()) == (CHART["width"], CHART["height"])
