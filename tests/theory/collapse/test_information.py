import numpy as np
import pytest

from convergen import theory
from convergen.theory.collapse.data_laws import DataLaw, GaussianLaw, MixtureLaw, as_law
from convergen.theory.collapse.information import information, information_density
from convergen.theory.data.sets.digits import load_digits
from tests.options import in_order, unsaid

SPECTRUM = theory.Spectrum.power_law(30, 1.0)


def one_component(spectrum):
    return theory.GaussianMixture([1.0], np.zeros((1, spectrum.dim)), spectrum.eigenvalues[None])


def test_gaussian_closed_form_against_monte_carlo_of_the_density():
    sigma = np.array([0.1, 0.5, 2.0])
    exact = information(SPECTRUM, sigma)
    drawn = information_density(SPECTRUM, sigma, draws=20_000)
    z = (drawn.mean(axis=1) - exact.value) / (exact.spread / np.sqrt(drawn.shape[1]))
    assert np.all(np.abs(z) < 4.0)
    # A variance estimate has relative error sqrt((kurtosis + 2)/draws), about 1 % here.
    np.testing.assert_allclose(drawn.std(axis=1), exact.spread, rtol=0.05)
    np.testing.assert_allclose(
        exact.value, [0.5 * np.log1p(SPECTRUM.eigenvalues / s**2).sum() for s in sigma], rtol=1e-13
    )


def test_a_mixture_of_one_component_is_gaussian():
    sigma = [0.2, 1.0]
    exact = information(SPECTRUM, sigma)
    mixture = information(one_component(SPECTRUM), sigma, draws=4000)
    assert np.all(np.abs(mixture.value - exact.value) < 4.0 * mixture.stderr)


def test_separated_components_add_their_entropy():
    means = np.array([[-50.0], [50.0], [150.0]])
    mixture = theory.GaussianMixture([0.5, 0.25, 0.25], means, [1.0, 1.0, 1.0])
    found = information(mixture, 1.0, draws=20_000)
    labels = -(0.5 * np.log(0.5) + 0.5 * np.log(0.25))
    assert abs(float(found.value) - (0.5 * np.log(2.0) + labels)) < 4.0 * float(found.stderr)


def test_data_estimate_of_a_gaussian():
    data = GaussianLaw(SPECTRUM).draw(8000, np.random.default_rng(0))
    sigma = [0.6, 1.5]
    exact, found = information(SPECTRUM, sigma), information(data, sigma, draws=3000)
    assert found.reliable.all()
    # A finite sample overestimates I, the more the closer I comes to log N.
    assert np.all(found.value - exact.value < 0.15)
    assert np.all(found.value - exact.value > -4.0 * found.stderr)


def test_data_say_where_they_cannot_tell():
    found = information(load_digits(), [0.5, 15.0], draws=200)
    assert list(found.reliable) == [False, True]


def test_laws_are_recognised():
    assert isinstance(as_law(SPECTRUM), GaussianLaw)
    assert isinstance(as_law(one_component(SPECTRUM)), MixtureLaw)
    law = as_law(np.random.default_rng(0).standard_normal((10, 2, 3)))
    assert isinstance(law, DataLaw)
    assert law.dim == 6
    assert as_law(law) is law


def test_data_law_draws_without_repetition_and_from_the_other_half():
    data = np.random.default_rng(0).standard_normal((40, 3))
    law = DataLaw(data)
    drawn = law.draw(20, np.random.default_rng(1))
    assert len(np.unique(drawn, axis=0)) == 20
    # At tiny noise the density at the own half's points is zero: the halves are disjoint.
    assert np.all(law.log_density(drawn, 1e-4) < -1e3)


@pytest.mark.parametrize(
    ("law", "sigma", "message"),
    [
        (SPECTRUM, 0.0, "positive"),
        (SPECTRUM, [1.0, np.nan], "NaN"),
        (np.ones((3, 2)), 1.0, "at least 4 rows"),
        (np.array([["a", "b"]] * 5), 1.0, "real numbers"),
    ],
)
def test_bad_input(law, sigma, message):
    with pytest.raises(theory.InputError, match=message):
        information(law, sigma)


def test_what_is_done_where_nothing_is_said():
    for function in (information, information_density):
        assert unsaid(function) == {"draws": 2048, "seed": 0}
        assert in_order(function) == ["law", "sigma"]
