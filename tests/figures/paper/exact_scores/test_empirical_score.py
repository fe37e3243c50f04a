"""Figure 7: simulated collapse and agreement lie on the lines; one grows with e^d, one with d."""

import numpy as np
import pytest

from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.exact_scores import empirical_score
from convergen.figures.paper.exact_scores.crossings import crossing, half_samples


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(empirical_score.NAME)


def test_own_weights_lie_on_the_lines(smoke):
    mean, stderr, law = (
        smoke[f"own_weight_{kind}"] for kind in ("simulated", "stderr", "expected")
    )
    # Sixty-four noised points carry the line, with an error of its own.
    assert bool((np.abs(mean - law) < 4.0 * np.hypot(stderr, 0.008)).all())
    half, error = smoke["half_noise"], smoke["half_noise_stderr"]
    assert bool((np.abs(half - smoke["half_noise_expected"]) < 4.0 * error).all())


@pytest.mark.parametrize("ending", ["", "_of_dim"])
@pytest.mark.parametrize("name", ["score_samples", "linear_samples"])
def test_samples_needed_lie_on_the_lines(smoke, name, ending):
    law, mean, stderr = (smoke[f"{name}{kind}{ending}"] for kind in ("", "_simulated", "_stderr"))
    assert bool((np.abs(mean - law) < 4.0 * stderr).all())


def test_shipped_points_lie_where_the_caption_says():
    data = load_record(shipped("empirical-score"), "empirical-score")
    mean, stderr, law = (data[f"own_weight_{kind}"] for kind in ("simulated", "stderr", "expected"))
    assert bool((np.abs(mean - law) < 4.0 * np.hypot(stderr, 0.002)).all())
    assert bool((np.abs(data["half_noise"] / data["half_noise_expected"] - 1.0) < 0.03).all())
    for name in ("score_samples", "linear_samples"):
        for ending in ("", "_of_dim"):
            law, mean, error = (
                data[f"{name}{kind}{ending}"] for kind in ("", "_simulated", "_stderr")
            )
            assert bool((np.abs(mean - law) < 4.0 * error).all())
            assert bool((error < 0.1 * law).all())


def test_collapse_noise_is_the_closed_form(smoke):
    """Isotropic Gaussian: σ_c² = 1/(n^{2/d} − 1) (arXiv:2402.18491)."""
    expected = 1.0 / np.sqrt(np.expm1(2.0 * smoke["rate"].values))
    np.testing.assert_allclose(smoke["collapse_noise"], expected, rtol=1e-10)
    d, s = smoke["dim"].values, empirical_score.SIGMA
    np.testing.assert_allclose(
        smoke["samples_to_generalise_of_dim"], (1.0 + 1.0 / s**2) ** (0.5 * d), rtol=1e-10
    )


def test_linear_samples_are_proportional_to_the_dimension_and_scores_exponential(smoke):
    d = smoke["dim"].values
    linear, scores = smoke["linear_samples_of_dim"].values, smoke["score_samples_of_dim"].values
    np.testing.assert_allclose(linear / d, linear[0] / d[0], rtol=1e-9)
    rates = np.diff(np.log(scores)) / np.diff(d)
    assert rates.min() > 0.25
    assert np.ptp(rates) < 0.1


def test_crossing_of_a_straight_line_and_beyond_its_ends():
    x = np.array([1.0, 2.0, 3.0])
    error = np.array([0.1, 0.2, 0.1])
    assert crossing(x, 0.3 * x, error) == pytest.approx((5.0 / 3.0, 0.2 / 0.3))
    assert crossing(x, 0.1 * x, error)[0] == pytest.approx(5.0)
    assert crossing(x, 1.0 - 0.1 * x, error)[0] == pytest.approx(5.0)


@pytest.mark.parametrize("true", [1.0, 1.4, 7.3, 400.0])
def test_half_samples_of_a_known_curve(true):
    def curve(n):
        assert np.all(n == np.round(n))
        assert n[0] < n[1]
        return 0.5 + 0.2 * np.log(n / true), 0.02 * np.ones_like(n)

    assert half_samples(curve, true) == pytest.approx((true, 0.1 * true))


def test_drawing_shows_the_data(smoke):
    figure = empirical_score.draw(smoke)
    phases, weights, samples = figure.axes
    assert r"$\log n/d$" in phases.get_xlabel()
    assert r"$\sigma$" in phases.get_ylabel()
    np.testing.assert_array_equal(phases.lines[0].get_ydata(), smoke["collapse_noise"])
    assert "own" in weights.get_ylabel()
    assert samples.get_xlabel() == "dimension $d$"
    assert len(figure.legends) == 1
