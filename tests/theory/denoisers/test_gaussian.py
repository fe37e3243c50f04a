import tracemalloc

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.linear.denoising_errors import denoising_errors
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored

stored = Stored(__file__)

EXTREME = np.array([1e-8, 1e-3, 1.0, 1e3, 1e8])


def rotation(dim, columns, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, columns))).Q


def low_rank(dim=7, tail=0.0, shape=None):
    """Three known directions, all others of variance `tail`."""
    values, vectors = [5.0, 2.0, 0.5] + [tail] * (dim - 3), rotation(dim, 3)
    spectrum = Spectrum.from_eigenvalues(values, eigenvectors=vectors)
    mean = np.linspace(-1.0, 2.0, dim)
    matrix = vectors @ np.diag(np.array(values[:3]) - tail) @ vectors.T + tail * np.eye(dim)
    return GaussianDenoiser(spectrum, mean=mean, shape=shape), mean, matrix


def dense(dim=5):
    factor = np.random.default_rng(1).standard_normal((dim, 2 * dim))
    matrix, mean = factor @ factor.T / dim, np.arange(float(dim))
    return GaussianDenoiser.from_covariance(matrix, mean), mean, matrix


def diagonal():
    spectrum = Spectrum.from_eigenvalues([0.0, 4.0, 1.0], [1, 1, 2])
    return GaussianDenoiser(spectrum), np.zeros(4), np.diag([4.0, 1.0, 1.0, 0.0])


def one_dimensional():
    return GaussianDenoiser.from_covariance([[3.0]], [0.5]), np.array([0.5]), np.array([[3.0]])


CASES = {
    "dense": dense(),
    "null space": low_rank(),
    "tail": low_rank(tail=0.25),
    "diagonal": diagonal(),
    "d = 1": one_dimensional(),
}
REGULAR = ["dense", "tail", "d = 1"]


def points(dim, batch=6, seed=2):
    return 2.0 * np.random.default_rng(seed).standard_normal((batch, dim))


# ------------------------------------------------------------------------- against explicit algebra


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sigma", [0.05, 1.0, 30.0])
def test_wiener_filter_is_the_explicit_one(name, sigma):
    denoiser, mean, matrix = CASES[name]
    x = points(len(mean))
    filtered = matrix @ np.linalg.inv(matrix + sigma**2 * np.eye(len(mean)))
    expected = mean + (x - mean) @ filtered.T
    np.testing.assert_allclose(denoiser(x, sigma), expected, rtol=1e-11, atol=1e-12)
    score = -(x - mean) @ np.linalg.inv(matrix + sigma**2 * np.eye(len(mean)))
    np.testing.assert_allclose(denoiser.score(x, sigma), score, rtol=1e-9, atol=1e-10 / sigma**2)
    assert isinstance(denoiser, Denoiser)


