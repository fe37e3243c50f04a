"""White noise, and laws too large to be drawn."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import find, load_source


def test_large_laws_are_predicted_but_not_drawn():
    source = load_source("isotropic", dim=10**7)
    assert source.spectrum.dim == 10**7
    with pytest.raises(InputError, match=r"8e\+05 GB of eigenvectors, .*: lower dim"):
        source.known  # noqa: B018
    with pytest.raises(InputError, match=r"4e\+03 GB, .*: lower count"):
        load_source("spiked", dim=1000, count=10**9).known  # noqa: B018


def test_noise_is_white():
    found = load_source("isotropic", dim=4, count=20_000, seed=1)
    np.testing.assert_array_equal(found.spectrum.leading(4), 1.0)
    assert found.known.scale == 1.0
    np.testing.assert_array_equal(found.known.truth.eigenvectors, np.eye(4))
    moment = found.known.points.T @ found.known.points / 20_000
    np.testing.assert_allclose(moment, np.eye(4), atol=4.0 * np.sqrt(2.0 / 20_000))


def test_its_law_is_known():
    assert find("isotropic").known
