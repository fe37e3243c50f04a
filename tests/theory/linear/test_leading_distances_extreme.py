"""Operator norm and max-sliced distance of extreme spectra, few and many samples, and any units."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import Spectrum

pytestmark = pytest.mark.slow

EXACT = {
    "isotropic": Spectrum.isotropic(40, 3.0),
    "spiked": Spectrum.spiked(40, [25.0, 6.0]),
    "power law 1.5": Spectrum.power_law(50, 1.5),
}
LEADING = {"power law 1": Spectrum.power_law(150, 1.0), "edge": Spectrum.isotropic(200)}


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("samples", [1.0, 7.0, 100.0, 1e4, 1e8, 1e12])
def test_one_dimension_is_a_chi_square(samples):
    rng = np.random.default_rng(6)
    ratio = rng.chisquare(samples, 100_000) / samples
    result = theory.operator_norm(Spectrum.isotropic(1, 4.0), samples)
    mean, stderr = mean_and_error(np.abs(ratio - 1.0))
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr)
    result = theory.max_sliced_wasserstein(Spectrum.isotropic(1, 4.0), samples)
    mean, stderr = mean_and_error(np.abs(np.sqrt(ratio) - 1.0))
    assert abs(result.value - mean) < 4.0 * np.hypot(stderr, result.stderr) + 0.01 * mean


@pytest.mark.parametrize("name", ["isotropic", "power law 1.5", "spiked"])
def test_max_sliced_tends_to_half_the_largest_relative_variance_error(name):
    # Σ̂ = Σ + δ: sqrt(uᵀΣ̂u) − sqrt(uᵀΣu) ≈ uᵀδu/(2 sqrt(uᵀΣu)) ≤ √λ_1 ‖Σ^{-1/2}δΣ^{-1/2}‖/2, and
    # ≥ ‖δ‖/(2√λ_1).
    norm = theory.operator_norm(EXACT[name], 1e8)
    sliced = theory.max_sliced_wasserstein(EXACT[name], 1e8)
    relative = theory.operator_norm(Spectrum.isotropic(EXACT[name].dim), 1e8)
    noise = 4.0 * np.hypot(sliced.stderr, 0.5 * np.hypot(norm.stderr, relative.stderr))
    assert 0.5 * norm.value - noise < 1.005 * sliced.value
    assert 0.995 * sliced.value < 0.5 * relative.value + noise


def test_one_overwhelming_factor_decides_alone():
    # ‖Σ̂ − Σ‖/λ_1 → E|χ²_n/n − 1| when the tail is negligible.
    samples = 50
    rng = np.random.default_rng(7)
    expected = np.mean(np.abs(rng.chisquare(samples, 200_000) / samples - 1.0))
    result = theory.operator_norm(Spectrum.from_eigenvalues([1.0, 1e-7], [1, 1000]), samples)
    assert abs(result.value - expected) < 4.0 * result.stderr


@pytest.mark.parametrize("name", ["power law 1", "edge"])
def test_large_n_falls_like_one_over_the_square_root(name):
    spectrum = LEADING[name]
    for function in (theory.operator_norm, theory.max_sliced_wasserstein):
        values = function(spectrum, [1e6, 1e10]).value * np.sqrt([1e6, 1e10])
        np.testing.assert_allclose(values, values[0], rtol=0.02)


@pytest.mark.parametrize("function", ["operator_norm", "max_sliced_wasserstein"])
@pytest.mark.parametrize(
    "spectrum",
    [
        pytest.param(Spectrum.power_law(10**6, 1.0), marks=pytest.mark.slow),
        Spectrum.power_law(20_000, 1.0),
        Spectrum.power_law(300, 60.0),
        Spectrum.from_eigenvalues([1.0, 0.0], [1, 500]),
        pytest.param(Spectrum.from_eigenvalues([1e200, 1e-100], [3, 300]), marks=pytest.mark.slow),
    ],
    ids=lambda spectrum: repr(spectrum),
)
def test_extreme_spectra_and_few_samples_give_positive_numbers(function, spectrum):
    call = {
        "operator_norm": theory.operator_norm,
        "max_sliced_wasserstein": theory.max_sliced_wasserstein,
    }[function]
    result = call(spectrum, [2, 33])
    assert np.all(np.isfinite(result.value))
    assert np.all(np.diff(result.value) < 0.0)
    assert np.all(result.value > 0.0)
    assert np.all(result.stderr >= 0.0)


def test_rank_one_beyond_128_dimensions_is_one_dimension():
    one = theory.operator_norm(Spectrum.isotropic(1), [2, 50], seed=1)
    padded = theory.operator_norm(Spectrum.from_eigenvalues([1.0, 0.0], [1, 500]), [2, 50], seed=2)
    noise = 4.0 * np.hypot(one.stderr, padded.stderr)
    assert np.all(np.abs(one.value - padded.value) < noise)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
@pytest.mark.parametrize("dim", [40, 200])
def test_units_of_the_data_do_not_matter(dim, scale):
    lam = np.arange(1.0, dim + 1.0) ** -1.0
    functions = [theory.operator_norm] + [theory.max_sliced_wasserstein] * (dim == 40)
    for function in functions:
        one = function(Spectrum.from_eigenvalues(lam), 70)
        two = function(Spectrum.from_eigenvalues(lam * scale), 70)
        assert two.value == pytest.approx(float(one.value), rel=1e-6)
