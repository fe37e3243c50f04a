"""Figure 3: simulation on the lines, the k² law, and how many samples convergence needs."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.making.data_files import load_record, shipped
from convergen.figures.paper.linear import power_laws


@pytest.fixture(scope="module")
def data():
    return load_record(shipped("power-laws"), "power-laws")


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(power_laws.NAME)


def _line_at_points(data, name):
    """Lines at the points' n, linear in log n between the nodes of the line."""
    line = data[name].assign_coords(samples=np.log(data["samples"]))
    return line.interp(samples=np.log(data["point"])).drop_vars("samples")


@pytest.mark.parametrize(("name", "slack"), [("convergence", 0.01), ("latent_recovery", 0.04)])
def test_points_lie_on_the_lines(data, name, slack):
    # Slack: q as stated for d = 300, Q_k 0.03 of the finite-size law, and the interpolation.
    line = _line_at_points(data, f"{name}_line").transpose(*data[name].dims)
    excess = np.abs(data[name].values - line.values) - 4.0 * data[f"{name}_stderr"].values
    assert excess.max() <= slack


def test_thresholds_follow_their_square_law(data):
    ratio = (data["threshold"] / data["threshold_law"]).where(data["rank"] >= 10, drop=True)
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)


def test_thresholds_of_the_ticks_are_those_of_the_lower_panel(data):
    for alpha in data["exponent"].values:
        part = data.sel(exponent=alpha)
        lam = np.arange(1.0, 301.0) ** -alpha
        for k in data["factor"].values:
            others = np.delete(lam, k - 1)
            expected = np.sum((others / (lam[k - 1] - others)) ** 2)
            assert float(part["factor_threshold"].sel(factor=k)) == pytest.approx(expected)


def test_measured_samples_for_convergence(data):
    line = data["level_samples_line"]
    for alpha in data["exponent"].values:
        part = data.sel(exponent=alpha)
        at = np.interp(
            np.log(data["measured_dimension"].values),
            np.log(data["dimension"].values),
            np.log(line.sel(exponent=alpha).values),
        )
        log_error = part["level_samples_stderr"].values / part["level_samples"].values
        difference = np.abs(np.log(part["level_samples"].values) - at)
        # The bias −0.2/d of q moves n by up to 2/d of itself; interpolations cost 2 % more.
        assert np.all(
            difference <= 4.0 * log_error + 2.0 / data["measured_dimension"].values + 0.02
        )


def test_samples_for_convergence_saturate_for_steep_spectra_only(data):
    last = data["level_samples_line"].isel(dimension=[-9, -1])
    growth = np.log(last[:, 1] / last[:, 0]) / np.log(last["dimension"][1] / last["dimension"][0])
    by_exponent = dict(zip(data["exponent"].values, growth.values, strict=True))
    assert by_exponent[0.5] == pytest.approx(1.0, abs=0.01)
    assert 0.8 < by_exponent[1.0] < 1.0
    assert by_exponent[1.5] < 0.1
    assert by_exponent[2.0] < 0.01


def test_smoke_draws_every_panel(smoke):
    figure = power_laws.draw(smoke)
    assert len(figure.axes) == 6
    for axes in figure.axes[:4]:
        assert len(axes.containers) == 1 + len(power_laws.FACTORS)
        assert axes.get_xlabel() == "samples $n$"
    np.testing.assert_array_equal(
        figure.axes[0].containers[0].lines[0].get_ydata(), smoke["convergence"].sel(exponent=0.5)
    )
    assert len(figure.axes[5].containers) == len(power_laws.EXPONENTS)


def test_measured_samples_lie_on_a_power_of_n_with_the_error_of_both_ends(monkeypatch):
    """The error by differences: each end moved by its own, both at random signs."""
    spectrum = theory.Spectrum.power_law(50, 1.0)
    middle = float(theory.samples_for(spectrum, convergence=0.9))
    spread, asked = np.array([0.004, 0.001]), []

    def measured(moved):
        def simulate(law, n, **options):
            asked.append((law, *n, options))
            q = 1.0 - 0.11 * (n / middle) ** -0.8 + moved
            return {"convergence": Numbers(q), "convergence_stderr": Numbers(spread)}

        monkeypatch.setattr(theory, "simulate", simulate)
        return power_laws._measured_samples(spectrum, 7, 3)

    class Numbers:
        def __init__(self, values):
            self.values = values

    value, error = measured(np.zeros(2))
    assert value == pytest.approx(middle * 1.1 ** (1.0 / 0.8))
    step = 1e-4
    moves = [
        (measured(step * unit)[0] - measured(-step * unit)[0]) / (2.0 * step) for unit in np.eye(2)
    ]
    assert error == pytest.approx(float(np.hypot(*(moves * spread))), rel=1e-3)
    law, low, high, options = asked[0]
    assert law is spectrum
    assert (low, high) == (round(0.7 * middle), round(1.4 * middle))
    assert options == {"factors": 1, "quantities": ("convergence",), "repeats": 7, "seed": 3}
