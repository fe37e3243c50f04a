"""Bulks and times of the tangent kernel, held against Gram matrices and descent of finite size."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.wide.gram_bulks import GramBulks, gram_bulks
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import unsaid

DIM = 24
VALUES = DIM * np.arange(1.0, DIM + 1) ** -1.0 / np.sum(np.arange(1.0, DIM + 1) ** -1.0)
POWER_LAW = Spectrum.from_eigenvalues(VALUES)


def drawn(rng, count):
    return rng.standard_normal((count, DIM)) * np.sqrt(VALUES)


def noised(rng, points, each, sigma):
    """Inputs and wanted outputs in the preconditioning of arXiv:2206.00364."""
    clean = np.repeat(points, each, axis=0)
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    keep = 1.0 / (1.0 + sigma**2)
    return np.sqrt(keep) * noisy, (clean - keep * noisy) / (sigma * np.sqrt(keep))


def beyond_lines(matrix, inputs):
    """A matrix without the constant and the linear modes."""
    axes, _ = np.linalg.qr(np.column_stack([np.ones(len(inputs)), inputs]))
    half = matrix - axes @ (axes.T @ matrix)
    return half - (half @ axes) @ axes.T


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_bulks_of_a_finite_gram_matrix(sigma):
    rng, count, each = np.random.default_rng(0), 160, 4
    values = np.sqrt(VALUES) * DIM / np.sqrt(VALUES).sum()
    points = rng.standard_normal((count, DIM)) * np.sqrt(values)
    inputs, _ = noised(rng, points, each, sigma)
    gram = relu_tangent_kernel(inputs)
    bulks = gram_bulks(Spectrum.from_eigenvalues(values), sigma)
    # Means over the noisings of an image, and what differs between them.
    means = np.kron(np.eye(count), np.full((1, each), 1.0 / each))
    within = np.eye(len(gram)) - each * means.T @ means
    shared = np.trace(beyond_lines(means @ gram @ means.T, means @ inputs))
    expected = bulks.images + bulks.noisings / each
    assert shared / (count - DIM - 1) == pytest.approx(expected, rel=0.04)
    alone = np.trace(beyond_lines(within @ gram @ within, within @ inputs))
    assert alone / (len(gram) - count - DIM) == pytest.approx(bulks.noisings, rel=0.04)
    top = np.linalg.eigvalsh(gram)[-1] / len(gram)
    assert top == pytest.approx(bulks.constant, rel=0.03)


def test_population_modes_of_many_images():
    rng, sigma = np.random.default_rng(1), 1.0
    inputs, _ = noised(rng, drawn(rng, 1500), 1, sigma)
    bulks = gram_bulks(POWER_LAW, sigma)
    values = np.linalg.eigvalsh(relu_tangent_kernel(inputs))[::-1] / len(inputs)
    np.testing.assert_allclose(values[1:5], bulks.population[:4], rtol=0.12)


def test_half_of_the_answer_is_found_at_the_time_of_generalising():
    """By descent with the kernel on images that are all seen once."""
    rng, sigma = np.random.default_rng(2), 1.0
    inputs, wanted = noised(rng, drawn(rng, 1000), 1, sigma)
    unseen, answers = noised(rng, drawn(rng, 600), 1, sigma)
    values, axes = np.linalg.eigh(relu_tangent_kernel(inputs) / len(inputs))
    time = gram_bulks(POWER_LAW, sigma).generalising_time(0.5)
    gains = -np.expm1(-time * values) / values / len(inputs)
    found = relu_tangent_kernel(unseen, inputs) @ axes @ (gains[:, None] * (axes.T @ wanted))
    start, half = np.mean(answers**2), np.mean((found - answers) ** 2)
    best = np.mean(VALUES / (VALUES + sigma**2)) * (1.0 + sigma**2)
    assert (half - best) / (start - best) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(("sigma", "count"), [(0.5, 48), (0.5, 144), (1.0, 48), (1.0, 144)])
def test_what_single_images_add_is_learnt_at_the_time_of_memorising(sigma, count):
    """Answers at training points beyond what is linear in them, along descent with the kernel."""
    rng, each, fresh = np.random.default_rng(5), 6, 12
    train = drawn(rng, count)
    inputs, wanted = noised(rng, train, each, sigma)
    values, axes = np.linalg.eigh(relu_tangent_kernel(inputs) / len(inputs))
    along = axes.T @ wanted / values[:, None]
    seen, _ = noised(rng, train, fresh, sigma)
    kernel = (relu_tangent_kernel(seen, inputs) @ axes).reshape(count, fresh, -1).mean(axis=1)
    lines, _ = np.linalg.qr(np.column_stack([np.ones(count), train]))
    kernel -= lines @ (lines.T @ kernel)
    time = gram_bulks(POWER_LAW, sigma).memorising_time([count], each=each)[0]
    parts = [-np.expm1(-factor * time * values) for factor in (0.75, 1.25)]
    last = kernel @ along
    early, late = (np.sum(last * (kernel @ (part[:, None] * along))) for part in parts)
    assert early < 0.9 * np.sum(last**2) < late


def test_times_follow_their_shares():
    bulks = gram_bulks(POWER_LAW, 1.0)
    left = bulks.multiplicities * bulks.answers
    for share in (0.5, 0.1):
        decay = np.exp(-2.0 * bulks.generalising_time(share) * bulks.population)
        assert left @ decay / left.sum() == pytest.approx(share)
        rate = bulks.images / 8.0
        assert np.exp(-rate * bulks.memorising_time([8.0], share)[0]) == pytest.approx(share)
    assert bulks.memorising_time([8.0], each=4)[0] < bulks.memorising_time([8.0])[0]


def test_isotropic_data_leave_nothing_to_learn():
    bulks = gram_bulks(Spectrum.isotropic(DIM, variance=3.0), 0.7)
    assert bulks.generalising_time() == 0.0


def test_the_scale_of_the_data_does_not_matter():
    one, other = (gram_bulks(Spectrum.from_eigenvalues(c * VALUES), 1.0) for c in (1e-3, 7.0))
    np.testing.assert_allclose(one.population, other.population)
    assert one.images == pytest.approx(other.images)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: gram_bulks(POWER_LAW, 0.0), "sigma"),
        (lambda: gram_bulks(POWER_LAW, 1.0, depth=0), "depth"),
        (lambda: gram_bulks(POWER_LAW, 1.0).generalising_time(1.0), "missing is a share"),
        (lambda: gram_bulks(POWER_LAW, 1.0).memorising_time([4], 0.0), "missing is a share"),
    ],
)
def test_bad_input(ask, said):
    with pytest.raises(InputError, match=said):
        ask()


@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_answers_are_covariances_over_the_variances_of_inputs(sigma):
    """In the preconditioning of arXiv:2206.00364, at σ_data = 1."""
    skip, scale = 1.0 / (1.0 + sigma**2), 1.0 / np.sqrt(1.0 + sigma**2)
    covariance = scale * (VALUES - skip * (VALUES + sigma**2)) / (sigma * scale)
    bulks = gram_bulks(POWER_LAW, sigma)
    inputs = scale**2 * (VALUES + sigma**2)
    np.testing.assert_allclose(bulks.answers, covariance**2 / inputs, rtol=1e-9, atol=1e-12)
    # Modes are in proportion to the variances of inputs, and their sum to the slope of the line.
    np.testing.assert_allclose(bulks.population / bulks.population[0], inputs / inputs[0])


def test_three_hidden_layers_without_being_asked():
    three, two = gram_bulks(POWER_LAW, 1.0, depth=3), gram_bulks(POWER_LAW, 1.0, depth=2)
    assert gram_bulks(POWER_LAW, 1.0).images == three.images != two.images
    one = np.zeros((1, DIM))
    one[0, 0] = np.sqrt(DIM)
    # What a point has with itself is shared out among the bulks.
    same = relu_tangent_kernel(one, depth=3)[0, 0]
    line = three.population.sum()
    assert three.constant + line + three.images + three.noisings == pytest.approx(same, rel=1e-9)


def test_times_of_usual_shares_and_noisings():
    bulks = gram_bulks(POWER_LAW, 1.0)
    assert bulks.generalising_time() == bulks.generalising_time(0.1)
    np.testing.assert_allclose(
        bulks.memorising_time([8.0, 16.0], each=4),
        -np.log(0.1) * np.array([8.0, 16.0]) / (bulks.images + bulks.noisings / 4.0),
    )


def made(population, answers, multiplicities=None):
    times = np.ones(len(population)) if multiplicities is None else np.array(multiplicities)
    return GramBulks(1.0, np.array(population), times, 0.5, 2.0, np.array(answers))


def test_one_mode_is_found_exponentially_and_what_is_no_answer_does_not_wait():
    for population, answers in (([7.0], [0.01]), ([7.0, 0.0], [3.0, 0.0])):
        assert made(population, answers).generalising_time(0.3) == pytest.approx(
            -np.log(0.3) / 14.0, rel=1e-12
        )
    # Two modes, one twice as fast: w z + (1 − w) z² = share, z = e^{−2τλ}, w of three in five.
    z = (-0.6 + np.sqrt(0.36 + 4.0 * 0.4 * 0.2)) / 0.8
    found = made([0.5, 1.0], [1.0, 2.0], [3.0, 1.0]).generalising_time(0.2)
    assert found == pytest.approx(-np.log(z), rel=1e-12)
    assert made([1.0], [0.0]).generalising_time(0.2) == 0.0


def test_each_image_has_one_noising_at_least():
    assert made([1.0], [1.0]).memorising_time([4.0], 0.5, each=1) == pytest.approx(
        np.log(2.0) * 4.0 / 2.5
    )


@pytest.mark.parametrize("sigma", [0.6, 1.5])
@pytest.mark.parametrize("depth", [1, 3])
def test_bulks_are_means_over_gaussian_overlaps(sigma, depth):
    """The variance of a cosine of two noisings, from its quadratic form in y, ξ and ξ′."""
    keep = 1.0 / (1.0 + sigma**2)
    form = np.array([
        [1.0 - keep, 0.5 * sigma * (1.0 - keep), 0.5 * sigma * (1.0 - keep)],
        [0.5 * sigma * (1.0 - keep), -0.5 * keep * sigma**2, 0.5 * sigma**2],
        [0.5 * sigma * (1.0 - keep), 0.5 * sigma**2, -0.5 * keep * sigma**2],
    ]) * keep / DIM  # fmt: skip
    parts = [form @ np.diag([value, 1.0, 1.0]) for value in VALUES]
    own = np.sqrt(sum(2.0 * np.trace(part @ part) for part in parts))
    inputs = keep * (VALUES + sigma**2)
    spread = np.sqrt(np.sum(inputs**2)) / DIM
    z = np.linspace(-8.0, 8.0, 4001)
    weights = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()

    def curve(overlaps):
        cosine = np.clip(overlaps, -1.0, 1.0)
        pair = np.sqrt(2.0) * np.column_stack([cosine, np.sqrt(1.0 - cosine**2)])
        return relu_tangent_kernel([[np.sqrt(2.0), 0.0]], pair, depth=depth)[0]

    constant, line = weights @ curve(spread * z), weights @ (z * curve(spread * z)) / spread
    near, same = weights @ curve(keep + own * z), curve(np.ones(1))[0]
    found = gram_bulks(POWER_LAW, sigma, depth=depth)
    assert found.constant == pytest.approx(constant, rel=1e-3)
    np.testing.assert_allclose(found.population, line * inputs / DIM, rtol=1e-3)
    assert found.images == pytest.approx(near - constant - line * keep, rel=2e-3)
    assert found.noisings == pytest.approx(same - near - line * (1.0 - keep), rel=2e-3)


def test_three_layers_where_nothing_is_said():
    assert unsaid(gram_bulks) == {"depth": 3}
    assert unsaid(GramBulks.generalising_time) == unsaid(GramBulks.memorising_time)
    assert unsaid(GramBulks.generalising_time) == {"missing": 0.1}
