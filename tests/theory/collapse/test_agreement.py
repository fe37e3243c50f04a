import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import softmax
from scipy.stats import norm
from sklearn.datasets import load_digits

from convergen.theory.collapse.agreement import (
    _centre,
    _query_moments,
    measure_agreement,
    predict_agreement,
)
from convergen.theory.collapse.agreement_threshold import agreement_threshold
from convergen.theory.collapse.data_laws import GaussianLaw
from convergen.theory.collapse.kernel_sums import KernelLaw
from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored
from tests.options import in_order, unsaid
from tests.theory.collapse.laws import four_components

stored = Stored(__file__)


def digits():
    data = load_digits().data
    return (data - data.mean(axis=0)) / data.std()


def frozen_agreement(variances, log_n, sigma, draws=200):
    """The random-energy model: weights condense on p_θ ∝ p L^θ with KL(p_θ ‖ p) = log n."""
    x = np.random.default_rng(0).standard_normal((draws, variances.size))
    x *= np.sqrt(variances + sigma**2)

    def divergence(theta, square):
        s = sigma**2 / theta
        gain = variances / (variances + s)
        return 0.5 * np.sum(
            np.log1p(variances / s) - gain + variances * square / (variances + s) ** 2
        )

    means, spreads, thetas = np.empty(draws), np.empty(draws), np.ones(draws)
    for i, square in enumerate(x**2):
        if divergence(1.0, square) > log_n:
            thetas[i] = brentq(lambda t, sq=square: divergence(t, sq) - log_n, 1e-9, 1.0)
        s = sigma**2 / thetas[i]
        means[i] = np.sum((variances / (variances + s)) ** 2 * square)
        spreads[i] = np.sum(variances * s / (variances + s))
    total = means + (1.0 - thetas) * spreads
    return means.mean() / total.mean(), (1.0 - thetas).mean()


FUNCTIONS = {
    measure_agreement: {"queries": 20, "repeats": 3},
    predict_agreement: {"draws": 12},
}
LAWS = {
    "isotropic": Spectrum.isotropic(20),
    "plane": Spectrum.isotropic(2),
    "power law": Spectrum.power_law(100, 1.0),
    "mixture": four_components(),
    "digits": digits(),
}


@stored
def simulated(law, samples, sigma, repeats, seed):
    """Agreement, and how many training points answer a query."""
    found = measure_agreement(LAWS[law], samples, sigma, queries=128, repeats=repeats, seed=seed)
    return vars(found)


@stored
def crossing(law, sigma, guess):
    """log n at which the simulated agreement is ½, by a line through five n, and its error."""
    n = np.unique(np.round(guess * np.array([0.7, 0.85, 1.0, 1.2, 1.45])))
    crossings = []
    for seed in range(5):
        value = measure_agreement(LAWS[law], n, sigma, queries=128, repeats=4, seed=seed).value
        slope, offset = np.polyfit(np.log(n), value, 1)
        crossings.append((0.5 - offset) / slope)
    return np.mean(crossings), np.std(crossings, ddof=1) / np.sqrt(5.0)


@stored
def spread(count):
    """Standard deviation of the agreement between seeds, and the mean of what is claimed."""
    runs = [
        measure_agreement(Spectrum.isotropic(10), 30, 0.8, queries=30, repeats=8, seed=s)
        for s in range(count)
    ]
    return np.std([run.value for run in runs], ddof=1), np.mean([run.stderr for run in runs])


