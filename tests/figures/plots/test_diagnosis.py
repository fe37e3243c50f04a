"""Pictures of a diagnosis: both histograms, the curve with its band, and where n stands."""

import numpy as np
import pytest

import convergen as cg
from convergen.figures.looks.style import look_of
from convergen.figures.plots.diagnosis import draw_distances, draw_forecast
from convergen.theory.quantities.rows import GREY
from tests.figures.drawn import band_of, bars_of, is_see_through, is_thin, labels, line_of


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    train, unseen, drawn, again = rng.standard_normal((4, 60, 6)) * [3.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    return train, unseen, drawn[:50], again[:50]


@pytest.fixture(scope="module")
def two_models(rows):
    """Judged against unseen data, with a second model."""
    train, unseen, drawn, again = rows
    return cg.empirical.judge_samples([drawn, again], train, unseen)


@pytest.fixture(scope="module")
def alone(rows):
    """Judged without unseen data."""
    train, _, drawn, _ = rows
    return cg.empirical.judge_samples(drawn, train)


def outline(axes, label):
    """Edges and heights of the steps of a histogram."""
    (patch,) = [each for each in axes.patches if each.get_label() == label]
    corners = patch.get_xy()
    return corners[::2, 0], corners[1:-1:2, 1], patch


def distances(x, y):
    return np.sqrt(((x[:, None] - y) ** 2).sum(axis=2)).min(axis=1)


def test_histograms_hold_the_distances_of_samples_to_both_sets(rows, two_models):
    train, unseen, drawn, _ = rows
    (axes,) = draw_distances(two_models).axes
    scale = two_models.judgement.near.distances[:, 0] / distances(drawn, train)
    np.testing.assert_allclose(scale, scale[0])
    top = scale[0] * max(distances(drawn, train).max(), distances(drawn, unseen).max())
    for label, points, colour, line in (
        ("samples to unseen data", unseen, GREY, "--"),
        ("samples to the training set", train, look_of("memorisation").colour, "-"),
    ):
        edges, heights, patch = outline(axes, label)
        counts, expected = np.histogram(scale[0] * distances(drawn, points), 40, (0.0, top))
        np.testing.assert_allclose(edges[: len(expected)], expected, atol=1e-9)
        np.testing.assert_allclose(heights[:40], counts / 50.0)
        assert patch.get_edgecolor()[:3] == pytest.approx(_rgb(colour))
        assert (patch.get_linestyle() in ("-", "solid", (0, None))) == (line == "-")
        assert is_thin(patch)
    assert axes.get_xlabel() == "distance to the nearest point"
    assert axes.get_ylabel() == "share of the points"
    assert set(labels(axes)) == {"samples to unseen data", "samples to the training set"}


def _rgb(colour):
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def test_without_unseen_data_training_points_are_held_against_each_other(alone):
    (axes,) = draw_distances(alone).axes
    assert set(labels(axes)) == {"real points to the training set", "samples to the training set"}
    _, heights, _ = outline(axes, "real points to the training set")
    assert heights[:40].sum() == pytest.approx(1.0)
    nearest = alone.judgement.true.distances[:, 0]
    edges, _, _ = outline(axes, "samples to the training set")
    counts, _ = np.histogram(nearest, edges[:41])
    np.testing.assert_allclose(heights[:40], counts / len(nearest))


def test_the_curve_is_the_prediction_and_reaches_far_on_both_sides(two_models):
    (axes,) = draw_forecast(two_models).axes
    line = line_of(axes, "agreement $q$")
    n = np.asarray(line.get_xdata())
    assert n[0] == round(60 / 10**1.5)
    assert n[-1] == round(60 * 10**1.5)
    law = two_models.pilot
    curves = cg.predict(law, n, quantities=["convergence"])
    np.testing.assert_allclose(line.get_ydata(), curves["convergence"])
    (band,) = [each for each in axes.collections if is_see_through_or_none(each)]
    x, low, high = band_of(band)
    np.testing.assert_allclose(x, n)
    np.testing.assert_allclose(low, curves["convergence_low"])
    np.testing.assert_allclose(high, curves["convergence_high"])
    assert is_see_through(band)


def is_see_through_or_none(artist):
    return artist.get_alpha() is not None


def test_models_stand_at_their_n_with_their_error(two_models):
    (axes,) = draw_forecast(two_models).axes
    here = line_of(axes, "your n = 60")
    assert list(here.get_xdata()) == [60, 60]
    assert is_thin(here)
    (container,) = axes.containers
    container.set_label("measured")
    x, y, low, high = bars_of(axes, "measured")
    found = two_models.convergence
    assert (x.tolist(), y.tolist()) == ([60], [found.value])
    np.testing.assert_allclose([low, high], [[found.value - 2 * found.stderr],
                                             [found.value + 2 * found.stderr]])  # fmt: skip
    assert axes.get_title() == "theory (line), your models (point ± 2 s.e.)"


def test_one_model_has_no_point(alone):
    (axes,) = draw_forecast(alone).axes
    assert len(axes.containers) == 0
    assert axes.get_title() == ""
    assert axes.get_xscale() == "log"
    assert axes.get_ylim() == (-0.02, 1.04)
    assert axes.get_xlabel() == "number of training samples $n$"
    assert axes.get_ylabel() == "agreement of two models"


def test_both_are_pictures_of_half_a_page(alone):
    for draw in (draw_distances, draw_forecast):
        assert tuple(draw(alone).get_size_inches()) == (4.6, 2.9)
