import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import norm

from convergen.theory.common.checks import InputError
from convergen.theory.mixtures.information import (
    entropy,
    mmse,
    mutual_information,
)
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.mixtures.speciation import hierarchical_speciation, speciation_noise

SIGMAS = [0.05, 0.4, 1.0, 3.0]


def on_a_line(weights=(0.2, 0.3, 0.5)):
    """Three components on a line in four dimensions with one full covariance."""
    rng = np.random.default_rng(1)
    square = rng.standard_normal((4, 4))
    shared = square @ square.T / 4.0 + 0.1 * np.eye(4)
    direction = rng.standard_normal(4)
    means = 0.3 + np.outer([0.0, 1.0, 2.5], direction)
    return GaussianMixture(weights, means, np.stack([shared] * 3))


def scattered(dim=3):
    rng = np.random.default_rng(2)
    means = 1.5 * rng.standard_normal((3, dim))
    return GaussianMixture([0.2, 0.3, 0.5], means, rng.uniform(0.1, 1.5, (3, dim)))


def one_dimensional():
    return GaussianMixture([0.3, 0.7], [[-1.0], [1.5]], [0.04, 1.2])


def integral_1d(mixture, sigma, function):
    """∫ p f(x) by SciPy, with breakpoints at every component."""
    scale = np.sqrt(mixture.covariances[:, 0, 0] + sigma**2)
    centres = mixture.means[:, 0]
    points = np.unique(np.concatenate([centres + k * scale for k in (-6, -3, -1, 0, 1, 3, 6)]))

    def density(x):
        return float(mixture.weights @ norm.pdf(x, centres, scale))

    lo, hi = (centres - 12 * scale).min(), (centres + 12 * scale).max()
    return quad(
        lambda x: density(x) * function(x, density(x)), lo, hi, points=points, limit=500,
        epsabs=1e-12, epsrel=1e-12,
    )[0]  # fmt: skip


@pytest.mark.parametrize("dim", [1, 3])
def test_one_component_is_the_gaussian_formula(dim):
    rng = np.random.default_rng(3)
    square = rng.standard_normal((dim, dim))
    covariance = square @ square.T + 0.2 * np.eye(dim)
    mixture = GaussianMixture([1.0], np.ones((1, dim)), covariance[None])
    unit = np.eye(dim)
    for sigma in (1e-6, 0.5, 1e4):
        information = mutual_information(mixture, sigma)
        expected = 0.5 * np.linalg.slogdet(unit + covariance / sigma**2)[1]
        assert information.value == pytest.approx(expected, rel=1e-7)
        assert information.stderr == 0.0
        noisy = np.linalg.slogdet(2.0 * np.pi * np.e * (covariance + sigma**2 * unit))[1]
        assert entropy(mixture, sigma).value == pytest.approx(0.5 * noisy, rel=1e-10)
        error = sigma**2 * np.trace(np.linalg.solve(covariance + sigma**2 * unit, covariance))
        assert mmse(mixture, sigma).value == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("sigma", [0.0, 0.02, 0.5, 4.0])
def test_line_with_unequal_variances_matches_scipy(sigma):
    mixture = one_dimensional()
    expected = integral_1d(mixture, sigma, lambda _, p: -np.log(p))
    assert entropy(mixture, sigma).value == pytest.approx(expected, abs=1e-10)
    if sigma > 0.0:
        noise = 0.5 * np.log(2.0 * np.pi * np.e * sigma**2)
        value = mutual_information(mixture, sigma).value
        assert value == pytest.approx(expected - noise, abs=1e-10)
        # MMSE = σ² − σ⁴ E|score|²
        fisher = integral_1d(
            mixture, sigma, lambda x, _: mixture.score(np.array([[x]]), sigma)[0, 0] ** 2
        )
        error = sigma**2 - sigma**4 * fisher
        assert mmse(mixture, sigma).value == pytest.approx(error, rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("mixture", [on_a_line(), one_dimensional()], ids=["line", "d = 1"])
@pytest.mark.parametrize("sigma", [1e-8, 1e-3, 0.1, 0.7, 3.0, 1e3, 1e8])
def test_slope_of_the_information_is_half_the_mmse_by_quadrature(mixture, sigma):
    h, precision = 1e-3, sigma**-2.0
    steps = precision * (1.0 + h * np.array([-2.0, -1.0, 1.0, 2.0]))
    value = mutual_information(mixture, steps**-0.5).value
    slope = (8.0 * (value[2] - value[1]) - (value[3] - value[0])) / (12.0 * h * precision)
    # At large σ the odds of the components differ from 1 by 1/σ only, and lose those digits.
    accuracy = max(1e-7, 1e-13 * sigma)
    assert 2.0 * slope == pytest.approx(mmse(mixture, sigma).value, rel=accuracy)


def test_slope_of_the_information_is_half_the_mmse_by_monte_carlo():
    mixture = scattered()
    precision = np.linspace(0.3, 2.3, 9)
    rng = np.random.default_rng(4)
    ends = mutual_information(mixture, precision[[0, -1]] ** -0.5, samples=40_000, rng=rng)
    errors = mmse(mixture, precision**-0.5, samples=40_000, rng=rng)
    weights = np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) * 0.25 / 3.0  # Simpson
    expected, spread = 0.5 * weights @ errors.value, 0.5 * weights @ errors.stderr
    z = (ends.value[1] - ends.value[0] - expected) / np.hypot(np.hypot(*ends.stderr), spread)
    assert abs(z) < 4.0
    assert ends.stderr.max() < 0.005