def test_measurement_is_that_of_plain_softmax_code():
    spectrum, n, sigma, fresh = Spectrum.power_law(6, 1.0), 9, 0.4, 7
    law, sums = GaussianLaw(spectrum), []
    for r in range(3):
        rng = np.random.default_rng([5, r])
        points = law.draw(2 * n + fresh, rng)
        x = points[:fresh] + sigma * rng.standard_normal((fresh, 6))
        denoised, rows = [], []
        for data in (points[fresh : fresh + n], points[fresh + n :]):
            distances = np.sum((x[:, None] - data) ** 2, axis=2)
            w = softmax(-0.5 * distances / sigma**2, axis=1)
            denoised.append(w @ data)
            logs = np.log(np.maximum(w, 1e-300))
            rows.append([np.sum(w**2, axis=1), -np.sum(w * logs, axis=1), w.max(axis=1)])
        first, second = denoised
        inner = np.mean(np.sum(first * second, axis=1))
        square = np.mean(np.sum(first**2 + second**2, axis=1)) / 2.0
        sums.append([inner, square, *np.mean(rows, axis=(0, 2))])
    mean = np.mean(sums, axis=0)
    found = measure_agreement(spectrum, n, sigma, queries=fresh, repeats=3, seed=5)
    assert found.value == pytest.approx(mean[0] / mean[1], rel=1e-10)
    assert found.participation == pytest.approx(1.0 / mean[2], rel=1e-10)
    assert found.entropy == pytest.approx(mean[3], rel=1e-9)
    assert found.max_weight == pytest.approx(mean[4], rel=1e-10)
    left_out = [np.delete(sums, r, axis=0).mean(axis=0) for r in range(3)]
    ratios = np.array([row[0] / row[1] for row in left_out])
    error = np.sqrt(2.0 / 3.0 * np.sum((ratios - ratios.mean()) ** 2))
    assert found.stderr == pytest.approx(error, rel=1e-8)


def test_agreement_does_not_depend_on_the_origin():
    """Means are taken from the data mean."""
    near = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [0.3, 0.3])
    far = GaussianMixture([0.5, 0.5], [[50.0, 50.0], [51.0, 51.0]], [0.3, 0.3])
    for function, options in FUNCTIONS.items():
        a, b = (function(law, 10, 0.5, seed=3, **options) for law in (near, far))
        assert a.value == pytest.approx(float(b.value), rel=1e-6)
        assert a.participation == pytest.approx(float(b.participation), rel=1e-6)


def test_standard_error_is_the_spread_between_seeds():
    between, claimed = spread(100)
    assert claimed == pytest.approx(between, rel=0.25)


def test_moments_against_quadrature_over_two_training_points():
    """n = 2 at one query on a line: every expectation is a sum over pairs of points."""
    x, sigma, y = 0.8, 0.5, np.linspace(-7.0, 7.0, 1501)
    p = norm.pdf(y) / norm.pdf(y).sum()
    logs = -0.5 * ((x - y) / sigma) ** 2
    order = np.argsort(logs)
    kernel = KernelLaw(logs[order], np.log(p[order]), y[order, None], y[order] ** 2, 0.0)
    first = 1.0 / (1.0 + np.exp(logs - logs[:, None]))
    second, pairs = 1.0 - first, p[:, None] * p
    denoised = first * y[:, None] + second * y
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nan_to_num(first * np.log(first)) - np.nan_to_num(second * np.log(second))
    exact = [
        np.sum(pairs * denoised) ** 2,
        np.sum(pairs * denoised**2),
        np.sum(pairs * (first**2 + second**2)),
        np.sum(pairs * entropy),
        np.sum(pairs * np.maximum(first, second)),
    ]
    np.testing.assert_allclose(_query_moments(kernel, 2.0), exact, rtol=2e-3)


@pytest.mark.parametrize(
    ("law", "sigma", "samples"),
    [
        ("isotropic", 1.0, (5, 40, 400)),
        ("isotropic", 0.4, (30, 900)),
        ("plane", 0.3, (10, 100)),
        ("power law", 0.5, (20, 400)),
        ("mixture", 1.0, (10, 80, 600)),
    ],
)
def test_prediction_against_simulation(law, sigma, samples):
    measured = simulated(law, samples, sigma, 16, 1)
    draws = 96 if law in ("isotropic", "plane") else 48
    predicted = predict_agreement(LAWS[law], samples, sigma, draws=draws)
    noise = np.hypot(measured["stderr"], predicted.stderr)
    assert np.all(np.abs(predicted.value - measured["value"]) < 4.0 * noise + 0.005)
    np.testing.assert_allclose(predicted.participation, measured["participation"], rtol=0.06)
    np.testing.assert_allclose(predicted.entropy, measured["entropy"], atol=0.05, rtol=0.03)
    np.testing.assert_allclose(predicted.max_weight, measured["max_weight"], atol=0.02)


