"""A Gaussian with a few large eigenvalues above a bulk."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import find, load_source
from tests.options import ranges


def test_spikes_above_a_power_law():
    found = load_source("spiked", dim=6, spikes=[9.0, 5.0], alpha=1.0).spectrum
    np.testing.assert_allclose(found.leading(6), [9.0, 5.0, 1.0, 1 / 2, 1 / 3, 1 / 4])
    flat = load_source("spiked", dim=6, spikes=[9.0, 5.0]).spectrum
    np.testing.assert_array_equal(flat.leading(6), [9.0, 5.0, 1.0, 1.0, 1.0, 1.0])
    assert load_source("spiked", dim=3, alpha=1.0).spectrum.leading(3)[2] == 1.0
    with pytest.raises(InputError, match=r"2 spikes do not fit .*: raise dim from 2 to at least 3"):
        load_source("spiked", dim=2, alpha=1.0)


def test_identity_basis_and_images():
    axes = load_source("spiked", dim=16, basis="identity", images=True, count=5)
    assert axes.points.shape == (1, 4, 4)
    np.testing.assert_array_equal(axes.known.truth.eigenvectors, np.eye(16))
    random = load_source("spiked", dim=16, images=True, count=5)
    assert np.abs(random.known.truth.eigenvectors).max() < 0.99


def test_spikes_are_the_eigenvalues_themselves():
    np.testing.assert_array_equal(
        load_source("spiked", dim=4, spikes=[8.0, 3.0]).spectrum.leading(4), [8.0, 3.0, 1.0, 1.0]
    )
    # Two spikes of 10 and 4 without options; one direction is left for the bulk.
    np.testing.assert_array_equal(
        load_source("spiked", dim=3).spectrum.leading(3), [10.0, 4.0, 1.0]
    )
    assert load_source("spiked").spectrum.dim == 300
    with pytest.raises(InputError, match=r"1 spikes do not fit .* raise dim from 1 to at least 2"):
        load_source("spiked", dim=1, spikes=[5.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dim": 10, "images": True}, "no square image"),
        ({"spikes": [-1.0]}, "spikes must be"),
        ({"alpha": -0.5}, "alpha must be"),
    ],
)
def test_options_that_do_not_fit(options, words):
    with pytest.raises(InputError, match=words):
        load_source("spiked", **options).known  # noqa: B018


def test_what_is_taken_and_usual():
    found = ranges(find("spiked").options)
    assert found["spikes"] == ((10.0, 4.0), 0, None, None)
    assert found["alpha"] == (None, 0, None, None)
    assert found["dim"] == (300, 1, None, None)
    assert find("spiked").known
    assert load_source("spiked", dim=3, spikes=[0.0]).spectrum.leading(3).tolist() == [1, 1, 0]
