"""Expectations over sample eigenvalues: moments in closed form."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.paper.linear.sample_law import SampleLaw
from convergen.theory.spectra.spectrum import Spectrum

SPECTRA = {
    "isotropic": Spectrum.isotropic(60, 2.0),
    "two levels": Spectrum.from_eigenvalues([4.0] * 20 + [1.0] * 40),
}


@pytest.mark.parametrize(
    ("name", "samples"), [("isotropic", 30), ("two levels", 30), ("two levels", 150)]
)
def test_moments_of_the_sample_covariance(name, samples):
    """E Σ̂ = Σ; E Tr Σ̂² = Tr Σ² + (Tr Σ)²/n up to 1/d; null vectors for n < d."""
    spectrum = SPECTRA[name]
    law = SampleLaw.of(spectrum, samples)
    assert law.points[0] == 0.0
    assert np.all(np.diff(law.points) > 0.0)
    np.testing.assert_allclose(law.expectation(np.ones_like(law.points)), 1.0, rtol=1e-9)
    assert law.trace(np.ones_like(law.points)) == pytest.approx(60.0)
    np.testing.assert_allclose(law.expectation(law.points), spectrum.eigenvalues, rtol=2e-3)
    assert law.trace(law.points) == pytest.approx(spectrum.trace, rel=2e-3)
    values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    second = (values**2).sum() + values.sum() ** 2 / samples
    assert law.trace(law.points**2) == pytest.approx(second, rel=5e-3)
    null = law.trace((law.points == 0.0).astype(float))
    assert null == pytest.approx(max(60 - samples, 0), rel=2e-3, abs=1e-9)


def test_several_functions_at_once():
    law = SampleLaw.of(SPECTRA["two levels"], 90)
    functions = np.stack([np.ones_like(law.points), law.points, law.points**2])
    assert law.expectation(functions).shape == (3, 2)
    np.testing.assert_allclose(law.trace(functions), law.expectation(functions) @ [20, 40])


POWER = theory.Spectrum.power_law(40, 0.7)


def test_law_of_sample_eigenvalues_has_the_right_moments():
    for samples in (12, 300):
        law = SampleLaw.of(POWER, samples)
        lam, x = POWER.eigenvalues, law.points
        np.testing.assert_allclose(law.expectation(x), lam, rtol=2e-3)
        square = lam**2 + lam * POWER.trace / samples
        np.testing.assert_allclose(law.expectation(x**2), square, rtol=2e-3)
        root = theory.expected_sqrt(POWER, samples).values
        np.testing.assert_allclose(law.expectation(np.sqrt(x)), root, rtol=2e-3)