def test_digits_from_reference_images():
    measured = simulated("digits", (10, 40, 160), 1.3, 12, 0)
    predicted = predict_agreement(LAWS["digits"], [10, 40, 160], 1.3, draws=48)
    noise = np.hypot(measured["stderr"], predicted.stderr)
    assert np.all(np.abs(predicted.value - measured["value"]) < 4.0 * noise)
    np.testing.assert_allclose(predicted.participation, measured["participation"], rtol=0.08)


def test_large_dimension_is_the_random_energy_model():
    """At fixed log n/d; at d = 20 the same law is far off."""
    variances, sigma, share = np.ones(2000), 1.0, 0.2
    limit, participation = frozen_agreement(variances, share * 2000, sigma)
    found = predict_agreement(Spectrum.isotropic(2000), np.exp(share * 2000), sigma, draws=16)
    assert found.value == pytest.approx(limit, abs=0.01)
    assert 1.0 / found.participation == pytest.approx(participation, abs=0.01)
    small, _ = frozen_agreement(np.ones(20), share * 20, sigma)
    assert predict_agreement(Spectrum.isotropic(20), np.exp(4.0), sigma).value < small - 0.15


def test_limits_in_n_and_sigma():
    spectrum = Spectrum.isotropic(5)
    alone = predict_agreement(spectrum, 1, [0.01, 1.0], draws=32)
    np.testing.assert_allclose(alone.value, 0.0, atol=2e-3)
    np.testing.assert_allclose(alone.participation, 1.0, atol=1e-3)
    np.testing.assert_allclose(alone.max_weight, 1.0, atol=5e-3)
    many = predict_agreement(spectrum, 1e200, 1.0, draws=32)
    assert many.value == pytest.approx(1.0, abs=1e-6)
    flat = predict_agreement(spectrum, 40, 1e3, draws=32)
    assert flat.participation == pytest.approx(40.0, rel=1e-3)
    assert flat.entropy == pytest.approx(np.log(40.0), abs=1e-3)
    # Far below the distance of neighbours only the nearest point counts.
    cold = predict_agreement(spectrum, 20, [1e-5, 0.02])
    assert cold.value[0] == pytest.approx(cold.value[1], abs=0.01)
    np.testing.assert_allclose(cold.max_weight, 1.0, atol=0.02)


def test_agreement_grows_with_n_and_shrinks_with_noise_information():
    found = predict_agreement(Spectrum.power_law(50, 1.0), np.geomspace(1, 1e8, 9), 0.4, draws=32)
    assert np.all(np.diff(found.value) > 0.0)
    assert np.all(np.diff(found.participation) > 0.0)
    assert np.all(np.diff(found.max_weight) < 0.0)


def test_rotation_does_not_matter():
    """A mixture of one component is the Gaussian with its spectrum."""
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((8, 12)) / np.sqrt(12)
    covariance = factor @ factor.T
    mixture = GaussianMixture([1.0], [np.arange(8.0)], [covariance])
    spectrum = Spectrum.from_eigenvalues(np.linalg.eigvalsh(covariance))
    a, b = (predict_agreement(law, 60, 0.5, draws=100) for law in (mixture, spectrum))
    assert abs(a.value - b.value) < 4.0 * np.hypot(a.stderr, b.stderr)
    assert a.participation == pytest.approx(float(b.participation), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "sigma", "guess", "coincide"),
    [
        ("isotropic", 0.5, 1360.0, False),
        ("isotropic", 1.2, 155.0, True),
        ("isotropic", 3.0, 51.6, False),
        ("power law", 0.6, 222.0, True),
        ("power law", 0.3, 2470.0, False),
        ("mixture", 1.5, 45.1, True),
        pytest.param("digits", 1.9, 26.7, True, marks=pytest.mark.slow),
        pytest.param("digits", 1.3, 29.7, False, marks=pytest.mark.slow),
    ],
)
def test_simulated_crossing_is_where_it_is_predicted(law, sigma, guess, coincide):
    """Within 5 % in log n; n* = exp I is so within 15 % only at noise of the order of the data."""
    threshold = agreement_threshold(LAWS[law], sigma, draws=32)
    found, error = crossing(law, sigma, guess)
    assert error < 0.05 * found
    assert found == pytest.approx(float(np.log(threshold.samples)), rel=0.05)
    ratio = found / float(np.log(threshold.to_generalise))
    assert (abs(ratio - 1.0) < 0.15) == coincide