@pytest.mark.parametrize("mixture", [on_a_line(), scattered()], ids=["line", "scattered"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_agrees_with_plain_monte_carlo(mixture, sigma):
    """Information density and squared error, with none of the module's decompositions."""
    rng = np.random.default_rng(5)
    n, dim = 30_000, mixture.dim
    clean, noise = mixture.sample(n, rng), rng.standard_normal((n, dim))
    x = clean + sigma * noise
    density = -0.5 * np.sum(noise**2, axis=1) - 0.5 * dim * np.log(2.0 * np.pi * sigma**2)
    joint = [
        np.log(p)
        - 0.5 * np.sum((x - m) * np.linalg.solve(c + sigma**2 * np.eye(dim), (x - m).T).T, axis=1)
        - 0.5 * np.linalg.slogdet(2.0 * np.pi * (c + sigma**2 * np.eye(dim)))[1]
        for p, m, c in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    ]
    samples = density - logsumexp(joint, axis=0)
    squares = np.sum((clean - mixture(x, sigma)) ** 2, axis=1)
    for found, direct in (
        (mutual_information(mixture, sigma, samples=8000, rng=rng), samples),
        (mmse(mixture, sigma, samples=8000, rng=rng), squares),
    ):
        error = np.hypot(direct.std() / np.sqrt(n), found.stderr)
        assert abs(found.value - direct.mean()) / error < 4.0
        # The decomposition is worth its while: fewer samples, smaller error.
        assert found.stderr < direct.std() / np.sqrt(8000)


def test_standard_errors_are_honest():
    mixture = scattered()
    runs = [
        mutual_information(mixture, 0.8, samples=500, rng=np.random.default_rng([6, i]))
        for i in range(60)
    ]
    values = np.array([run.value for run in runs])
    claimed = np.mean([run.stderr for run in runs])
    assert values.std(ddof=1) == pytest.approx(claimed, rel=0.3)


def test_a_shape_of_noise_levels_gives_a_smooth_curve():
    mixture = scattered()
    sigma = np.geomspace(1e-8, 1e8, 40).reshape(8, 5)
    found = mutual_information(mixture, sigma, samples=2000, rng=np.random.default_rng(7))
    assert found.value.shape == found.stderr.shape == (8, 5)
    assert np.all(np.diff(found.value.ravel()) < 0.0)
    # Towards no noise the component is known, towards much noise nothing is.
    gaussian = mixture.weights @ mixture.within.traces(lambda lam: 0.5 * np.log1p(lam * 1e16))
    label = -mixture.weights @ np.log(mixture.weights)
    assert found.value[0, 0] < gaussian + label
    total = np.trace(mixture.covariance) / 2e16
    assert found.value[-1, -1] == pytest.approx(total, rel=0.05)
    error = mmse(mixture, sigma, samples=2000, rng=np.random.default_rng(7))
    assert np.all(np.diff(error.value.ravel()) > -4.0 * error.stderr.ravel()[1:])


def test_far_components_hold_the_entropy_of_their_labels():
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    means = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]])
    mixture = GaussianMixture(weights, means, np.ones(4))
    label = -weights @ np.log(weights)
    found = mutual_information(mixture, 1.0, samples=20_000, rng=np.random.default_rng(8))
    assert abs(found.value - (np.log(2.0) + label)) < 4.0 * found.stderr + 1e-12
    line = GaussianMixture(weights, 100.0 * np.arange(4.0)[:, None], np.ones(4))
    assert mutual_information(line, 1.0).value == pytest.approx(0.5 * np.log(2.0) + label, 1e-12)


