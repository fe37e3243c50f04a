"""Collapse of the empirical score in one data set, against the functions that it is made of."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory.collapse.information import information
from convergen.theory.forecast import predict_collapse as module
from convergen.theory.forecast.predict_collapse import forecast_collapse, predict_collapse
from convergen.theory.sources.table import load_source

SPECTRUM, N, SIGMA = theory.Spectrum.spiked(12, [9.0, 4.0]), [10.0, 300.0], [0.5, 2.0]


@pytest.fixture(scope="module")
def found():
    return predict_collapse(SPECTRUM, SPECTRUM, N, SIGMA, seed=3)


def test_each_number_is_that_of_its_function(found):
    np.testing.assert_array_equal(found["samples"], N)
    np.testing.assert_array_equal(found["sigma"], SIGMA)
    np.testing.assert_allclose(found["collapse_noise"], theory.collapse_noise(SPECTRUM, N))
    # I(σ) of a Gaussian is ½ Σ log(1 + λ/σ²), and as many samples as its exponential are needed.
    lam = np.r_[9.0, 4.0, np.ones(10)]
    exact = [0.5 * np.sum(np.log1p(lam / s**2)) for s in SIGMA]
    np.testing.assert_allclose(found["information"], exact, rtol=1e-9)
    np.testing.assert_allclose(found["samples_to_generalise"], np.exp(exact), rtol=1e-8)
    np.testing.assert_allclose(found["gaussian_samples"], np.exp(exact), rtol=1e-8)
    for n, s in zip(found["linear_samples"].values, SIGMA, strict=True):
        agreement = theory.denoising_errors(SPECTRUM, n, s).agreement
        assert float(agreement) == pytest.approx(0.5, rel=1e-6)
    assert "agreement_samples" not in found
    assert (found.attrs["seed"], found.attrs["draws"]) == (3, 1024)


def test_a_gaussian_of_equal_covariance_needs_more_samples():
    law = load_source("mixture", dim=6, signal=30.0).mixture
    spectrum = theory.Spectrum.from_eigenvalues([31.0, 1.0], [1, 5])
    found = predict_collapse(law, spectrum, [5.0], [0.7], draws=256, seed=1)
    value = information(law, np.array([0.7]), draws=256, seed=1)
    np.testing.assert_array_equal(found["information"], value.value)
    np.testing.assert_array_equal(found["information_stderr"], value.stderr)
    assert found["information_stderr"] > 0.0
    assert found["gaussian_samples"] > found["samples_to_generalise"]


def test_what_a_data_set_does_not_resolve_is_not_a_number():
    data = np.random.default_rng(0).standard_normal((30, 12))
    spectrum = theory.Spectrum.from_data(data)
    found = predict_collapse(data, spectrum, [4.0], [0.01, 5.0], draws=128)
    assert (found.attrs["seed"], found.attrs["draws"]) == (0, 128)
    assert np.isnan(found["information"].values).tolist() == [True, False]
    assert np.isnan(found["samples_to_generalise"].values).tolist() == [True, False]
    assert np.isfinite(found["gaussian_samples"].values).all()


def test_agreement_is_found_if_it_is_asked_for(monkeypatch):
    asked = []

    class Answer:
        samples = np.array([7.0, 8.0])

    def threshold(law, sigma, seed):
        asked.append((sigma.tolist(), seed))
        return Answer

    monkeypatch.setattr(module, "agreement_threshold", threshold)
    found = forecast_collapse(SPECTRUM, SPECTRUM, N, SIGMA, seed=5, agreement=True).dataset()
    np.testing.assert_array_equal(found["agreement_samples"], [7.0, 8.0])
    assert asked == [(SIGMA, 5)]
    plain = forecast_collapse(SPECTRUM, SPECTRUM, N, SIGMA).attributes
    assert len(asked) == 1
    assert (plain["seed"], plain["draws"]) == (0, 1024)
