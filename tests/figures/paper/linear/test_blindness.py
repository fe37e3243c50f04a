"""Figure 2: predictions meet simulation, and the claims of the caption hold in its data."""

import numpy as np
import pytest

from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import blindness

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return load_record(shipped("blindness"), "blindness")


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(blindness.NAME)


@pytest.mark.parametrize(
    ("name", "slack"),
    [
        # Limits of the theory as its own documentation states them.
        ("convergence", 1.0 / 300.0),
        ("latent_recovery", 0.03),
        ("bures_wasserstein", 0.01),
        ("max_sliced_wasserstein", 0.06),
    ],
)
def test_points_lie_on_the_lines(data, name, slack):
    mean, stderr, line = (data[f"{name}{kind}"].values for kind in ("", "_stderr", "_predicted"))
    relative = line if "wasserstein" in name else 1.0
    assert np.all(np.abs(mean - line) <= 4.0 * stderr + slack * relative)


def test_convergence_does_not_see_factors_but_they_are_learnt_one_by_one(data):
    spiked, flat = data["convergence_line"], data["convergence_line_isotropic"]
    # A few factors of d = 300 change q at order 1/d.
    assert float(np.abs(spiked - flat).max()) < 10.0 / 300.0
    thresholds = data["recovery_threshold"].values
    strengths = data["strength"].values
    # The other factors shift the threshold of a weak one by a few parts in a hundred.
    np.testing.assert_allclose(thresholds, 1.0 / strengths**2, rtol=0.15)
    q = np.interp(np.log(thresholds), np.log(data["load"].values), spiked.values)
    assert q[0] < 0.03
    assert q[-1] == pytest.approx(0.96, abs=0.005)


def test_only_the_max_sliced_distance_misses_the_factors(data):
    assert float(data["bures_wasserstein_without_factors"]) < 0.03
    assert float(data["max_sliced_wasserstein_without_factors"]) > 0.5
    load, distance = data["load"].values, data["max_sliced_wasserstein_line"].values
    slope = np.polyfit(np.log(load), np.log(distance), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.02)


def test_distances_without_factors_against_the_definition(data):
    # Both models are diagonal: W₂² = Σ (√λ − 1)², and the worst direction is the leading one.
    lam = np.append(1.0 + data["strength"].values, np.ones(data.attrs["dimension"] - 4))
    gaps = np.sqrt(lam) - 1.0
    found = float(data["bures_wasserstein_without_factors"])
    assert found == pytest.approx(np.sum(gaps**2) / lam.sum())
    found = float(data["max_sliced_wasserstein_without_factors"])
    assert found == pytest.approx(gaps[0] / np.sqrt(lam[0]))


def test_smoke_draws_every_curve_and_point(smoke):
    top, left, right = blindness.draw(smoke).axes[:3]
    labels = [line.get_label() for line in top.lines]
    assert sum("recovery $Q_" in label for label in labels) == len(blindness.STRENGTHS)
    assert len(top.containers) == len(blindness.STRENGTHS) + 1
    np.testing.assert_array_equal(
        top.containers[-1].lines[0].get_ydata(), smoke["convergence"].values
    )
    for axes in (left, right):
        assert len(axes.containers) == 1
        assert axes.get_yscale() == "log"
    assert "Wasserstein" in left.get_ylabel()