def test_broadcasting_and_seeds():
    spectrum = Spectrum.isotropic(4)
    for function, options in FUNCTIONS.items():
        found = function(spectrum, [[3], [9]], [0.4, 0.8, 1.6], **options)
        assert found.value.shape == found.max_weight.shape == (2, 3)
        same, other = (function(spectrum, 9, 0.8, seed=s, **options) for s in (0, 1))
        assert same.value.shape == ()
        assert other.value != same.value
    assert predict_agreement(spectrum, 9, 0.8, draws=12).value == found.value[1, 1]


def test_data_sets_are_split_without_overlap():
    data = np.random.default_rng(0).standard_normal((60, 3))
    assert np.isfinite(measure_agreement(data, 20, 0.5, queries=20, repeats=2).value)
    with pytest.raises(InputError, match="62 distinct points are needed, but the data set has 60"):
        measure_agreement(data, 21, 0.5, queries=20, repeats=2)
    assert np.isnan(predict_agreement(data, 30, 0.5).value)
    assert np.isnan(predict_agreement(data[:6], 1, 0.5).value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: measure_agreement(s, 2.5, 1.0), "samples must be a whole number"),
        (lambda s: measure_agreement(s, 0, 1.0), "at least 1"),
        (lambda s: measure_agreement(s, 5, 1.0, repeats=1), "repeats must be a whole number"),
        (lambda s: measure_agreement(s, 5, 1.0, queries=0), "queries must be a whole number"),
        (lambda s: measure_agreement(s, 5, -1.0), "sigma must be positive"),
        (lambda s: predict_agreement(s, 0.2, 1.0), "at least 1"),
        (lambda s: predict_agreement(s, 5, np.nan), "sigma holds 1"),
        (lambda s: predict_agreement(s, 5, 1.0, draws=1), "draws must be a whole number"),
        (lambda s: predict_agreement(s, 5, 1.0, seed=-1), "seed must be a whole number"),
        (lambda s: agreement_threshold(s, 0.0), "sigma must be positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call(Spectrum.isotropic(2))


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)


def test_where_one_point_has_all_the_weight_moments_are_those_of_the_nearest_of_n():
    """Kernels of twelve data points so far apart that the largest of n is all of the sum."""
    rng = np.random.default_rng(0)
    count, n = 12, 5.0
    vectors = rng.standard_normal((count, 3))
    squares = rng.random(count)
    logs = np.linspace(-1e7, 0.0, count)
    masses = np.full(count, -np.log(count))
    inner, square, *rest = _query_moments(
        KernelLaw(logs, masses, vectors, squares, 0.0, atoms=count), n
    )
    assert rest == [1.0, 0.0, 1.0]
    place = np.arange(count + 1) / count
    first = np.diff(place**n)  # the largest of n is this one
    assert square == pytest.approx(first @ squares, rel=1e-6)
    # Two sets of one data set share no point.
    products = np.outer(first, first) * (vectors @ vectors.T)
    expected = count / (count - 1) * (products.sum() - np.trace(products))
    assert inner == pytest.approx(expected, rel=1e-6)
    alone = _query_moments(KernelLaw(logs, masses, vectors, squares, 0.0), n, weights=False)
    assert alone == pytest.approx([products.sum(), square], rel=1e-6)


