import numpy as np

from convergen.theory.data.sets.digits import load_digits
from convergen.theory.sources.table import load_source
from convergen.theory.spectra.spectrum import Spectrum


def test_digits_are_images_and_their_spectrum_that_of_the_pixels():
    source = load_source("digits")
    assert source.points.shape == (1, 8, 8)
    np.testing.assert_array_equal(source.data, load_digits())
    expected = Spectrum.from_data(load_digits())
    np.testing.assert_array_equal(source.spectrum.eigenvalues, expected.eigenvalues)
    assert source.spectrum.source == "digits"
    assert source.known is None
    assert source.fresh(3, np.random.default_rng(0)) is None
