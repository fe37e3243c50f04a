"""Figure 8: scores are gradients, trajectories and overlaps lie on the lines."""

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid

from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.exact_scores import mixtures


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(mixtures.NAME)


def test_scores_are_the_gradients_of_the_log_density(smoke):
    step = float(smoke["x"][1] - smoke["x"][0])
    for level in smoke["level"].values[:2]:  # smooth enough for differences on the grid
        one = smoke.sel(level=level)
        gradient = np.stack(np.gradient(one["log_density"].values, step)[::-1], axis=-1)
        inner = (slice(2, -2), slice(2, -2))
        score = one["score"].values
        np.testing.assert_allclose(gradient[inner], score[inner], atol=0.05)


def test_density_integrates_to_one_and_the_flow_follows_it(smoke):
    sharp = smoke.isel(level=-1)
    x, y = smoke["x"].values, smoke["y"].values
    assert trapezoid(trapezoid(np.exp(sharp["log_density"].values), x), y) == pytest.approx(
        1, abs=0.01
    )
    inside = np.abs(sharp["flow"]).max("component") < 4.0
    assert bool(inside.all())


def test_fields_split_below_the_speciation_noise(smoke):
    speciation = float(smoke["field_speciation"])

    def maxima(level):
        table = smoke["log_density"].sel(level=level).values
        core = table[1:-1, 1:-1]
        around = [table[1 + i : table.shape[0] - 1 + i, 1 + j : table.shape[1] - 1 + j]
                  for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]  # fmt: skip
        return int(np.all([core > other for other in around], axis=0).sum())

    high, _, low = smoke["level"].values
    assert low < speciation < high
    assert (maxima(high), maxima(low)) == (1, 3)


def test_component_is_decided_as_predicted(smoke):
    mean, stderr, law = (smoke[f"decided_{kind}"] for kind in ("simulated", "stderr", "expected"))
    assert bool((np.abs(mean - law) < 4.0 * stderr + 0.01).all())
    some = slice(None, None, 20)
    for sigma, value in zip(
        smoke["decided_sigma"].values[some], smoke["decided"].values[some], strict=True
    ):
        s = 64.0 / (1.0 + sigma**2)

        def integrand(z, s=s):
            return np.tanh(s + np.sqrt(s) * z) ** 2 * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)

        assert value == pytest.approx(quad(integrand, -10.0, 10.0, limit=200)[0], abs=1e-6)


def test_training_point_is_decided_as_predicted(smoke):
    mean, law = smoke["committed_simulated"], smoke["committed_expected"]
    error = np.hypot(smoke["committed_stderr"], smoke["committed_expected_stderr"])
    assert bool((np.abs(mean - law) < 4.0 * error + 0.01).all())
    middle = float(smoke["committed_point_sigma"][np.argmin(np.abs(mean.values - 0.5))])
    assert 0.7 < middle / float(smoke["collapse_noise"]) < 1.4
    assert float(smoke["collapse_noise"]) < 0.5 * float(smoke["speciation_noise"])


@pytest.mark.parametrize("name", ["linear_overlap", "bayes_overlap"])
def test_overlaps_lie_on_the_lines_above_the_rounded_transition(smoke, name):
    mean, stderr, law = (smoke[f"{name}_{kind}"] for kind in ("simulated", "stderr", "expected"))
    above = smoke["load"] > 2.0 / mixtures.STRENGTH**2
    assert int(above.sum()) >= 4
    assert bool((np.abs(mean - law) < 4.0 * stderr + 0.01).where(above, True).all())
    below = smoke["load"] < 0.5 / mixtures.STRENGTH**2
    # Two random directions in d = 200 share 1/d.
    assert bool((mean < 0.1).where(below, True).all())


def test_shipped_points_lie_where_the_caption_says():
    data = load_record(shipped("mixtures"), "mixtures")
    above = data["load"] > 2.0 / mixtures.STRENGTH**2
    for name in ("decided", "committed", "linear_overlap", "bayes_overlap"):
        mean, stderr, law = (data[f"{name}_{kind}"] for kind in ("simulated", "stderr", "expected"))
        near = np.abs(mean - law) < np.maximum(4.0 * stderr, 0.01)
        assert bool((near.where(above, True) if name.endswith("overlap") else near).all())
    assert int(above.sum()) >= 5


def test_bayes_sees_more_than_principal_components(smoke):
    above = smoke["dense_load"] > 1.01 / mixtures.STRENGTH**2
    assert bool((smoke["bayes_overlap"] > smoke["linear_overlap"]).where(above, True).all())


def test_drawing_shows_the_data(smoke):
    figure = mixtures.draw(smoke)
    assert len(figure.axes) == 5
    *fields, decisions, means = figure.axes
    assert all(axes.get_aspect() == 1.0 for axes in fields)
    assert r"$\sigma$" in decisions.get_xlabel()
    lines = {line.get_label(): line for line in means.lines}
    np.testing.assert_array_equal(lines["principal component"].get_ydata(), smoke["linear_overlap"])
    assert "overlap" in means.get_ylabel()
