"""Figure 1: the shipped points lie on the lines, within what the caption says."""

import numpy as np
import pytest

from convergen.figures.looks.style import look_of
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import order_parameters
from convergen.theory.linear import closed_forms as closed_form
from tests.figures.drawn import bars_through, labels, through

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data():
    return load_record(shipped("order-parameters"), "order-parameters")


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(order_parameters.NAME)


@pytest.mark.parametrize("name", ["convergence", "memorisation", "latent_recovery"])
def test_points_lie_within_four_standard_errors_and_the_finite_size_limit(data, name):
    mean, stderr, line = (data[f"{name}{kind}"] for kind in ("", "_stderr", "_line"))
    allowed = 4.0 * stderr + 1.0 / data["dim"]
    if name == "latent_recovery":
        # Rounded transition: not compared below γ = 1.5/θ², as the caption says.
        above = data["sample_load"] * data["spike"] ** 2 >= 1.5
        mean = mean.where(above)
        allowed = 4.0 * stderr
    shown = np.isfinite(mean)
    count = {"convergence": 60, "memorisation": 15, "latent_recovery": 22}[name]
    assert int(shown.sum()) >= count
    assert bool((np.abs(mean - line) <= allowed).where(shown, True).all())


def test_lines_of_the_points_are_the_closed_forms(data):
    load = data["sample_load"].values
    q = closed_form.convergence_isotropic().compiled()(load)
    np.testing.assert_allclose(data["convergence_line"], q, rtol=1e-12)
    spike = data["spike"].values[None, 1:, None]
    at = data["sample_load"].transpose("dim", "spike", "point").values[:, 1:]
    line = data["latent_recovery_line"].transpose("dim", "spike", "point").values[:, 1:]
    square = at * spike**2
    expected = np.where(square > 1.0, (1.0 - 1.0 / square) / (1.0 + 1.0 / (at * spike)), 0.0)
    np.testing.assert_allclose(line, expected, rtol=1e-12)


def test_decay_with_dimension(data):
    d = data["decay_dim"].values
    for name, power in (("convergence", -1.0), ("latent_recovery", -1.0 / 3.0)):
        decay, stderr = data[f"{name}_decay"].values, data[f"{name}_decay_stderr"].values
        slope, covariance = np.polyfit(
            np.log(d), np.log(decay), 1, w=decay / stderr, cov="unscaled"
        )
        # The exponent itself has corrections of relative order d^(-1/3).
        assert abs(slope[0] - power) < 4.0 * np.sqrt(covariance[0, 0]) + 0.05


def test_smoke_simulation_agrees_with_its_lines(smoke):
    difference = np.abs(smoke["convergence"] - smoke["convergence_line"])
    assert bool((difference < 4.0 * smoke["convergence_stderr"] + 2.0 / smoke["dim"]).all())


def test_drawing_shows_the_data(smoke):
    left, middle, right = order_parameters.draw(smoke).axes[:3]
    lines = {line.get_label(): line for line in right.lines}
    np.testing.assert_array_equal(
        lines[r"$\theta$ = 4"].get_ydata(), smoke["latent_recovery_limit"].sel(strength=4.0)
    )
    for axes, word in ((left, "memorisation"), (middle, "convergence"), (right, "recovery")):
        assert word in axes.get_ylabel()
        assert r"$\gamma" in axes.get_xlabel()
    (inset,) = middle.child_axes
    assert "dimension" in inset.get_xlabel()
    drawn = [c for c in middle.containers if c.lines[0].get_xdata().size]
    assert len(drawn) == smoke.sizes["dim"] * smoke.sizes["spike"]


@pytest.fixture(scope="module")
def panels(data):
    return order_parameters.draw(data).axes[:3]


