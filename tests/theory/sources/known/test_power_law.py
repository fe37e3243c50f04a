"""A Gaussian whose eigenvalues fall as a power of their rank."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import find, load_source


def test_raw_units_and_fresh_points():
    source = load_source("power-law", dim=4, alpha=2.0, basis="identity", count=20000)
    expected = np.arange(1.0, 5.0) ** -2.0
    error = 4.0 * expected * np.sqrt(2.0 / 20000)
    assert np.all(np.abs(np.mean(source.points.flat() ** 2, axis=0) - expected) < error)
    fresh = source.fresh(20000, np.random.default_rng(1)).astype(float)
    assert np.all(np.abs(np.mean(fresh**2, axis=0) - expected) < error)


def test_eigenvalues_are_powers_of_the_rank():
    found = load_source("power-law", dim=5, alpha=1.5).spectrum.leading(5)
    np.testing.assert_allclose(found, np.arange(1.0, 6.0) ** -1.5)
    usual = load_source("power-law").spectrum
    np.testing.assert_allclose(usual.leading(300), 1.0 / np.arange(1.0, 301.0))
    np.testing.assert_array_equal(load_source("power-law", alpha=0.0).spectrum.leading(300), 1.0)
    with pytest.raises(InputError, match="alpha must be"):
        load_source("power-law", alpha=-0.1)


def test_its_law_is_known():
    assert find("power-law").known
    alpha = find("power-law").options[1]
    assert (alpha.name, alpha.default, alpha.least) == ("alpha", 1.0, 0)
