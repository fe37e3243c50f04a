import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.special import digamma, hyp2f1

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear import distances
from tests.monte_carlo import Stored
from tests.reference import reference_sqrt
from tests.simulation import expanded

stored = Stored(__file__)
SPECTRA = {
    "isotropic": Spectrum.isotropic(100),
    "spiked": Spectrum.spiked(100, [30.0, 6.0, 2.0]),
    "two levels": Spectrum.from_eigenvalues([1.0, 0.01], [30, 70]),
    "power law 0.5": Spectrum.power_law(100, 0.5),
    "power law 1.5": Spectrum.power_law(100, 1.5),
}


@stored
def monte_carlo(name, samples, ridge, reps):
    """Mean and standard error of a distance of sample covariances from diag(λ).

    The divergence of the model with that ridge; Bures–Wasserstein where the ridge is None.
    """
    rng = np.random.default_rng(0)
    lam, distance = expanded(SPECTRA[name]), divergence(ridge)
    if ridge is None:
        distance = squared_wasserstein
    values = []
    for _ in range(reps):
        x = rng.standard_normal((samples, lam.size)) * np.sqrt(lam)
        values.append(distance(x.T @ x / samples, lam))
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(reps)


def squared_wasserstein(covariance, lam):
    root = np.sqrt(lam)
    inner = np.linalg.eigvalsh(root[:, None] * covariance * root)
    cross = np.sqrt(np.maximum(inner, 0.0)).sum()
    return (lam.sum() + np.trace(covariance) - 2.0 * cross) / lam.sum()


def divergence(ridge):
    """KL(N(0, Σ) ‖ N(0, Σ̂ + ρ)) from a matrix inverse and a determinant."""

    def value(covariance, lam):
        model = covariance + ridge * np.eye(lam.size)
        log_ratio = np.linalg.slogdet(model)[1] - np.log(lam).sum()
        return 0.5 * (np.trace(np.linalg.inv(model) * lam) - lam.size + log_ratio)

    return value


def textbook_divergence(values, counts, samples, ridge, digits):
    """½ [(κ/ρ) df₁ − d + E log det(Σ̂+ρ) − log det Σ] in multiprecision; κ by bisection."""
    with mp.workdps(digits):
        lam = [mpf(float(value)) for value in values]
        m = [mpf(int(count)) for count in counts]
        n, rho = mpf(float(samples)), mpf(float(ridge))

        def df1(kappa):
            return mp.fsum(c * s / (s + kappa) for c, s in zip(m, lam, strict=True))

        low = mp.log(rho)
        high = mp.log(rho + mp.fsum(c * s for c, s in zip(m, lam, strict=True)) / n)
        while high - low > mpf(10) ** (5 - digits):
            middle = (low + high) / 2
            kappa = mp.exp(middle)
            if kappa * (1 - df1(kappa) / n) > rho:
                high = middle
            else:
                low = middle
        kappa = mp.exp((low + high) / 2)
        d = mp.fsum(m)
        log_det = (
            d * mp.log(rho)
            + mp.fsum(c * mp.log(1 + s / kappa) for c, s in zip(m, lam, strict=True))
            + n * (mp.log(kappa / rho) + rho / kappa - 1)
        )
        log_det_truth = mp.fsum(c * mp.log(s) for c, s in zip(m, lam, strict=True))
        return float((kappa / rho * df1(kappa) - d + log_det - log_det_truth) / 2)


# -------------------------------------------------------------------------- Bures–Wasserstein


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("samples", [10, 50, 100, 150, 300])
def test_wasserstein_agrees_with_monte_carlo(name, samples):
    spectrum = SPECTRA[name]
    mean, stderr = monte_carlo(name, samples, None, 12)
    assert stderr < 0.03 * mean
    assert abs(theory.bures_wasserstein(spectrum, samples) - mean) < 4.0 * stderr


@pytest.mark.parametrize("name", SPECTRA)
def test_wasserstein_far_above_d_agrees_with_monte_carlo(name):
    # Diagonal fluctuations of a finite real covariance are twice as strong: 1/4n in W₂²/Tr Σ.
    samples = 2000
    mean, stderr = monte_carlo(name, samples, None, 30)
    expected = theory.bures_wasserstein(SPECTRA[name], samples) + 0.25 / samples
    assert stderr < 0.015 * mean
    assert abs(expected - mean) < 4.0 * stderr