@pytest.mark.parametrize("name", CASES)
def test_each_point_may_have_its_own_noise(name):
    denoiser, mean, _ = CASES[name]
    x, sigma = points(len(mean), batch=5), EXTREME
    for method in (denoiser, denoiser.score, denoiser.log_density):
        together = method(x, sigma)
        for i in range(5):
            np.testing.assert_allclose(together[i], method(x[i : i + 1], sigma[i])[0], rtol=1e-9)
    moved = denoiser.flow(x, sigma, sigma[::-1])
    for i in range(5):
        alone = denoiser.flow(x[i : i + 1], sigma[i], sigma[4 - i])[0]
        np.testing.assert_allclose(moved[i], alone, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_log_density_is_scipys_and_score_its_gradient(name, sigma):
    denoiser, mean, matrix = CASES[name]
    x = points(len(mean))
    law = multivariate_normal(mean, matrix + sigma**2 * np.eye(len(mean)))
    expected = np.atleast_1d(law.logpdf(x if len(mean) > 1 else x[:, 0]))
    np.testing.assert_allclose(denoiser.log_density(x, sigma), expected, rtol=1e-11)
    step = 1e-5
    for j in range(len(mean)):
        shift = step * np.eye(len(mean))[j]
        upper, lower = (denoiser.log_density(x + sign * shift, sigma) for sign in (1, -1))
        slope = (upper - lower) / (2 * step)
        np.testing.assert_allclose(denoiser.score(x, sigma)[:, j], slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", REGULAR)
def test_log_density_without_noise(name):
    denoiser, mean, matrix = CASES[name]
    x = points(len(mean))
    expected = multivariate_normal(mean, matrix).logpdf(x if len(mean) > 1 else x[:, 0])
    np.testing.assert_allclose(denoiser.log_density(x), expected, rtol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_square_root_and_flow_are_the_explicit_matrix_functions(name):
    denoiser, mean, matrix = CASES[name]
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0.0)
    x = points(len(mean))
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    np.testing.assert_allclose(denoiser.square_root(x), mean + x @ root, rtol=1e-7, atol=1e-7)
    ratio = vectors @ np.diag(np.sqrt((values + 0.01) / (values + 9.0))) @ vectors.T
    moved = denoiser.flow(x, 3.0, 0.1)
    np.testing.assert_allclose(moved, mean + (x - mean) @ ratio, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(denoiser.flow(moved, 0.1, 3.0), x, rtol=1e-11, atol=1e-11)
    half = denoiser.flow(denoiser.flow(x, 3.0, 0.7), 0.7, 0.1)
    np.testing.assert_allclose(half, moved, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_flow_from_infinite_noise_ends_at_the_square_root(name):
    denoiser, mean, _ = CASES[name]
    z = points(len(mean))
    ends = [denoiser.flow(level * z, level, 0.0) for level in (1e2, 1e4)]
    gaps = [np.abs(end - denoiser.square_root(z)).max() for end in ends]
    # The seeds are centred on 0 and not on the mean, an error of order |mean|/σ_max.
    assert gaps[1] < 5e-4
    assert gaps[1] < 0.02 * gaps[0]


def test_flow_is_the_flow_of_the_denoiser():
    denoiser, mean, _ = CASES["tail"]
    x, sigma, step = points(len(mean)), 0.8, 1e-5
    derivative = (denoiser.flow(x, sigma, sigma + step) - denoiser.flow(x, sigma, sigma - step)) / (
        2 * step
    )
    np.testing.assert_allclose(derivative, (x - denoiser(x, sigma)) / sigma, rtol=1e-8, atol=1e-9)


# ---------------------------------------------------------------------------------------- extremes


@pytest.mark.parametrize("name", CASES)
def test_limits_of_small_and_large_noise(name):
    denoiser, mean, matrix = CASES[name]
    x = points(len(mean))
    kept = mean + (x - mean) @ np.linalg.pinv(matrix, rcond=1e-10) @ matrix
    np.testing.assert_allclose(denoiser(x, 1e-8), kept, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(denoiser(x, 1e8), np.tile(mean, (6, 1)), atol=1e-12)
    for sigma in (1e-150, 1e150):
        assert np.isfinite(denoiser(x, sigma)).all()


def test_score_keeps_its_digits_at_small_noise():
    denoiser, mean, matrix = CASES["dense"]
    x = points(len(mean))
    expected = -(x - mean) @ np.linalg.inv(matrix)
    np.testing.assert_allclose(denoiser.score(x, 1e-8), expected, rtol=1e-9)
    np.testing.assert_allclose(denoiser.score(x, 1e8), -(x - mean) * 1e-16, rtol=1e-12)


@pytest.mark.parametrize("sigma", EXTREME)
def test_zero_eigenvalues_along_the_axes_are_exact(sigma):
    denoiser, _, _ = CASES["diagonal"]
    x = np.array([[1.0, -2.0, 3.0, 4.0]])
    lam = np.array([4.0, 1.0, 1.0, 0.0])
    total = lam + sigma**2
    np.testing.assert_allclose(denoiser(x, sigma), x * lam / total, rtol=1e-15)
    np.testing.assert_allclose(denoiser.score(x, sigma), -x / total, rtol=1e-14)
    logs = -0.5 * np.sum(x**2 / total) - 0.5 * np.sum(np.log(2 * np.pi * total))
    np.testing.assert_allclose(denoiser.log_density(x, sigma), logs, rtol=1e-14)


def test_ten_thousand_dimensions_of_low_rank_cost_neither_time_nor_memory():
    dim, rank = 10_000, 20
    vectors, values = rotation(dim, rank), np.linspace(50.0, 1.0, rank)
    spectrum = Spectrum.from_eigenvalues(
        np.append(values, 0.1), [1] * rank + [dim - rank], eigenvectors=vectors
    )
    denoiser = GaussianDenoiser(spectrum, shape=(100, 100))
    along, across = np.random.default_rng(0).standard_normal((2, 4, dim))
    along = (along @ vectors) @ vectors.T
    across -= (across @ vectors) @ vectors.T
    tracemalloc.start()
    result = denoiser((along + across).reshape(4, 100, 100), 0.5)
    log = denoiser.log_density((along + across).reshape(4, 100, 100), 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    shrunk = along @ vectors * values / (values + 0.25) @ vectors.T + across * 0.1 / 0.35
    np.testing.assert_allclose(result.reshape(4, -1), shrunk, atol=1e-12)
    exponent = np.sum((along @ vectors) ** 2 / (values + 0.25), axis=1)
    exponent += np.sum(across**2, axis=1) / 0.35
    volume = np.sum(np.log(values + 0.25)) + (dim - rank) * np.log(0.35)
    expected = -0.5 * (exponent + volume + dim * np.log(2 * np.pi))
    np.testing.assert_allclose(log, expected, rtol=1e-12)
    assert peak < 20 * 4 * dim * 8


def test_eigenvectors_may_span_everything_or_nothing():
    x = points(4)
    full = rotation(4, 4)
    values = np.array([4.0, 3.0, 2.0, 1.0])
    all_known = GaussianDenoiser(Spectrum.from_eigenvalues(values, eigenvectors=full))
    matrix = (full * values) @ full.T
    expected = x @ matrix @ np.linalg.inv(matrix + np.eye(4))
    np.testing.assert_allclose(all_known(x, 1.0), expected, rtol=1e-11)
    none_known = Spectrum.from_eigenvalues([2.0], [4], eigenvectors=np.empty((4, 0)))
    np.testing.assert_allclose(GaussianDenoiser(none_known)(x, 1.0), x * 2 / 3, rtol=1e-14)


def test_rounding_of_a_singular_covariance_is_no_variance():
    _, mean, matrix = CASES["null space"]
    denoiser = GaussianDenoiser.from_covariance(matrix, mean)
    assert denoiser.spectrum.rank == 3
    x = points(7)
    np.testing.assert_allclose(denoiser(x, 1e-6), low_rank()[0](x, 1e-6), atol=1e-10)


# -------------------------------------------------------------------------------- shapes and dtypes


@pytest.mark.parametrize("name", ["null space", "tail", "diagonal", "dense"])
def test_single_precision_stays_single_and_is_accurate(name):
    denoiser, mean, _ = CASES[name]
    x = points(len(mean)).astype(np.float32)
    single = [denoiser(x, 0.5), denoiser.score(x, 0.5), denoiser.square_root(x)]
    single.append(denoiser.flow(x, 5.0, 0.1))
    x = x.astype(np.float64)
    double = [denoiser(x, 0.5), denoiser.score(x, 0.5), denoiser.square_root(x)]
    double.append(denoiser.flow(x, 5.0, 0.1))
    for low, high in zip(single, double, strict=True):
        assert low.dtype == np.float32
        assert high.dtype == np.float64
        np.testing.assert_allclose(low, high, rtol=1e-5, atol=1e-5)
    assert denoiser(np.ones((1, len(mean)), dtype=int), 1).dtype == np.float64


@pytest.mark.parametrize("sigma", EXTREME)
def test_single_precision_at_extreme_noise(sigma):
    for denoiser, mean, _ in CASES.values():
        x = points(len(mean)).astype(np.float32)
        for result in (denoiser(x, sigma), denoiser.score(x, sigma)):
            assert np.isfinite(result).all()


def test_images_are_flattened_in_c_order():
    image, mean, _ = low_rank(dim=6, tail=0.25, shape=(2, 3))
    flat = low_rank(dim=6, tail=0.25)[0]
    x = points(6)
    assert image.mean.shape == (2, 3)
    for name, arguments in {
        "__call__": (0.5,),
        "score": (0.5,),
        "square_root": (),
        "flow": (2.0, 0.0),
    }.items():
        shaped = getattr(image, name)(x.reshape(6, 2, 3), *arguments)
        np.testing.assert_array_equal(shaped, getattr(flat, name)(x, *arguments).reshape(6, 2, 3))
    logs = image.log_density(x.reshape(6, 2, 3), 0.5)
    np.testing.assert_array_equal(logs, flat.log_density(x, 0.5))
    again = GaussianDenoiser(image.spectrum, mean=mean.reshape(2, 3), shape=(2, 3))
    np.testing.assert_array_equal(again.mean, image.mean)
    assert image.sample(3, np.random.default_rng(0)).shape == (3, 2, 3)


# ----------------------------------------------------------------------------------------- sampling


@pytest.mark.parametrize("name", CASES)
def test_samples_have_the_mean_and_the_covariance(name):
    denoiser, mean, matrix = CASES[name]
    count = 20_000
    x = denoiser.sample(count, np.random.default_rng(3))
    scale = np.sqrt(np.diag(matrix))
    assert np.all(np.abs(x.mean(axis=0) - mean) <= 5 * scale / np.sqrt(count) + 1e-12)
    error = np.sqrt((np.outer(scale, scale) ** 2 + matrix**2) / count)
    found = (x - mean).T @ (x - mean) / count
    assert np.all(np.abs(found - matrix) <= 5 * error + 1e-12)


def test_samples_are_reproducible_from_the_seed():
    denoiser = CASES["tail"][0]
    first, second = (denoiser.sample(4, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    seeds = np.random.default_rng(7).standard_normal((4, 7))
    np.testing.assert_array_equal(first, denoiser.square_root(seeds))


# ------------------------------------------------------------------------------------- linear model


@pytest.mark.parametrize("samples", [4, 40])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("center", [True, False])
def test_linear_model_is_the_explicit_one(samples, ridge, center):
    data = np.random.default_rng(4).standard_normal((samples, 9)) * np.linspace(2, 1, 9) + 1.0
    model = LinearDenoiser.fit(data, ridge=ridge, center=center)
    mean = data.mean(axis=0) if center else np.zeros(9)
    covariance = (data - mean).T @ (data - mean) / samples + ridge * np.eye(9)
    x, sigma = points(9), 0.7
    expected = mean + (x - mean) @ covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(9))
    np.testing.assert_allclose(model(x, sigma), expected, rtol=1e-10, atol=1e-11)
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    np.testing.assert_allclose(model.square_root(x), mean + x @ root, rtol=1e-7, atol=1e-7)
    law = multivariate_normal(mean, covariance + 0.49 * np.eye(9))
    np.testing.assert_allclose(model.log_density(x, sigma), law.logpdf(x), rtol=1e-11)
    assert (model.samples, model.ridge) == (samples, ridge)


def test_ridge_makes_a_density():
    data = np.random.default_rng(4).standard_normal((4, 9))
    with pytest.raises(InputError, match="rank 3 in dimension 9"):
        LinearDenoiser.fit(data).log_density(data)
    assert np.isfinite(LinearDenoiser.fit(data, ridge=1e-3).log_density(data)).all()


def test_fit_reads_memory_maps_and_images(tmp_path):
    images = np.random.default_rng(5).standard_normal((6, 4, 5)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    model = LinearDenoiser.fit(np.load(tmp_path / "images.npy", mmap_mode="r"))
    assert model.shape == (4, 5)
    x = points(20, batch=3)
    flat = LinearDenoiser.fit(images.reshape(6, 20))(x, 0.5)
    np.testing.assert_allclose(model(x.reshape(3, 4, 5), 0.5).reshape(3, 20), flat, rtol=1e-12)


def test_fit_in_many_dimensions_goes_through_the_gram_matrix():
    data = np.random.default_rng(6).standard_normal((5, 10_000))
    model = LinearDenoiser.fit(data)
    # Every training sample lies in the span that small noise leaves alone.
    np.testing.assert_allclose(model(data, 1e-6), data, atol=1e-11)
    assert model.spectrum.rank == 4


@stored
def simulated_errors(samples, sigma):
    """Test and train errors of twelve linear models, each mean with its error."""
    truth, rng = GaussianDenoiser(Spectrum.power_law(120, 0.8)), np.random.default_rng(8)
    tests, trains = [], []
    for _ in range(12):
        data = truth.sample(samples, rng)
        model = LinearDenoiser.fit(data, center=False)
        for x, errors in ((truth.sample(1500, rng), tests), (np.repeat(data, 4, axis=0), trains)):
            noisy = x + sigma * rng.standard_normal(x.shape)
            errors.append(np.mean(np.sum((x - model(noisy, sigma)) ** 2, axis=1)))
    return [(np.mean(e), np.std(e, ddof=1) / np.sqrt(12.0)) for e in (tests, trains)]


@pytest.mark.parametrize(("samples", "sigma"), [(60, 0.3), (400, 0.3), (60, 1.0)])
def test_errors_of_the_linear_model_are_the_predicted_ones(samples, sigma):
    predicted = denoising_errors(Spectrum.power_law(120, 0.8), samples, sigma)
    found = simulated_errors(samples, sigma)
    for (mean, error), expected in zip(found, (predicted.test, predicted.train), strict=True):
        # The prediction of an extensive sum leaves out a term of order 1/d of it.
        assert abs(mean - expected) < 4 * error + 0.002 * expected
        assert error < 0.02 * expected


# ---------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dense()[0](np.zeros((2, 4)), 1.0), r"shape \(2, 4\)"),
        (lambda: dense()[0](np.zeros(5), 1.0), r"shape \(5,\)"),
        (lambda: dense()[0](np.full((2, 5), np.nan), 1.0), "NaN"),
        (lambda: dense()[0](np.zeros((2, 5)), 0.0), "sigma must be positive"),
        (lambda: dense()[0](np.zeros((2, 5)), -1.0), "sigma must be positive"),
        (lambda: dense()[0](np.zeros((2, 5)), [1.0, 2.0, 3.0]), "sigma has shape"),
        (lambda: dense()[0].score(np.zeros((2, 5)), np.nan), "sigma holds 1"),
        (lambda: dense()[0].log_density(np.zeros((2, 5)), -1.0), "must not be negative"),
        (lambda: dense()[0].log_density(np.zeros((2, 5)), [1.0] * 3), "sigma has shape"),
        (lambda: low_rank()[0].log_density(np.zeros((2, 7))), "no density"),
        (lambda: dense()[0].flow(np.zeros((2, 5)), 0.0, 1.0), "sigma must be positive"),
        (lambda: dense()[0].flow(np.zeros((2, 5)), 1.0, -1.0), "sigma_to must not be negative"),
        (lambda: dense()[0].square_root(np.zeros((2, 4))), r"shape \(2, 4\)"),
        (lambda: dense()[0].sample(0, np.random.default_rng()), "n must be a whole number"),
        (lambda: dense()[0].sample(2, 7), "rng is a int"),
        (lambda: GaussianDenoiser(Spectrum.isotropic(4), mean=[0.0, 1.0]), "mean has shape"),
        (lambda: GaussianDenoiser(Spectrum.isotropic(4), mean=[np.inf] * 4), "mean holds 4"),
        (lambda: GaussianDenoiser(Spectrum.isotropic(4), shape=(2, 3)), "6 coordinates"),
        (lambda: GaussianDenoiser(Spectrum.isotropic(4), shape=(-2, -2)), "shape must be"),
        (lambda: GaussianDenoiser.from_covariance(np.ones((2, 3))), "square"),
        (lambda: GaussianDenoiser.from_covariance([[1.0, 0.5], [0.4, 1.0]]), "not symmetric"),
        (lambda: GaussianDenoiser.from_covariance([[1.0, 2.0], [2.0, 1.0]]), "eigenvalue -1"),
        (lambda: GaussianDenoiser.from_covariance(np.zeros((2, 2))), "all eigenvalues are zero"),
        (lambda: GaussianDenoiser.from_covariance([[np.nan]]), "NaN"),
        (lambda: LinearDenoiser.fit(np.ones((1, 3))), "at least 2"),
        (lambda: LinearDenoiser.fit(np.ones((3, 3))), "no variance"),
        (lambda: LinearDenoiser.fit(np.eye(3), ridge=-1.0), "ridge must not be negative"),
        (lambda: LinearDenoiser.fit(np.array([[1.0, np.nan], [0.0, 1.0]])), "NaN"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (rotation(5, 2), "not all equal"),
        (2.0 * rotation(5, 5), "not orthonormal"),
        (np.ones((5, 3)), "not orthonormal"),
        (np.eye(4), "one column of that length"),
        (np.ones((5, 6)), "one column of that length"),
    ],
)
def test_unusable_eigenvectors_are_refused(vectors, message):
    with pytest.raises(InputError, match=message):
        GaussianDenoiser(Spectrum.from_eigenvalues([5.0, 4.0, 3.0, 2.0, 1.0], eigenvectors=vectors))


@pytest.mark.parametrize("rest", [[1.0, 1.0, 0.5], [1.0, 0.5, 0.5]])
def test_directions_without_eigenvectors_have_one_variance(rest):
    spectrum = Spectrum.from_eigenvalues([5.0, 4.0, *rest], eigenvectors=rotation(5, 2))
    with pytest.raises(InputError, match="has 2 eigenvectors for 5 dimensions"):
        GaussianDenoiser(spectrum)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_covariance_is_one_to_the_rounding_of_its_type(dtype):
    """Symmetric to √ε of its largest element; eigenvalues count from 3 ε λ₁ on."""
    eps = float(np.finfo(dtype).eps)
    even, build = np.diag([2.0, 1.0, 0.5]).astype(dtype), GaussianDenoiser.from_covariance
    for scale, fine in ((0.99, True), (1.01, False)):
        odd = even.copy()
        odd[0, 1] = 2.0 * scale * np.sqrt(eps)
        if fine:
            assert build(odd).spectrum.dim == 3
        else:
            with pytest.raises(InputError, match="not symmetric"):
                build(odd)
        even[2, 2] = -6.0 * scale * eps
        if fine:
            assert build(even).spectrum.rank == 2
        else:
            with pytest.raises(InputError, match="negative eigenvalue -"):
                build(even)
        assert build(np.diag([2.0, 1.0, 6.0 * scale * eps]).astype(dtype)).spectrum.rank == 3 - fine


def test_noise_of_no_or_one_or_all_points():
    denoiser, _, _ = CASES["tail"]
    x = points(7, 4)
    for name in ("log_density", "flow"):
        method = getattr(denoiser, name)
        before = () if name == "log_density" else (1.0,)
        one = method(x, *before, 2.0)
        np.testing.assert_array_equal(method(x, *before, [2.0]), one)
        np.testing.assert_array_equal(method(x, *before, [2.0] * 4), one)
        for shape in ((4, 1), (1, 1), (3,), (0,)):
            with pytest.raises(InputError, match="but there are 4 points: give one number, or one"):
                method(x, *before, np.ones(shape))
    assert denoiser.log_density(x[:0], []).shape == (0,)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)


def test_noise_levels_that_are_not_one_a_point_are_refused_with_both_numbers():
    denoiser = GaussianDenoiser(Spectrum.isotropic(2))
    points = np.zeros((5, 2))
    with pytest.raises(InputError, match=r"shape \(3,\), but there are 5 points"):
        denoiser(points, np.ones(3))
    with pytest.raises(InputError, match=r"shape \(5, 1\), but there are 5 points"):
        denoiser(points, np.ones((5, 1)))
    np.testing.assert_array_equal(denoiser(points, np.ones(1)), points)
    np.testing.assert_array_equal(denoiser(points, np.ones(5)), points)


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [("f4", 1.1e-19, 1.8e19), ("f8", 1.5e-154, 1.3e154)]
)
def test_noise_beyond_the_numbers_of_its_type_is_refused(dtype, low, high):
    denoiser = GaussianDenoiser(Spectrum.isotropic(2))
    points = np.ones((2, 2), dtype)
    np.testing.assert_allclose(denoiser(points, low), points)
    np.testing.assert_allclose(denoiser(points, high), 0.0, atol=1e-30)
    assert np.isfinite(denoiser.score(points, low)).all()
    for sigma in (0.9 * low, 1.1 * high):
        with pytest.raises(InputError, match=f"where x is float{8 * points.itemsize}"):
            denoiser(points, sigma)