def test_memorisation_and_fresh_data_have_a_line_for_each_dimension(data, panels):
    left = panels[0]
    for dim in data["dim"].values:
        one = data.sel(dim=dim)
        (law,) = through(left, one["memorisation_law"])
        (fresh,) = through(left, one["memorisation_baseline_law"])
        assert law.get_color() == fresh.get_color()
        assert fresh.get_linestyle() == look_of("memorisation_baseline").line
        assert 0.0 < fresh.get_linewidth() < law.get_linewidth() < 2.0
        flat = one.sel(spike=0.0)
        points, sizes = bars_through(left, flat["memorisation"])
        np.testing.assert_allclose(sizes, 4.0 * flat["memorisation_stderr"])
        np.testing.assert_array_equal(points.get_xdata(), flat["sample_load"])
        assert points.get_color() == law.get_color()
    assert labels(left) == [*(f"$d$ = {dim}" for dim in data["dim"].values), "against fresh data"]
    assert left.get_ylim() == (0.0, 1.0)


def test_convergence_of_spiked_data_is_filled(data, panels):
    middle = panels[1]
    (limit,) = through(middle, data["convergence_limit"])
    assert limit.get_color() == look_of("convergence").colour
    for dim in data["dim"].values:
        for spike in data["spike"].values:
            one = data.sel(dim=dim, spike=spike)
            points, sizes = bars_through(middle, one["convergence"])
            np.testing.assert_allclose(sizes, 4.0 * one["convergence_stderr"])
            assert (points.get_markerfacecolor() == "white") == (spike == 0.0)
            assert 2.0 < points.get_markersize() < 4.0
    assert middle.get_ylim() == (0.0, 1.02)


def test_the_inset_shows_how_errors_fall_with_dimension(data, panels):
    (inset,) = panels[1].child_axes
    d = data["decay_dim"].values
    for name, power in (("convergence", 1.0), ("latent_recovery", 1.0 / 3.0)):
        decay = data[f"{name}_decay"]
        points, sizes = bars_through(inset, decay)
        np.testing.assert_allclose(sizes, 4.0 * data[f"{name}_decay_stderr"])
        guide = float(decay[0]) * (d[0] / d) ** power
        (line,) = [each for each in inset.lines if np.allclose(each.get_ydata(), guide, rtol=1e-12)]
        assert line.get_linestyle() == ":"
        np.testing.assert_array_equal(points.get_xdata(), d)
    assert inset.get_xscale() == inset.get_yscale() == "log"
    assert inset.get_xlim() == pytest.approx((0.7 * d[0], 1.4 * d[-1]))
    assert [tick.get_text() for tick in inset.get_xticklabels()] == [f"{x:g}" for x in d[::2]]
    assert [text.get_text() for text in inset.texts] == [
        "$q$, $d^{-1}$", r"$Q$ at $\theta$ = 1, $d^{-1/3}$",
    ]  # fmt: skip


def test_recovery_has_a_line_for_each_strength_and_points_for_each_dimension(data, panels):
    right = panels[2]
    for strength in data["strength"].values:
        (line,) = through(right, data["latent_recovery_limit"].sel(strength=strength))
        assert line.get_label() == rf"$\theta$ = {strength:g}"
        markers = set()
        for dim in data["dim"].values:
            one = data.sel(dim=dim, spike=strength)
            points, sizes = bars_through(right, one["latent_recovery"])
            np.testing.assert_allclose(sizes, 4.0 * one["latent_recovery_stderr"])
            assert points.get_color() == points.get_markerfacecolor() == line.get_color()
            markers.add(points.get_marker())
        assert len(markers) == data.sizes["dim"]
    assert right.get_ylim() == (-0.02, 1.02)
    assert {axes.get_xscale() for axes in panels} == {"log"}


def test_systems_have_loads_of_their_own_within_one_range():
    dims, points = (20, 40, 80), 4
    loads = [
        order_parameters._loads(dims, i, j, points)
        for i in range(3) for j in range(len(order_parameters.SPIKES))
    ]  # fmt: skip
    assert {len(each) for each in loads} == {points}
    every = np.sort(np.concatenate(loads))
    low, high = order_parameters._RANGE
    np.testing.assert_allclose(every, np.geomspace(low, high, every.size))
