"""Forecasts for elliptical data: photograph patches measured, and what each function replaces."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen import theory
from convergen.theory.forecast import elliptical_models as module
from convergen.theory.forecast.elliptical_models import add_elliptical, add_elliptical_models
from convergen.theory.forecast.predict import Request, forecast
from convergen.theory.linear.elliptical.elliptical_data import elliptical_convergence
from convergen.theory.linear.elliptical.elliptical_denoising import elliptical_denoising_errors
from convergen.theory.pilot.amplitudes import amplitudes_of
from convergen.theory.sources.table import load_source

TAU = np.array([0.25, 0.25, 0.5, 3.0])
POWER = theory.Spectrum.power_law(30, 1.0)


def both(names, **settings):
    request = Request.of(POWER, [5.0, 40.0], sigma=[0.3, 1.0], **settings)
    result = forecast(request, names)
    before = {key: values for key, (_, values, _) in result.variables.items()}
    return request, result, before


def test_laws_are_replaced_where_there_is_one_and_kept_beside():
    request, result, before = both(
        ["convergence", "memorisation", "denoising", "distances", "thresholds"]
    )
    add_elliptical(result, request, TAU)
    replaced = {key for key in before if f"{key}_gaussian" in result}
    assert replaced == {
        "convergence", "convergence_to_truth", "convergence_samples", "memorisation",
        "bures_wasserstein", "test_error", "train_error", "agreement", "renormalised_noise",
    }  # fmt: skip
    for key in replaced:
        np.testing.assert_array_equal(result[f"{key}_gaussian"], before[key])
        assert np.all(result[key] != before[key])
        assert result[key].shape == before[key].shape
    # Of fresh data it is the same law, from other draws.
    errors = {"memorisation_stderr", "memorisation_baseline_stderr"}
    moved = np.abs(result["memorisation_baseline"] - before["memorisation_baseline"])
    assert np.all(
        moved < 4.0 * np.hypot(*(r["memorisation_baseline_stderr"] for r in (result, before)))
    )
    for key in before.keys() - replaced - errors - {"memorisation_baseline"}:
        np.testing.assert_array_equal(result[key], before[key])
    expected = elliptical_convergence(POWER, [5.0, 40.0], TAU)
    np.testing.assert_allclose(result["convergence"], expected)
    needed = result["convergence_samples"]
    found = elliptical_convergence(POWER, needed, TAU)
    np.testing.assert_allclose(found, request.levels, atol=1e-3)
    # E τ² = 2.375 and a little more on the diagonal.
    assert result.attributes["gap_over_gaussian"] == pytest.approx(np.mean(TAU**2), rel=0.01)


def test_subsets_compare_with_the_truth_as_if_they_were_larger():
    request, result, _ = both(["convergence", "denoising", "distances"])
    add_elliptical(result, request, TAU, 100)
    larger = Request.of(POWER, [500.0 / 95.0, 4000.0 / 60.0], sigma=[0.3, 1.0])
    whole = forecast(larger, ["convergence", "denoising", "distances"])
    add_elliptical(whole, larger, TAU)
    for key in ("convergence_to_truth", "bures_wasserstein", "test_error"):
        np.testing.assert_allclose(result[key], whole[key], rtol=1e-12)
    plain = elliptical_convergence(POWER, [5.0, 40.0], TAU)
    np.testing.assert_allclose(result["convergence"], plain, rtol=1e-12)


def test_a_ridge_and_equal_amplitudes_keep_the_gaussian_law():
    request, result, before = both(["convergence", "memorisation"], ridge=0.1)
    add_elliptical(result, request, TAU)
    assert set(result.variables) == set(before)
    request, result, before = both(["convergence", "memorisation"])
    add_elliptical(result, request, np.ones(1))
    for key in ("convergence", "convergence_to_truth", "memorisation"):
        np.testing.assert_allclose(result[key], before[key], rtol=1e-6)


def test_simulated_patches_meet_the_law_of_their_amplitudes_where_the_gaussian_one_fails():
    rows = load_source("patches").data[::4]
    found = theory.simulate(
        rows, [32, 128], repeats=10, sigma=[0.03, 0.1],
        quantities=["convergence", "memorisation", "denoising", "distances"],
    )  # fmt: skip
    # Largest relative distance that finite dimensions and errors of ten pairs leave.
    for key, allowed in (
        ("convergence", 0.12), ("convergence_to_truth", 0.06), ("memorisation", 0.06),
        ("test_error", 0.2), ("train_error", 0.15), ("bures_wasserstein", 0.2),
    ):  # fmt: skip
        law = np.abs(np.log(found[f"{key}_predicted"] / found[key]))
        gaussian = np.abs(np.log(found[f"{key}_gaussian"] / found[key]))
        assert float(law.max()) < allowed, key
        assert float(gaussian.max()) > 1.5 * float(law.max()), key
    assert found.attrs["gap_over_gaussian"] > 3.0


def test_amplitudes_of_points_that_are_all_there_is():
    rng = np.random.default_rng(0)
    values = np.arange(1.0, 41.0) ** -0.5
    tau = rng.choice([0.25, 4.0], 3000, p=[0.8, 0.2])
    data = rng.standard_normal((3000, 40)) * values * np.sqrt(tau)[:, None]
    found = amplitudes_of(data, theory.Spectrum.from_data(data))
    assert found.mean() == pytest.approx(1.0)
    assert np.mean(found**2) == pytest.approx(np.mean(tau**2), rel=0.1)
    plain = rng.standard_normal((3000, 40)) * values
    assert amplitudes_of(plain, theory.Spectrum.from_data(plain)).size == 1


MEMORISED = ("memorisation", "memorisation_stderr", "memorisation_baseline",
             "memorisation_baseline_stderr")  # fmt: skip


def test_models_of_data_whose_amplitudes_are_known(monkeypatch):
    """Alone they are of the samples that were asked for; what has them already keeps its law."""
    asked = []

    def law(spectrum, n, *, seed, amplitudes):
        asked.append((spectrum, n.tolist(), seed, amplitudes))
        names = [name.removeprefix("memorisation_") for name in MEMORISED]
        names[0] = "value"
        return SimpleNamespace(**{name: np.full(2, k + 1.0) for k, name in enumerate(names)})

    def known(**settings):
        request, result, _ = both(["denoising"], **settings)
        for key in MEMORISED:
            result.add(key, np.zeros(2))
        return request, result

    monkeypatch.setattr(module, "memorisation_law", law)
    request, result = known(seed=4)
    add_elliptical_models(result, request, TAU)
    assert asked == [(POWER, [5.0, 40.0], 4, TAU)]
    for k, key in enumerate(MEMORISED):
        np.testing.assert_array_equal(result[key], k + 1.0)
    for i, sigma in enumerate((0.3, 1.0)):
        errors = elliptical_denoising_errors(POWER, np.array([5.0, 40.0]), sigma, TAU)
        for key, part in (("test_error", "test"), ("train_error", "train")):
            np.testing.assert_allclose(result[key][:, i], getattr(errors, part), rtol=1e-12)
    for tau, ridge in ((TAU, 0.1), (np.ones(1), 0.0)):
        request, result = known(ridge=ridge)
        before = set(result.variables)
        add_elliptical_models(result, request, tau)
        assert set(result.variables) == before
    request, result = known()
    add_elliptical_models(result, replace(request, amplitudes=TAU), TAU)
    np.testing.assert_array_equal(result["memorisation"], 0.0)
    assert "test_error_gaussian" in result


def test_the_gap_over_gaussian_is_read_at_a_thousand_points_a_dimension():
    request, result, _ = both(["convergence"])
    add_elliptical(result, request, TAU)
    n = np.array([1000.0 * POWER.dim])
    gaps = [1.0 - elliptical_convergence(POWER, n, TAU), theory.order_parameters(POWER, n).gap]
    expected = pytest.approx((gaps[0] / gaps[1]).item(), rel=1e-10)
    assert result.attributes["gap_over_gaussian"] == expected
    assert result.attributes["amplitude_second_moment"] == np.mean(TAU**2)
    assert result.variables["convergence_gaussian"][2]["long_name"] == (
        "convergence, for Gaussian data of the same covariance"
    )
