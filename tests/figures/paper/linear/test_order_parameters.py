"""Figure 1: the shipped points lie on the lines, within what the caption says."""

import numpy as np
import pytest

from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import order_parameters
from convergen.theory.linear import closed_forms as closed_form


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
