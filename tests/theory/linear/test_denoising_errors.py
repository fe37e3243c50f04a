import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.optimize import brentq

from convergen import theory
from convergen.theory import InputError, Spectrum
from tests.monte_carlo import Stored
from tests.simulation import expanded

stored = Stored(__file__)
SPECTRA = {
    "isotropic": Spectrum.isotropic(150, 2.0),
    "spiked": Spectrum.spiked(150, [40.0, 9.0, 2.0]),
    "power law 1": Spectrum.power_law(150, 1.0),
    "power law 2": Spectrum.power_law(150, 2.0),
    "zeros": Spectrum.from_eigenvalues([3.0, 1.0, 0.0], [5, 80, 65]),
}
GRID = [(20, 0.1), (20, 1.0), (150, 0.3), (600, 0.3), (600, 2.0)]


def denoisers(lam, samples, sigma, count, seed):
    """Sample covariances and denoisers of independent training sets."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        x = rng.standard_normal((samples, lam.size)) * np.sqrt(lam)
        covariance = x.T @ x / samples
        resolvent = np.linalg.inv(covariance + sigma**2 * np.eye(lam.size))
        yield covariance, covariance @ resolvent


def mean_and_error(values):
    values = np.array(values)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def quadratic_error(covariance, denoiser, sigma):
    """E|x − D(x + σε)|² for x of the given covariance."""
    residual = np.eye(len(covariance)) - denoiser
    noise = sigma**2 * np.sum(denoiser**2)
    return np.sum((residual @ covariance) * residual) + noise


def solved_kappa(lam, samples, noise):
    """κ by bracketing, from the definition."""
    return brentq(
        lambda k: k * (1.0 - np.sum(lam / (lam + k)) / samples) - noise,
        noise,
        noise + lam.sum() / samples,
        xtol=1e-300,
        rtol=1e-14,
    )


# --------------------------------------------------------------------------------- Monte Carlo


@stored
def measured_errors(name, samples, sigma, copies):
    """Mean and standard error of test and train error, Tr D² and Tr D₁D₂; eigenvalues repeated."""
    lam = np.repeat(expanded(SPECTRA[name]), copies)
    values, previous = [], None
    for covariance, denoiser in denoisers(lam, copies * samples, sigma, 11, seed=copies):
        if previous is not None:
            test = quadratic_error(np.diag(lam), denoiser, sigma)
            train = quadratic_error(covariance, denoiser, sigma)
            values.append((test, train, np.sum(denoiser**2), np.sum(denoiser * previous)))
        previous = denoiser
    return mean_and_error(values)


@stored
def measured_variance(name, samples, sigma):
    """Mean and standard error of the variance of each mode."""
    lam = expanded(SPECTRA[name])
    pairs = list(denoisers(lam, samples, sigma, 60, seed=2))
    values = []
    for (_, first), (_, second) in zip(pairs[::2], pairs[1::2], strict=True):
        difference = first - second
        values.append(0.5 * difference**2 @ (lam + sigma**2))
    return mean_and_error(values)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "sigma"), GRID)
def test_errors_and_agreement_agree_with_monte_carlo(name, samples, sigma):
    # All four sums are extensive, and their finite-size bias is a constant: it drops out of the
    # difference between a system of twice the size (each eigenvalue twice, 2n) and the system.
    (once, noise), (twice, more) = (measured_errors(name, samples, sigma, k) for k in (1, 2))
    test, train, energy, overlap = twice - once
    error = np.hypot(noise, more)
    assert np.all(error < 0.15 * (twice - once))
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    assert abs(result.test - test) < 4.0 * error[0]
    assert abs(result.train - train) < 4.0 * error[1]
    ratio = overlap / energy
    assert abs(result.agreement - ratio) < 4.0 * ratio * np.hypot(
        error[2] / energy, error[3] / overlap
    )


@pytest.mark.parametrize("name", ["spiked", "power law 1", "zeros"])
@pytest.mark.parametrize(("samples", "sigma"), [(20, 0.3), (150, 0.3), (600, 1.0)])
def test_variance_of_every_mode_agrees_with_monte_carlo(name, samples, sigma):
    mean, stderr = measured_variance(name, samples, sigma)
    lam = expanded(SPECTRA[name])
    per_level = theory.denoiser_variance(SPECTRA[name], samples, sigma)
    variance = np.repeat(per_level, SPECTRA[name].multiplicities.astype(int))
    positive = lam > 0.0
    assert np.all(mean[~positive] < 1e-25)
    assert np.all(variance[~positive] == 0.0)
    z = (mean - variance)[positive] / stderr[positive]
    assert np.max(np.abs(z)) < 4.5  # 150 modes: 4 standard errors for one of them


# ------------------------------------------------------------------------- exact identities


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "sigma"), [*GRID, (1e6, 0.5), (1.5, 3.0)])
def test_train_error_is_noise_times_the_degrees_of_freedom(name, samples, sigma):
    # Σ̂ z²/(Σ̂+z)² + z Σ̂²/(Σ̂+z)² = z Σ̂/(Σ̂+z), and E Tr Σ̂(Σ̂+z)⁻¹ = df₁(κ).
    lam = expanded(SPECTRA[name])
    kappa = solved_kappa(lam, samples, sigma**2)
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    assert result.renormalised_noise == pytest.approx(kappa, rel=1e-11)
    assert result.train == pytest.approx(sigma**2 * np.sum(lam / (lam + kappa)), rel=1e-11)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "sigma"), GRID)
def test_bias_parts_of_test_and_train_error_have_the_ratio_of_cross_validation(
    name, samples, sigma
):
    # Generalised cross-validation: test/train = (1 − df₁/n)⁻² for the noiseless error.
    lam, z = expanded(SPECTRA[name]), sigma**2
    kappa = solved_kappa(lam, samples, z)
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    energy = np.sum((lam / (lam + kappa)) ** 2) / result.agreement
    ratio = (result.test - z * energy) / (result.train - z * energy)
    df1 = np.sum(lam / (lam + kappa))
    assert ratio == pytest.approx((1.0 - df1 / samples) ** -2, rel=1e-8)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("samples", "sigma"), [*GRID, (1e5, 0.5), (1.0, 1.0)])
def test_test_error_is_that_of_the_mean_denoiser_plus_all_variances(name, samples, sigma):
    lam, counts = SPECTRA[name].eigenvalues, SPECTRA[name].multiplicities
    kappa = solved_kappa(expanded(SPECTRA[name]), samples, sigma**2)
    mean = counts @ ((lam * kappa**2 + sigma**2 * lam**2) / (lam + kappa) ** 2)
    variance = counts @ theory.denoiser_variance(SPECTRA[name], samples, sigma)
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    assert result.test == pytest.approx(mean + variance, rel=1e-11)


@pytest.mark.parametrize("name", SPECTRA)
def test_errors_lie_on_both_sides_of_the_optimum_and_agreement_in_the_unit_interval(name):
    samples = np.geomspace(1.0, 1e10, 31)[:, None]
    sigma = np.geomspace(1e-3, 1e2, 11)
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    lam = expanded(SPECTRA[name])
    wiener = [np.sum(lam * s**2 / (lam + s**2)) for s in sigma]
    np.testing.assert_allclose(result.optimal, np.tile(wiener, (31, 1)), rtol=1e-12)
    slack = 1e-12 * result.optimal
    assert np.all(result.train <= result.optimal + slack)
    assert np.all(result.optimal <= result.test + slack)
    assert np.all(result.train[:15] < result.test[:15])
    assert np.all((result.agreement >= 0.0) & (result.agreement <= 1.0))
    assert np.all(result.agreement[-1] > 1.0 - 1e-6)
    assert np.all(result.renormalised_noise >= sigma**2)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("sigma", [0.05, 1.0, 20.0])
def test_excess_test_error_at_large_n_is_that_of_a_small_perturbation(name, sigma):
    # D̂ − D ≈ z (Σ+z)⁻¹ (Σ̂−Σ) (Σ+z)⁻¹, E (Σ̂−Σ)_ij² = λ_i λ_j/n.
    lam, z, samples = expanded(SPECTRA[name]), sigma**2, 1e7
    excess = z**2 / samples * np.sum(lam / (lam + z) ** 2) * np.sum(lam / (lam + z))
    result = theory.denoising_errors(SPECTRA[name], samples, sigma)
    assert result.test - result.optimal == pytest.approx(excess, rel=1e-3)
    per_mode = z**2 / samples * lam / (lam + z) ** 2 * np.sum(lam / (lam + z))
    counts = SPECTRA[name].multiplicities.astype(int)
    variance = theory.denoiser_variance(SPECTRA[name], samples, sigma)
    np.testing.assert_allclose(np.repeat(variance, counts), per_mode, rtol=1e-3)


@pytest.mark.parametrize("sigma", [1e-8, 1e-3, 1.0, 80.0, 1e4, 1e8])
@pytest.mark.parametrize("samples", [3.0, 100.0, 150.0, 1e4, 1e12])
def test_agreement_and_variance_keep_their_digits(samples, sigma):
    # The textbook expressions, E Tr D̂² = d − 2 z g − z² g'(z) with g = Tr R, in multiprecision.
    spectrum = SPECTRA["power law 1"]
    with mp.workdps(80):
        lam = [mpf(float(v)) for v in spectrum.eigenvalues]
        n, z = mpf(samples), mpf(sigma) ** 2

        def residual(log_kappa):
            kappa = mp.exp(log_kappa)
            return kappa * (1 - mp.fsum(s / (s + kappa) for s in lam) / n) - z

        low, high = mp.log(z), mp.log(z + mp.fsum(lam) / n)
        for _ in range(260):
            middle = (low + high) / 2
            low, high = (low, middle) if residual(middle) > 0 else (middle, high)
        kappa = mp.exp((low + high) / 2)
        df2 = mp.fsum((s / (s + kappa)) ** 2 for s in lam)
        slope = 1 / (1 - df2 / n)
        g = kappa / z * mp.fsum(1 / (s + kappa) for s in lam)
        # d/dz of (κ/z) Σ 1/(λ+κ).
        rate = slope / z - kappa / z**2
        g_slope = rate * mp.fsum(1 / (s + kappa) for s in lam)
        g_slope -= kappa / z * slope * mp.fsum(1 / (s + kappa) ** 2 for s in lam)
        energy = len(lam) - 2 * z * g - z**2 * g_slope
        mixing = mp.fsum(s * (s + z) / (s + kappa) ** 2 for s in lam) / (n - df2)
        variance = [float(kappa**2 * s / (s + kappa) ** 2 * mixing) for s in lam]
        agreement = float(df2 / energy)
    result = theory.denoising_errors(spectrum, samples, sigma)
    assert result.agreement == pytest.approx(agreement, rel=1e-10)
    value = theory.denoiser_variance(spectrum, samples, sigma)
    np.testing.assert_allclose(value, variance, rtol=1e-9)


@pytest.mark.parametrize("samples", [5.0, 40.0, 1e6])
def test_strong_noise_leaves_the_overlap_of_two_sample_covariances(samples):
    # D̂ → Σ̂/σ²: E Tr Σ̂₁Σ̂₂/E Tr Σ̂² = Tr Σ²/(Tr Σ² + (Tr Σ)²/n).
    lam = expanded(SPECTRA["power law 1"])
    square = np.sum(lam**2)
    expected = square / (square + lam.sum() ** 2 / samples)
    result = theory.denoising_errors(SPECTRA["power law 1"], samples, 1e6)
    assert result.agreement == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("samples", [40.0, 149.0, 150.0, 151.0])
def test_vanishing_noise_leaves_the_projection_on_the_data(samples):
    # D̂ → projector of rank min(n, d): E Tr D̂² = min(n, d); agreement = Σ (λ/(λ+κ₀))²/min(n, d).
    lam = expanded(SPECTRA["power law 1"])
    kappa = 0.0
    if samples < 150:
        kappa = brentq(lambda k: np.sum(lam / (lam + k)) - samples, 1e-9, 1e3, rtol=1e-14)
    expected = np.sum((lam / (lam + kappa)) ** 2) / min(samples, 150)
    result = theory.denoising_errors(SPECTRA["power law 1"], samples, 1e-12)
    assert result.agreement == pytest.approx(expected, rel=1e-5)
    variance = theory.denoiser_variance(SPECTRA["power law 1"], samples, 1e-12)
    assert np.all(np.isfinite(variance))
    assert np.all(variance >= 0.0)


# --------------------------------------------------------------------- invariances and input


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_units_of_the_data_only_scale_the_errors(scale):
    lam = np.array([9.0, 2.0, 1.0])
    bare, scaled = (Spectrum.from_eigenvalues(lam * s, [1, 5, 60]) for s in (1.0, scale))
    sigma = 0.7 * np.sqrt(scale)
    one = theory.denoising_errors(bare, [10, 100], 0.7)
    two = theory.denoising_errors(scaled, [10, 100], sigma)
    for field in ("test", "train", "optimal", "renormalised_noise"):
        np.testing.assert_allclose(getattr(two, field), getattr(one, field) * scale, rtol=1e-11)
    np.testing.assert_allclose(two.agreement, one.agreement, rtol=1e-11)
    np.testing.assert_allclose(
        theory.denoiser_variance(scaled, [10, 100], sigma),
        theory.denoiser_variance(bare, [10, 100], 0.7) * scale,
        rtol=1e-11,
    )


def test_zero_eigenvalues_do_not_change_the_errors():
    bare = Spectrum.from_eigenvalues([3.0, 1.0], [5, 80])
    padded = Spectrum.from_eigenvalues([3.0, 1.0, 0.0], [5, 80, 500])
    one, two = (theory.denoising_errors(s, [7.0, 85.0, 300.0], 0.2) for s in (bare, padded))
    for field in ("test", "train", "optimal", "agreement", "renormalised_noise"):
        np.testing.assert_allclose(getattr(two, field), getattr(one, field), rtol=1e-12)


def test_shapes_and_broadcasting():
    spectrum = SPECTRA["zeros"]
    result = theory.denoising_errors(spectrum, [[10], [150]], [0.1, 0.2, 0.3])
    for field in ("test", "train", "optimal", "agreement", "renormalised_noise"):
        assert getattr(result, field).shape == (2, 3)
        single = getattr(theory.denoising_errors(spectrum, 150, 0.2), field)
        assert np.shape(single) == ()
        assert getattr(result, field)[1, 1] == pytest.approx(float(single), rel=1e-13)
    assert theory.denoiser_variance(spectrum, 10, 0.1).shape == (3,)
    assert theory.denoiser_variance(spectrum, [[10, 20]], 0.1, at=[1.0]).shape == (1, 2, 1)
    np.testing.assert_allclose(
        theory.denoiser_variance(spectrum, 10, 0.1, at=[1.0, 0.5, 3.0])[[2, 0]],
        theory.denoiser_variance(spectrum, 10, 0.1)[:2],
        rtol=1e-13,
    )


@pytest.mark.parametrize("samples", [0, None])
@pytest.mark.parametrize("function", ["denoising_errors", "denoiser_variance"])
def test_bad_samples_are_refused_in_one_sentence(function, samples):
    call = {
        "denoising_errors": theory.denoising_errors,
        "denoiser_variance": theory.denoiser_variance,
    }[function]
    with pytest.raises(InputError) as caught:
        call(SPECTRA["spiked"], samples, 0.5)
    assert "samples" in str(caught.value)
    assert ". " not in str(caught.value)


@pytest.mark.parametrize("sigma", [0, []])
@pytest.mark.parametrize("function", ["denoising_errors", "denoiser_variance"])
def test_bad_noise_levels_are_refused_in_one_sentence(function, sigma):
    call = {
        "denoising_errors": theory.denoising_errors,
        "denoiser_variance": theory.denoiser_variance,
    }[function]
    with pytest.raises(InputError) as caught:
        call(SPECTRA["spiked"], 10, sigma)
    assert "sigma" in str(caught.value)
    assert ". " not in str(caught.value)


def test_samples_and_noise_levels_that_do_not_broadcast_are_refused():
    with pytest.raises(InputError):
        theory.denoising_errors(SPECTRA["spiked"], [10, 20], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("at", [[-1.0], [[1.0, 2.0]]])
def test_bad_eigenvalues_are_refused_in_one_sentence(at):
    with pytest.raises(InputError) as caught:
        theory.denoiser_variance(SPECTRA["spiked"], 10, 0.5, at=at)
    assert "at " in str(caught.value)
    assert ". " not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
