"""From how many samples on two scores agree to a half: a root, wherever the search starts."""

import numpy as np
import pytest

from convergen.theory.collapse import agreement_threshold as module
from convergen.theory.collapse.agreement import predict_agreement
from convergen.theory.collapse.agreement_threshold import agreement_threshold
from convergen.theory.collapse.collapse_noise import samples_to_generalise
from convergen.theory.collapse.data_laws import GaussianLaw, as_law
from convergen.theory.collapse.information import information
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import in_order, unsaid
from tests.theory.collapse.laws import four_components


def test_threshold_is_a_root():
    spectrum, sigma = Spectrum.isotropic(12), np.array([0.6, 1.5])
    found = agreement_threshold(spectrum, sigma, draws=32)
    value = predict_agreement(spectrum, found.samples, sigma, draws=32).value
    np.testing.assert_allclose(value, 0.5, atol=1e-3)
    np.testing.assert_allclose(found.to_generalise, samples_to_generalise(spectrum, sigma))
    np.testing.assert_allclose(np.log(found.to_generalise), information(spectrum, sigma).value)


def test_threshold_does_not_depend_on_where_the_search_starts():
    law, levels = four_components(8), [2.5, 0.5]
    down = agreement_threshold(law, levels, draws=8).samples
    up = agreement_threshold(law, levels[::-1], draws=8).samples[::-1]
    alone = [agreement_threshold(law, level, draws=8).samples for level in levels]
    np.testing.assert_allclose(np.log(down), np.log(alone), atol=0.01)
    np.testing.assert_allclose(np.log(up), np.log(alone), atol=0.01)


def test_threshold_is_found_up_to_what_a_data_set_resolves():
    data = np.random.default_rng(0).standard_normal((3000, 20))
    value = float(agreement_threshold(data, 0.8, draws=40).samples)
    assert 300.0 < value < 740.0  # a quarter of the 2960 reference points is the limit
    gaussian = float(agreement_threshold(Spectrum.isotropic(20), 0.8, draws=64).samples)
    assert np.log(value) == pytest.approx(np.log(gaussian), rel=0.1)


def test_threshold_out_of_reach():
    assert agreement_threshold(Spectrum.isotropic(4000), 0.5, draws=4).samples == np.inf
    data = np.random.default_rng(0).standard_normal((40, 30))
    assert np.isnan(agreement_threshold(data, 0.5).samples)


@pytest.mark.parametrize("root", [0.7, 12.0, 300.0])
@pytest.mark.parametrize("near", [0.0, 0.6, 12.0, 90.0, 600.0])
def test_a_half_is_found_from_far_below_and_far_above(monkeypatch, root, near):
    """With an agreement that is written down, which rises from 0 to 1 around the root."""

    def moments(law, n, sigma, draws, seed, weights):
        return np.array([[1.0 / (1.0 + np.exp(root - np.log(n))), 1.0]] * 2)

    monkeypatch.setattr(module, "moments", moments)
    known = GaussianLaw(Spectrum.isotropic(2))
    assert module._half(known, 1.0, 8, 0, near) == pytest.approx(root, rel=2e-3)
    # Of 400 points 98 stand for the law, a quarter of them at most are a training set.
    few = as_law(np.random.default_rng(0).standard_normal((400, 2)))
    found = module._half(few, 1.0, 8, 0, near)
    assert np.isnan(found) if root > np.log(98) else found == pytest.approx(root, rel=2e-3)


def test_what_never_agrees_is_infinite(monkeypatch):
    monkeypatch.setattr(module, "moments", lambda *given, weights: np.array([[0.4, 1.0]] * 2))
    assert module._half(GaussianLaw(Spectrum.isotropic(2)), 1.0, 8, 0, 1.0) == np.inf


@pytest.mark.parametrize(
    ("root", "near", "first"),
    [
        (300.0, 12.0, [12.0, 15.5, 19.875, 25.34375]),
        (12.0, 90.0, [90.0, 71.5, 56.7, 44.86]),
        (0.05, 0.6, [0.6, 0.0]),
        (1e9, 500.0, [500.0, 625.5, 690.0]),
    ],
)
def test_steps_of_the_search_grow_with_log_n_between_one_and_the_largest(
    monkeypatch, root, near, first
):
    looks = []

    def moments(law, n, sigma, draws, seed, weights):
        looks.append(np.log(n))
        return np.array([[float(np.log(n) >= root), 1.0]] * 2)

    monkeypatch.setattr(module, "moments", moments)
    module._half(GaussianLaw(Spectrum.isotropic(2)), 1.0, 8, 0, near)
    np.testing.assert_allclose(looks[: len(first)], first, rtol=1e-12, atol=1e-12)


def test_each_search_starts_at_what_was_found_last(monkeypatch):
    nears, found = [], iter([5.0, np.inf, np.nan, 2.0])

    def half(law, sigma, draws, seed, near):
        nears.append(near)
        return next(found)

    monkeypatch.setattr(module, "_half", half)
    samples = agreement_threshold(Spectrum.isotropic(2), [[1.0, 2.0], [3.0, 4.0]]).samples
    assert nears == [3.0, 5.0, 5.0, 5.0]
    np.testing.assert_allclose(samples, np.exp([[5.0, np.inf], [np.nan, 2.0]]))


def test_a_search_that_starts_at_its_end_ends_there(monkeypatch):
    monkeypatch.setattr(module, "moments", lambda *given, weights: np.array([[0.5, 1.0]] * 2))
    assert module._half(GaussianLaw(Spectrum.isotropic(2)), 1.0, 8, 0, 4.0) == 4.0


def test_what_is_done_where_nothing_is_said():
    assert unsaid(agreement_threshold) == {"draws": 128, "seed": 0}
    assert in_order(agreement_threshold) == ["law", "sigma"]