def test_two_components_with_one_covariance_are_always_on_a_line():
    mixture = GaussianMixture([0.5, 0.5], [[0.0] * 5, [1.0, -2.0, 0.5, 0.0, 1.0]], [0.7, 0.7])
    found = mutual_information(mixture, SIGMAS)
    np.testing.assert_array_equal(found.stderr, 0.0)
    distance = np.linalg.norm(mixture.means[1])
    small = GaussianMixture([0.5, 0.5], [[0.0], [distance]], [0.7, 0.7])
    rest = 2.0 * np.log1p(0.7 / np.square(SIGMAS))
    expected = mutual_information(small, SIGMAS).value + rest
    np.testing.assert_allclose(found.value, expected, rtol=1e-11)


def test_bad_input_is_refused():
    for function in (mutual_information, mmse):
        with pytest.raises(InputError, match="sigma must be positive"):
            function(on_a_line(), 0.0)
        with pytest.raises(InputError, match="pass rng"):
            function(scattered(), 1.0)
        with pytest.raises(InputError, match="samples"):
            function(scattered(), 1.0, samples=1, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="negative"):
        entropy(on_a_line(), -1.0)


def test_speciation_of_two_isotropic_components():
    mixture = GaussianMixture([0.5, 0.5], [[3.0, 4.0], [-3.0, -4.0]], [0.5, 0.5])
    assert speciation_noise(mixture) == pytest.approx(np.sqrt(25.5), rel=1e-12)
    (split,) = hierarchical_speciation(mixture)
    assert split.noise == pytest.approx(np.sqrt(25.5), rel=1e-12)
    assert split.between == pytest.approx(5.0, rel=1e-12)
    assert {split.left, split.right} == {(0,), (1,)}


def test_largest_eigenvalue_without_the_matrix():
    rng = np.random.default_rng(9)
    means, factors = rng.standard_normal((3, 600)), rng.standard_normal((3, 600, 2))
    mixture = GaussianMixture.low_rank([0.2, 0.3, 0.5], means, factors, [0.5, 1.0, 2.0])
    expected = np.sqrt(np.linalg.eigvalsh(mixture.covariance)[-1])
    assert speciation_noise(mixture) == pytest.approx(expected, rel=1e-10)


def test_nested_clusters_separate_one_after_another():
    centres = [[-10.0, 0.0], [-10.0, 2.0], [10.0, -1.0], [10.0, 5.0]]
    mixture = GaussianMixture([0.25] * 4, centres, [0.01] * 4)
    first, second, third = hierarchical_speciation(mixture)
    assert {first.left, first.right} == {(0, 1), (2, 3)}
    assert {second.left, second.right} == {(2,), (3,)}
    assert {third.left, third.right} == {(0,), (1,)}
    assert second.noise == pytest.approx(np.sqrt(9.0 + 0.01))
    assert third.noise == pytest.approx(np.sqrt(1.0 + 0.01))
    assert first.noise == pytest.approx(speciation_noise(mixture), rel=0.01)


@pytest.mark.parametrize("count", [3, 4, 7])
def test_equidistant_means_separate_together(count):
    mixture = GaussianMixture(np.full(count, 1.0 / count), 4.0 * np.eye(count), np.full(count, 0.3))
    levels = [split.noise for split in hierarchical_speciation(mixture)]
    np.testing.assert_allclose(levels, speciation_noise(mixture), rtol=1e-12)


def test_one_component_never_splits_and_equal_means_never_separate():
    assert hierarchical_speciation(GaussianMixture([1.0], [[0.0]], [1.0])) == []
    same = GaussianMixture([0.5, 0.5], [[1.0], [1.0]], [1.0, 4.0])
    assert hierarchical_speciation(same)[0].noise == 0.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 9), dim=st.integers(1, 4))
def test_children_separate_below_their_parents(seed, count, dim):
    rng = np.random.default_rng(seed)
    mixture = GaussianMixture(
        rng.dirichlet(np.full(count, 2.0)),
        rng.standard_normal((count, dim)) * rng.uniform(0.1, 5.0),
        rng.uniform(0.01, 2.0, (count, dim)),
    )
    splits = hierarchical_speciation(mixture)
    assert len(splits) == count - 1
    levels = [split.noise for split in splits]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] <= speciation_noise(mixture) * (1.0 + 1e-9)
    known = {tuple(range(count))}
    for split in splits:
        whole = tuple(sorted(split.left + split.right))
        assert whole in known
        known |= {split.left, split.right}
    assert {(c,) for c in range(count)} <= known
