import numpy as np
import pytest

from convergen.figures.explorer.answers.curves import at, moving, settled, thinned
from convergen.theory.forecast.subject import Subject
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.spectra.spectrum import Spectrum

SIZES = np.array([2.0, 5.0, 11.0, 30.0, 64.0, 100.0, 300.0, 2000.0])


def known(spectrum):
    return Subject(Source("law", lambda: spectrum))


def data(rng):
    rows = rng.standard_normal((60, 6)) * np.sqrt([9.0, 4.0, 1.0, 1.0, 1.0, 0.5])
    rows *= rng.gamma(2.0, 0.5, (60, 1))  # amplitudes differ
    return data_source("mine", lambda: Points("mine", rows, (6,)))


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_what_moves_is_what_settles_within_its_noise(ridge):
    subject = known(Spectrum.spiked(50, [9.0, 4.0]))
    request = subject.request(SIZES, ridge=ridge)
    fast, exact = moving(subject, request, 30.0), settled(subject, request)
    assert fast["samples"].tolist() == SIZES.tolist()
    for key in ("convergence", "convergence_to_truth", "kullback_leibler", "bures_wasserstein",
                "recovery_threshold", "latent_recovery"):  # fmt: skip
        np.testing.assert_array_equal(fast[key][..., :2], exact[key][..., :2], err_msg=key)
    found, wanted = fast["convergence_samples"], exact["convergence_samples"]
    np.testing.assert_allclose(found, wanted, rtol=0.25)
    for key in ("memorisation", "memorisation_baseline"):
        np.testing.assert_allclose(fast[key], exact[key], atol=0.04, err_msg=key)
    assert "latent_recovery_finite_size" not in fast


def test_few_sizes_hold_the_one_that_is_read():
    subject = known(Spectrum.power_law(10, 1.0))
    request = subject.request(np.arange(1.0, 41.0))
    found = moving(subject, request, 23.0)["samples"]
    assert found.size == 17
    assert {1.0, 23.0, 40.0} < {*found}


def test_equal_directions_and_very_many_wait_until_all_rests():
    spiked = known(Spectrum.spiked(8, [9.0]))
    found = moving(spiked, spiked.request(SIZES), 5.0)["latent_recovery"]
    assert np.isfinite(found).all(axis=0).tolist() == [True, False, False]
    isotropic = known(Spectrum.isotropic(6))
    assert "latent_recovery" not in moving(isotropic, isotropic.request(SIZES), 5.0)
    large = known(Spectrum.power_law(4097, 1.0))
    found = moving(large, large.request(SIZES), 5.0)
    assert "memorisation" not in found
    assert "convergence" in found


@pytest.mark.parametrize("population", [False, True])
def test_data_move_as_they_settle(population):
    subject = Subject.of(data(np.random.default_rng(3)), population=population)
    request = subject.request(SIZES[:5])
    fast, exact = moving(subject, request, 11.0), settled(subject, request)
    for key in ("convergence", "convergence_to_truth"):
        np.testing.assert_allclose(fast[key], exact[key], rtol=1e-9, err_msg=key)
        # Not those of Gaussian data.
        assert np.abs(exact[key] - exact[f"{key}_gaussian"]).max() > 0.01
    assert "bures_wasserstein" not in fast
    np.testing.assert_allclose(fast["memorisation"], exact["memorisation"], atol=0.05)
    assert ("convergence_low" in exact) == (not population)


def test_thinning_keeps_both_ends():
    values = np.arange(48.0)
    assert thinned(values, 16).size == 16
    assert thinned(values, 16)[[0, -1]].tolist() == [0.0, 47.0]
    assert thinned(values[:3], 16).tolist() == [0.0, 1.0, 2.0]


def test_numbers_between_sizes_are_interpolated_in_log_n():
    result = Labelled()
    result.mark("samples", "samples", [1.0, 10.0, 100.0])
    result.add("convergence", [0.0, 0.5, 0.9])
    result.add("latent_recovery", [[0.0, 1.0], [0.5, 2.0], [0.9, 4.0]])
    assert at(result, "convergence", 10.0) == 0.5
    assert at(result, "convergence", 10.0**1.5) == pytest.approx(0.7)
    np.testing.assert_allclose(at(result, "latent_recovery", 10.0**0.5), [0.25, 1.5])
    assert at(result, "latent_recovery", 100.0).tolist() == [0.9, 4.0]