@pytest.mark.parametrize("load", [1e-4, 0.03, 0.5, 0.999, 1.0, 1.001, 2.0, 30.0, 1e4])
def test_isotropic_wasserstein_is_the_hypergeometric_closed_form(load):
    # E Σ̂^{1/2} = h I with h² = q(γ), the convergence in closed form.
    if load >= 1.0:
        h = hyp2f1(-0.5, 0.5, 2.0, 1.0 / load)
    else:
        h = np.sqrt(load) * hyp2f1(-0.5, 0.5, 2.0, load)
    value = theory.bures_wasserstein(Spectrum.isotropic(10**6, 3.0), load * 10**6)
    assert value == pytest.approx(2.0 * (1.0 - h), rel=1e-10)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("samples", [1.0, 33.0, 100.0, 1e4, 1e12])
def test_wasserstein_agrees_with_the_multiprecision_reference(name, samples):
    spectrum = SPECTRA[name]
    if spectrum.eigenvalues.size > 10:  # the reference is slow: every fourth eigenvalue
        spectrum = Spectrum.from_eigenvalues(
            spectrum.eigenvalues[::4], np.full(spectrum.eigenvalues[::4].size, 4)
        )
    lam, counts = spectrum.eigenvalues, spectrum.multiplicities
    with mp.workdps(50):
        squares = [mpf(float(value)) ** 2 for value in lam]
        # λ² must reach the reference as the doubles that it takes: use roots of those.
        doubles = [float(square) for square in squares]
        roots = reference_sqrt(doubles, counts, samples, 28)
        trace = mp.fsum(c * mp.sqrt(s) for c, s in zip(counts, doubles, strict=True))
        cross = mp.fsum(c * h for c, h in zip(counts, roots, strict=True))
        expected = float(2 * (trace - cross) / trace)
    assert theory.bures_wasserstein(spectrum, samples) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", SPECTRA)
def test_wasserstein_at_huge_n_is_that_of_a_small_perturbation(name):
    # W₂² ≈ ½ Σ_ij δ_ij²/(λ_i + λ_j), and E δ_ij² = λ_i λ_j/n off the diagonal.
    lam = expanded(SPECTRA[name])
    samples = 1e12
    perturbation = 0.5 * np.sum(np.outer(lam, lam) / np.add.outer(lam, lam)) / samples
    distance = float(theory.bures_wasserstein(SPECTRA[name], samples))
    assert distance == pytest.approx(perturbation / lam.sum(), rel=1e-8)


@pytest.mark.parametrize("name", SPECTRA)
def test_wasserstein_falls_from_below_two_to_zero(name):
    spectrum = SPECTRA[name]
    curve = theory.bures_wasserstein(spectrum, np.geomspace(1.0, 1e15, 200))
    assert 0.0 < curve[-1] < curve[0] < 2.0
    assert np.all(np.diff(curve) < 0.0)


def test_wasserstein_ignores_zero_eigenvalues_and_units():
    samples = [1.0, 3.0, 20.0, 1e6]
    bare = theory.bures_wasserstein(Spectrum.from_eigenvalues([4.0, 1.0], [2, 15]), samples)
    padded = Spectrum.from_eigenvalues([4.0, 1.0, 0.0], [2, 15, 90])
    np.testing.assert_allclose(theory.bures_wasserstein(padded, samples), bare, rtol=1e-12)
    for scale in (1e-300, 1e-160, 1e300):
        scaled = Spectrum.from_eigenvalues([4.0 * scale, scale], [2, 15])
        np.testing.assert_allclose(theory.bures_wasserstein(scaled, samples), bare, rtol=1e-12)


# --------------------------------------------------------------------------- Kullback–Leibler


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "ridge"), [(10, 0.03), (60, 0.3), (100, 1e-2), (400, 0.1)])
def test_divergence_with_ridge_agrees_with_monte_carlo(name, samples, ridge):
    spectrum = SPECTRA[name]
    mean, stderr = monte_carlo(name, samples, ridge, 12)
    assert stderr < 0.05 * mean
    assert abs(theory.kullback_leibler(spectrum, samples, ridge) - mean) < 4.0 * stderr


@pytest.mark.parametrize("samples", [300, 600, 3000])
def test_divergence_without_ridge_agrees_with_monte_carlo(samples):
    spectrum = SPECTRA["power law 1.5"]
    mean, stderr = monte_carlo("power law 1.5", samples, 0.0, 12)
    assert abs(theory.kullback_leibler(spectrum, samples) - mean) < 4.0 * stderr


