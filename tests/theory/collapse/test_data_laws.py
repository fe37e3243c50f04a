import numpy as np
import pytest
from scipy.stats import multivariate_normal

from convergen.theory.collapse.data_laws import DataLaw, GaussianLaw, MixtureLaw, as_law
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum

SPECTRUM = Spectrum.from_eigenvalues([4.0, 0.5], [1, 2])
MIXTURE = GaussianMixture([0.25, 0.75], [[[3.0, 0.0]], [[0.0, -1.0]]], [0.5, 1.0])


def test_a_spectrum_is_a_gaussian_along_the_axes():
    law = as_law(SPECTRUM)
    assert isinstance(law, GaussianLaw)
    assert (law.dim, law.resolution) == (3, np.inf)
    x = np.random.default_rng(0).standard_normal((5, 3))
    density = multivariate_normal(np.zeros(3), np.diag([4.0, 0.5, 0.5]) + 0.49 * np.eye(3))
    np.testing.assert_allclose(law.log_density(x, 0.7), density.logpdf(x))
    drawn = law.draw(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.var(axis=0), [4.0, 0.5, 0.5], rtol=4 * np.sqrt(2 / 20_000))


def test_a_mixture_is_itself_in_flat_points():
    law = as_law(MIXTURE)
    assert isinstance(law, MixtureLaw)
    assert (law.dim, law.resolution) == (2, np.inf)
    x = law.draw(4, np.random.default_rng(0))
    assert x.shape == (4, 2)
    np.testing.assert_allclose(
        law.log_density(x, 0.7), MIXTURE.log_density(x.reshape(4, 1, 2), 0.7)
    )


@pytest.mark.parametrize("count", [4, 9])
def test_points_of_a_data_set_come_from_one_half_and_its_density_from_the_other(count):
    data = np.random.default_rng(2).standard_normal((count, 1, 2))
    law = as_law(data, seed=5)
    assert isinstance(law, DataLaw)
    half = count // 2
    assert law.resolution == pytest.approx(np.log(half))
    drawn = law.draw(count - half, np.random.default_rng(0))
    assert len(np.unique(drawn, axis=0)) == count - half
    flat = data.reshape(count, 2)
    rest = [row for row in flat if not (drawn == row).all(axis=1).any()]
    assert len(rest) == half
    x, noise = flat + 0.1, 0.3**2 * np.eye(2)
    densities = [multivariate_normal(row, noise).pdf(x) for row in rest]
    np.testing.assert_allclose(law.log_density(x, 0.3), np.log(np.mean(densities, axis=0)))
    # More than there are come with repetitions; another seed splits otherwise.
    assert law.draw(50, np.random.default_rng(0)).shape == (50, 2)
    splits = {tuple(as_law(data, seed).draw(1, np.random.default_rng(0))[0]) for seed in range(20)}
    assert len(splits) > 1


@pytest.mark.parametrize("data", [np.ones(5), np.ones((3, 2))])
def test_too_few_points_are_refused(data):
    with pytest.raises(InputError, match="at least 4 rows of samples are needed"):
        as_law(data)


def test_laws_of_the_caller_are_taken_as_they_are():
    law = GaussianLaw(SPECTRUM)
    assert as_law(law) is law


def test_samples_are_split_by_seed_0_unless_another_is_given():
    data, x = np.random.default_rng(2).standard_normal((40, 3)), np.zeros((1, 3))
    default, first, second = (
        law.log_density(x, 0.5) for law in (DataLaw(data), DataLaw(data, 0), DataLaw(data, 1))
    )
    assert default == first == as_law(data).log_density(x, 0.5)
    assert second != first