def test_two_points_of_a_data_set_are_never_the_same_one():
    """n = 2 of nine points: sums over all pairs, of which those of one point twice do not count."""
    rng = np.random.default_rng(4)
    count, y, x = 9, rng.standard_normal((9, 3)) + 0.5, 0.5 * rng.standard_normal(3)
    logs = -0.5 * np.sum((x - y) ** 2, axis=1) / 0.9**2
    order = np.argsort(logs)
    y, logs = y[order], logs[order]
    mass = np.full(count, -np.log(count))
    kernel = KernelLaw(logs, mass, y, np.sum(y**2, axis=1), 0.0, atoms=count)
    first = 1.0 / (1.0 + np.exp(logs - logs[:, None]))
    products, apart = y @ y.T, ~np.eye(count, dtype=bool)
    weight = 2.0 * first.mean(axis=1) / count
    several = 2.0 * first * (1.0 - first) * products
    exact = [
        count / (count - 1) * np.sum((np.outer(weight, weight) * products)[apart]),
        np.mean(2.0 * first**2 * np.diagonal(products)[:, None]) + several[apart].mean(),
    ]
    np.testing.assert_allclose(_query_moments(kernel, 2.0)[:2], exact, rtol=1e-5)
    np.testing.assert_allclose(_query_moments(kernel, 2.0, weights=False), exact, rtol=1e-5)


@pytest.mark.parametrize(("reach", "alone"), [(1230.0, False), (1250.0, True)])
def test_the_nearest_point_has_all_the_weight_from_steps_of_five_on(reach, alone):
    logs = np.linspace(-reach, 0.0, 12)
    law = KernelLaw(logs, np.full(12, -np.log(12)), np.ones((12, 1)), np.ones(12), 0.0, atoms=12)
    log_t = law.times(5.0)[0]
    assert log_t[1] - log_t[0] == pytest.approx(5.07 if alone else 4.99, abs=0.01)
    assert (_query_moments(law, 5.0)[2:] == [1.0, 0.0, 1.0]) == alone


def test_nodes_of_no_mass_do_no_harm():
    """That any other kernel is larger is then sure to rounding."""
    rng, masses = np.random.default_rng(0), np.log([1e-30, 0.5, 0.5])
    for logs in ([-1e7, -5e6, 0.0], [-2.0, -1.0, 0.0]):
        law = KernelLaw(np.array(logs), masses, rng.standard_normal((3, 2)), np.ones(3), 0.0)
        without = KernelLaw(law.logs[1:], masses[1:], law.vectors[1:], law.squares[1:], 0.0)
        found, expected = _query_moments(law, 3.0), _query_moments(without, 3.0)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_law_of_unknown_mean_is_taken_from_that_of_16384_draws():
    class Known:
        def draw(self, count, rng):
            return rng.standard_normal((count, 3)) + 7.0

    expected = 7.0 + np.random.default_rng(0).standard_normal((16384, 3)).mean(axis=0)
    np.testing.assert_allclose(_centre(Known()), expected, rtol=1e-12)


def test_what_is_done_where_nothing_is_said():
    assert unsaid(measure_agreement) == {"queries": 256, "repeats": 8, "seed": 0}
    assert unsaid(predict_agreement) == {"draws": 128, "seed": 0}
    for function in (measure_agreement, predict_agreement):
        assert in_order(function) == ["law", "samples", "sigma"]


def test_an_entropy_is_one_or_is_not_known():
    data = np.random.default_rng(0).standard_normal((60, 40))
    sigma = np.geomspace(0.05, 2.0, 12)
    found = predict_agreement(data, 5, sigma, draws=16).entropy
    known = np.isfinite(found)
    assert known[0]  # one point has all the weight
    assert known[-1]
    assert not np.all(known)
    assert np.all(found[known] > -0.02)
    assert np.all(found[known] < np.log(5.0) + 0.02)