@pytest.mark.parametrize("load", [1.05, 1.5, 4.0, 100.0])
def test_divergence_without_ridge_tends_to_the_exact_wishart_expectation(load):
    # E Tr Σ̂⁻¹Σ = nd/(n−d−1) and E log det Σ̂ = log det Σ + Σ_i ψ((n−i+1)/2) + d log(2/n).
    errors = []
    for dim in (10**3, 10**5):
        n = round(load * dim)
        log_ratio = np.sum(digamma(0.5 * (n - np.arange(dim))) - np.log(0.5 * n))
        exact = 0.5 * (n * dim / (n - dim - 1.0) - dim + log_ratio)
        value = float(theory.kullback_leibler(Spectrum.power_law(dim, 1.0), n))
        errors.append(abs(value / exact - 1.0))
    assert errors[1] < 1e-3
    assert errors[1] < 0.02 * errors[0]  # it falls like 1/d


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "rel"), [(1e9, 1e-6), (1e12, 1e-6), (1e15, 1e-6)])
def test_divergence_at_huge_n_is_d_squared_over_four_n(name, samples, rel):
    value = float(theory.kullback_leibler(SPECTRA[name], samples))
    assert value == pytest.approx(100**2 / (4.0 * samples), rel=rel)


@pytest.mark.parametrize("name", SPECTRA)
def test_divergence_without_ridge_is_infinite_up_to_n_equal_to_d(name):
    values = theory.kullback_leibler(SPECTRA[name], [1, 50, 99, 100, 100.001, 101])
    assert np.all(np.isinf(values[:4]))
    assert np.all(values[:4] > 0.0)
    assert np.all(np.isfinite(values[4:]))


def test_divergence_of_a_singular_spectrum():
    singular = Spectrum.from_eigenvalues([2.0, 1.0, 0.0], [1, 9, 5])
    full = Spectrum.from_eigenvalues([2.0, 1.0], [1, 9])
    samples = [5.0, 10.0, 11.0, 100.0]
    # Without a ridge truth and model share their support, and only the rank counts.
    np.testing.assert_array_equal(
        theory.kullback_leibler(singular, samples), theory.kullback_leibler(full, samples)
    )
    with_ridge = theory.kullback_leibler(singular, samples, 0.1)
    assert np.all(np.isposinf(with_ridge))
    assert with_ridge.shape == (4,)


@pytest.mark.parametrize("ridge", [1e-30, 1e-14, 1e-6, 1e-2, 1.0, 1e3, 1e10])
@pytest.mark.parametrize("samples", [1.0, 7.5, 29.0, 30.0, 31.0, 200.0, 1e6, 1e9, 1e12])
def test_divergence_agrees_with_the_textbook_expression_in_multiprecision(samples, ridge):
    values = np.array([5.0, 1.0, 0.2, 3e-3])
    counts = np.array([2, 10, 10, 8])
    expected = textbook_divergence(values, counts, samples, ridge, digits=90)
    value = theory.kullback_leibler(Spectrum.from_eigenvalues(values, counts), samples, ridge)
    assert value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("samples", [3.0, 40.0, 1e8])
@pytest.mark.parametrize("ridge", [1e-9, 1e-3])
def test_divergence_of_a_power_law_agrees_with_the_textbook_expression(samples, ridge):
    spectrum = Spectrum.power_law(60, 2.0)
    expected = textbook_divergence(
        spectrum.eigenvalues, spectrum.multiplicities, samples, ridge, digits=60
    )
    value = theory.kullback_leibler(spectrum, samples, ridge)
    assert value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("samples", [1.0, 64.0, 100.0])
def test_divergence_with_a_vanishing_ridge_is_that_of_the_null_space(name, samples):
    # For ρ → 0 and n < d the part outside the span of the data decides: ½ Tr Σ(Σ̂+ρ)⁻¹ → n κ₀/2ρ.
    spectrum = SPECTRA[name]
    value = float(theory.kullback_leibler(spectrum, samples, 1e-200))
    assert np.isfinite(value)
    if samples < 100:
        edge = float(theory.renormalised_noise(spectrum, samples).kappa)
        lam = expanded(spectrum)
        assert np.sum(lam / (lam + edge)) == pytest.approx(samples, rel=1e-12)
        assert value == pytest.approx(0.5 * samples * edge / 1e-200, rel=1e-9)


@pytest.mark.parametrize("ridge", [5e-324, 1e-310, 1e-300, 1e300])
def test_divergence_at_the_ends_of_double_precision_is_not_nan(ridge):
    values = theory.kullback_leibler(SPECTRA["power law 1.5"], [1, 50, 99, 101, 1e6], ridge)
    assert np.all(values > 0.0)
    assert np.all(np.isfinite(values[3:]))


