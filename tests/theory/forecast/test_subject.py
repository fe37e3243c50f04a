import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.forecast.predict import predict
from convergen.theory.forecast.subject import Subject
from convergen.theory.pilot.population import estimate_population
from convergen.theory.sources.points import Points
from convergen.theory.sources.source import Source, data_source
from convergen.theory.spectra.spectrum import Spectrum

N = np.array([5.0, 40.0])
NAMES = ["convergence", "thresholds"]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    return rng.standard_normal((80, 5)) * [5.0, 3.0, 1.0, 1.0, 1.0] * rng.gamma(2.0, 0.5, (80, 1))


def test_a_known_law_is_predicted_as_it_is():
    law = Spectrum.spiked(12, [7.0])
    subject = Subject.of(Source("law", lambda: law), seed=3)
    request = subject.request(N, factors=2, ridge=0.1, levels=(0.8,), seed=3)
    found, answer = subject.forecast(request, NAMES)
    wanted = predict(law, N, factors=2, ridge=0.1, levels=(0.8,), seed=3, quantities=NAMES)
    assert answer is None
    assert subject.spectrum is law
    for key in wanted.data_vars:
        np.testing.assert_array_equal(found[key], wanted[key])


def test_what_is_asked_unless_it_is_said(rows):
    request = Subject.of(Source("law", lambda: Spectrum.isotropic(12))).request(N)
    assert (request.factors, request.ridge, request.seed) == (3, 0.0, 0)
    assert request.levels == (0.5, 0.9, 0.99)
    assert Subject.of(data_source("mine", lambda: Points("mine", rows, (5,)))).pilot.seed == 0


def test_points_are_a_sample_with_intervals(rows):
    subject = Subject.of(data_source("mine", lambda: Points("mine", rows, (5,))), seed=2)
    pilot = estimate_population(rows, seed=2)
    request = subject.request(N, factors=4)
    assert request.factors == max(1, min(4, len(pilot.factors.eigenvalues)))
    found, answer = subject.forecast(request, NAMES)
    wanted = predict(pilot, N, factors=request.factors, quantities=NAMES)
    assert answer.points == 80
    for key in ("convergence", "convergence_low", "convergence_samples"):
        np.testing.assert_array_equal(found[key], wanted[key])


def test_the_gaussian_memorisation_may_be_left_out(rows):
    subject = Subject.of(data_source("mine", lambda: Points("mine", rows, (5,))))
    names = [*NAMES, "memorisation"]
    for ridge in (0.0, 0.1):
        request = subject.request(N, ridge=ridge)
        whole, _ = subject.forecast(request, names)
        found, _ = subject.forecast(request, names, gaussian=False)
        left = whole.variables.keys() - found.variables.keys()
        assert left == ({"memorisation_gaussian"} if ridge == 0.0 else set())
        for key in found.variables:
            np.testing.assert_array_equal(found[key], whole[key])


def test_points_may_be_all_there_is(rows):
    subject = Subject.of(data_source("mine", lambda: Points("mine", rows, (5,))), population=True)
    found, answer = subject.forecast(subject.request(N), NAMES)
    assert answer is None
    assert subject.pilot is None
    gaussian = predict(Spectrum.from_data(rows), N, quantities=NAMES)["convergence"]
    np.testing.assert_array_equal(found["convergence_gaussian"], gaussian)
    assert np.all(found["convergence"] < gaussian)
    assert "convergence_low" not in found


def test_a_known_law_has_no_points_that_could_be_all():
    law = Source("law", lambda: Spectrum.isotropic(3))
    with pytest.raises(InputError, match="--population does not apply to 'law', whose law is"):
        Subject.of(law, population=True)