def test_divergence_without_ridge_is_the_limit_of_a_small_ridge():
    for name in ("isotropic", "power law 1.5"):
        for samples in (101.0, 150.0, 1e5, 1e12):
            limit = float(theory.kullback_leibler(SPECTRA[name], samples))
            small = float(theory.kullback_leibler(SPECTRA[name], samples, 1e-25))
            assert small == pytest.approx(limit, rel=1e-10)


def test_divergence_of_a_ridge_hundreds_of_decades_above_the_spectrum():
    # The model is N(0, ρ): ½ Σ (log ρ/λ − 1 + λ/ρ), though ρ/λ itself overflows.
    spectrum, ridge = Spectrum.power_law(300, 60.0), 1e300
    expected = 0.5 * np.sum(np.log(ridge) - np.log(spectrum.eigenvalues) - 1.0)
    found = theory.kullback_leibler(spectrum, [1.0, 1e5, 1e300], ridge)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_ridge_that_vanishes_beside_the_spectrum_is_refused():
    with pytest.raises(InputError, match="use 0 or a larger value"):
        theory.kullback_leibler(Spectrum.isotropic(3, 1e300), 5.0, 1e-100)


def test_divergence_of_infinite_data_is_that_of_the_ridge_alone():
    lam, ridge = expanded(SPECTRA["spiked"]), 0.7
    expected = 0.5 * np.sum(lam / (lam + ridge) - 1.0 + np.log((lam + ridge) / lam))
    value = float(theory.kullback_leibler(SPECTRA["spiked"], 1e14, ridge))
    assert value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1.0])
def test_divergence_is_positive_and_units_do_not_matter(ridge):
    values, counts = np.array([4.0, 1.0]), [2, 15]
    samples = [18.0, 40.0, 1e3, 1e9]
    bare = theory.kullback_leibler(Spectrum.from_eigenvalues(values, counts), samples, ridge)
    assert np.all(bare > 0.0)
    for scale in (1e-290, 1e-100, 1e290):
        scaled = Spectrum.from_eigenvalues(values * scale, counts)
        np.testing.assert_allclose(
            theory.kullback_leibler(scaled, samples, ridge * scale), bare, rtol=1e-12
        )


# ------------------------------------------------------------------------------ shape and input


def test_distances_take_the_shape_of_the_samples():
    spectrum = SPECTRA["isotropic"]
    for function in (
        theory.bures_wasserstein,
        theory.kullback_leibler,
        lambda s, n: theory.kullback_leibler(s, n, 0.1),
    ):
        assert np.shape(function(spectrum, 150)) == ()
        grid = function(spectrum, [[150, 200, 300], [400, 500, 600]])
        assert grid.shape == (2, 3)
        assert grid[1, 0] == pytest.approx(float(function(spectrum, 400)), rel=1e-13)


@pytest.mark.parametrize("samples", [0, None])
@pytest.mark.parametrize("function", ["bures_wasserstein", "kullback_leibler"])
def test_bad_samples_are_refused_in_one_sentence(function, samples):
    call = {
        "bures_wasserstein": theory.bures_wasserstein,
        "kullback_leibler": theory.kullback_leibler,
    }[function]
    with pytest.raises(InputError) as caught:
        call(SPECTRA["isotropic"], samples)
    assert "samples" in str(caught.value)
    assert ". " not in str(caught.value)


@pytest.mark.parametrize("ridge", [-1e-9, [0.1, 0.2]])
def test_bad_ridges_are_refused_in_one_sentence(ridge):
    with pytest.raises(InputError) as caught:
        theory.kullback_leibler(SPECTRA["isotropic"], 10, ridge)
    assert "ridge" in str(caught.value)
    assert ". " not in str(caught.value)


@pytest.mark.parametrize("epsilon", [1e-12, 1e-3, 0.1, 0.2999999, 0.3, 0.5, 5.0])
def test_the_divergence_of_the_spread_is_a_series_where_its_terms_cancel(epsilon):
    with mp.workdps(50):
        e = mpf(epsilon)
        exact = float(mp.exp(e) - 3 + (2 + e) * mp.exp(-e))
    # The plain expression loses the digits that its terms of order one share.
    rel = 3e-15 if epsilon < 0.3 else 2e-14
    assert distances._psi(np.array([epsilon]))[0] == pytest.approx(exact, rel=rel)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
