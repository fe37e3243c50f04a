import numpy as np
import pytest
from scipy.integrate import solve_ivp

from convergen.theory.collapse.collapse_noise import collapse_noise, collapse_width
from convergen.theory.collapse.commitment import _condensed, commitment_noise, committed_fraction
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.kernel_sums import KernelLaw
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.noise_schedules import karras_schedule
from convergen.theory.denoisers.samplers import sample
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.spectra.spectrum import Spectrum
from tests.monte_carlo import Stored
from tests.options import in_order, unsaid

stored = Stored(__file__)


LAWS = {"isotropic": Spectrum.isotropic(20), "power law": Spectrum.power_law(100, 1.0)}
MIXTURE = GaussianMixture([0.6, 0.4], [[0.0] * 6, [2.0] * 6], [1.0, 0.3])
WIDTHS = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])


@stored
def trajectories(law, samples):
    """Commitment of 120 trajectories to each of six training sets, in logs from σ_c.

    Returns the mean of each set, the standard deviation of all, and for each set the shares that
    have committed above σ_c e^{width · WIDTHS}.
    """
    known = as_law(LAWS[law])
    sigma, width = (float(f(LAWS[law], samples)) for f in (collapse_noise, collapse_width))
    levels = np.geomspace(8.0 * sigma, sigma / 10.0, 60)
    found = []
    for r in range(6):
        rng = np.random.default_rng(r)
        score = EmpiricalScore(known.draw(samples, rng))
        noise = rng.standard_normal((120, known.dim))
        found.append(np.log(commitment_noise(score, noise, sigmas=levels).sigma / sigma))
    logs = np.array(found)
    shares = (logs[:, :, None] > width * WIDTHS).mean(axis=1)
    return {"means": logs.mean(axis=1), "spread": logs.std(), "shares": shares}


@stored
def condensed(count):
    """Share of noised training points of a mixture that hold half of the weight, with its error."""
    rng = np.random.default_rng(0)
    hits = np.zeros((count, 3))
    for r in range(count):
        data = MIXTURE.sample(12, rng)
        for k, level in enumerate((0.3, 0.6, 1.0)):
            x = data[:6] + level * rng.standard_normal((6, 6))
            hits[r, k] = np.mean(EmpiricalScore(data).query(x, level).max_weight > 0.5)
    return hits.mean(axis=0), hits.std(axis=0) / np.sqrt(count)


def test_two_training_points():
    """At ±1 the logit of the weights is 2x/σ²; the flow is one ordinary differential equation."""

    seeds = np.array([[0.4], [-1.3], [0.02]])
    found = commitment_noise(EmpiricalScore([[-1.0], [1.0]]), seeds)
    # A weight is above ½ from the start, for any x but 0.
    np.testing.assert_array_equal(found.sigma, np.inf)
    np.testing.assert_array_equal(found.index, [1, 0, 1])
    # A third point at 0 holds the weight of the middle until the two others are told apart.
    score = EmpiricalScore([[-1.0], [0.0], [1.0]])
    found = commitment_noise(score, seeds, sigmas=np.geomspace(80.0, 0.01, 400))
    for seed, sigma in zip(seeds[:, 0], found.sigma, strict=True):

        def pull(u, x):
            weights = np.exp(-0.5 * ((x - np.array([-1.0, 0.0, 1.0])) / np.exp(u)) ** 2)
            return x - (weights[2] - weights[0]) / weights.sum()

        path = solve_ivp(
            pull, (np.log(80.0), np.log(0.01)), [80.0 * seed], rtol=1e-9, atol=1e-9,
            dense_output=True,
        )  # fmt: skip
        u = np.linspace(np.log(80.0), np.log(0.01), 20001)
        logits = -0.5 * ((path.sol(u) - np.array([[-1.0], [0.0], [1.0]])) / np.exp(u)) ** 2
        weights = np.exp(logits - logits.max(axis=0))
        settled = weights.max(axis=0) > 0.5 * weights.sum(axis=0)
        settled &= logits.argmax(axis=0) == logits[:, -1].argmax()
        last = np.flatnonzero(~settled)[-1]
        assert sigma == pytest.approx(np.exp(u[last]), rel=0.01)


def test_half_of_the_weight_there_and_more_below():
    rng = np.random.default_rng(0)
    data, noise = rng.standard_normal((60, 5)), rng.standard_normal((40, 5))
    score, levels = EmpiricalScore(data), np.geomspace(20.0, 0.02, 200)
    found = commitment_noise(score, noise, sigmas=levels)
    path = sample(score, noise, sigmas=levels, trajectory=True).trajectory
    for i, (sigma, index) in enumerate(zip(found.sigma, found.index, strict=True)):
        logits = -0.5 * np.sum((path[:, i, None] - data) ** 2, axis=2) / levels[:, None] ** 2
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        below = levels < sigma
        assert np.all(weights[below, index] > 0.5)
        above = np.flatnonzero(~below)[-1]
        assert weights[above, index] <= 0.5
        np.testing.assert_allclose(path[-1, i], data[index], atol=0.2)


def test_levels_hardly_matter():
    rng = np.random.default_rng(1)
    score, noise = EmpiricalScore(rng.standard_normal((50, 8))), rng.standard_normal((60, 8))
    coarse, fine = (
        commitment_noise(score, noise, sigmas=np.geomspace(40.0, 0.05, count)).sigma
        for count in (40, 200)
    )
    ratio = np.log(coarse / fine)
    assert np.median(np.abs(ratio)) < 0.01
    assert abs(ratio.mean()) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize(("law", "samples"), [("isotropic", 100), ("power law", 500)])
def test_commitment_is_the_collapse(law, samples):
    """Within half a width above σ_c, and spread by about a width, as predicted."""
    sigma, width = (float(f(LAWS[law], samples)) for f in (collapse_noise, collapse_width))
    found = trajectories(law, samples)
    error = found["means"].std(ddof=1) / np.sqrt(6.0)
    assert 3.0 * error < found["means"].mean() < 0.6 * width
    assert 0.6 * width < found["spread"] < 1.1 * width
    predicted = committed_fraction(LAWS[law], samples, sigma * np.exp(width * WIDTHS), draws=160)
    shares = found["shares"]
    noise = np.hypot(shares.std(axis=0, ddof=1) / np.sqrt(6.0), 0.5 / np.sqrt(160))
    assert np.all(np.abs(shares.mean(axis=0) - predicted) < 4.0 * noise)


def test_committed_fraction_against_noised_training_points():
    """Mixture, and few training points: no flow, only weights."""
    found, error = condensed(200)
    predicted = committed_fraction(MIXTURE, 12, [0.3, 0.6, 1.0], draws=120)
    noise = np.hypot(error, np.sqrt(predicted * (1 - predicted) / 120))
    assert np.all(np.abs(found - predicted) < 4.0 * noise + 0.01)


def test_committed_fraction_of_two_points():
    """A weight exceeds ½ always, but for the ties."""
    assert committed_fraction(Spectrum.isotropic(3), 2, 0.5, draws=150) > 0.99
    assert committed_fraction(Spectrum.isotropic(3), 1, 50.0, draws=20) == 1.0


def test_committed_fraction_of_a_data_set():
    data = np.random.default_rng(0).standard_normal((2000, 5))
    levels = [0.3, 0.6, 1.2]
    exact = committed_fraction(Spectrum.isotropic(5), 50, levels, draws=128)
    np.testing.assert_allclose(committed_fraction(data, 50, levels, draws=128), exact, atol=0.17)
    assert np.isnan(committed_fraction(data, 1000, 1.0))
    far = committed_fraction(Spectrum.isotropic(20), [[1e3], [1e15]], [0.1, 0.3, 5.0], draws=64)
    assert far.shape == (2, 3)
    assert np.all(np.diff(far, axis=1) <= 0.0)
    assert np.all(np.diff(far, axis=0) <= 0.0)


def test_repeats_of_a_point_do_not_commit():
    """Points far apart: the trajectory commits if none of the n − 1 others is drawn there too.

    A quarter of the points make the queries, the others the law.
    """
    far = np.arange(64)[:, None] * 100.0 + np.random.default_rng(0).random((64, 1))
    found = [committed_fraction(far, 8, 0.5, draws=64, seed=seed) for seed in range(40)]
    mean, error = np.mean(found), np.std(found, ddof=1) / np.sqrt(40)
    assert 0.0 < error < 0.02
    assert abs(mean - (1.0 - 1.0 / 48.0) ** 7) < 4.0 * error


def test_one_training_point_and_twins():
    seeds = np.random.default_rng(0).standard_normal((4, 2))
    np.testing.assert_array_equal(
        commitment_noise(EmpiricalScore([[1.0, 2.0]]), seeds).sigma, np.inf
    )
    twins = commitment_noise(EmpiricalScore([[1.0, 2.0], [1.0, 2.0]]), seeds)
    assert np.all(np.isnan(twins.sigma))


def test_images_and_plain_arrays():
    rng = np.random.default_rng(0)
    data, noise = rng.standard_normal((10, 2, 3)), rng.standard_normal((5, 2, 3))
    found = commitment_noise(data, noise)
    flat = commitment_noise(EmpiricalScore(data.reshape(10, 6)), noise.reshape(5, 6))
    np.testing.assert_allclose(found.sigma, flat.sigma, rtol=1e-9)
    np.testing.assert_array_equal(found.index, flat.index)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, z: commitment_noise(s, z, sigmas=[1.0, 0.0]), "leave out the 0"),
        (lambda s, z: commitment_noise(s, z, sigmas=[0.1, 1.0]), "strictly descending"),
        (lambda s, z: commitment_noise(s, z[0]), "noise has shape"),
        (lambda s, z: commitment_noise(s, z[:, :1]), "x has shape"),
        (lambda s, z: committed_fraction(Spectrum.isotropic(2), 1e19, 1.0), "too large"),
        (lambda s, z: committed_fraction(Spectrum.isotropic(2), 10, 0.0), "sigma must be positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call(EmpiricalScore(np.eye(2)), np.ones((3, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)


def test_the_last_crossing_is_found_level_by_level():
    """Against a loop over few levels: some commit at the last one, some at the first."""
    rng = np.random.default_rng(3)
    score = EmpiricalScore(rng.standard_normal((20, 3)))
    noise = rng.standard_normal((150, 3))
    levels = np.array([2.5, 1.2, 0.7, 0.45])
    found = commitment_noise(score, noise, sigmas=levels)
    path = sample(score, noise, sigmas=levels, trajectory=True).trajectory
    places = []
    for k in range(150):
        queries = [score.query(x[k : k + 1], float(s)) for x, s in zip(path, levels, strict=True)]
        weights = [float(each.max_weight[0]) for each in queries]
        nearest = [int(each.neighbours[0, 0]) for each in queries]
        place = 4
        while place > 0 and weights[place - 1] > 0.5 and nearest[place - 1] == nearest[-1]:
            place -= 1
        places.append(place)
        assert found.index[k] == nearest[-1]
        if place == 0:
            expected = np.inf
        elif place == 4:
            expected = np.nan
        else:
            before, after = (np.log(w / (1 - w)) for w in weights[place - 1 : place + 1])
            share = before / (before - after) if before < 0.0 else 0.5
            expected = levels[place - 1] * (levels[place] / levels[place - 1]) ** share
        np.testing.assert_allclose(found.sigma[k], expected, rtol=1e-9)
    assert np.all(np.bincount(places, minlength=5)[1:] > 3)


@pytest.mark.parametrize(("n", "large"), [(1, 0.2), (4, 0.2), (12, 0.1), (30, 0.01)])
def test_a_kernel_exceeds_all_others_if_no_other_is_large(n, large):
    """Of kernels that are 1 with some probability, and otherwise nothing: (1 − p)^(n − 1)."""
    law = KernelLaw(
        np.array([-60.0, 0.0]), np.log([1.0 - large, large]), np.zeros((2, 1)), np.zeros(2),
        0.0, atoms=5,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    found = np.mean([_condensed(law, n, rng) for _ in range(600)])
    expected = (1.0 - large) ** (n - 1)
    assert abs(found - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / 600) + 1e-12


def test_the_sum_of_many_small_kernels_counts():
    """One of size 1 against n − 1 of size s: it exceeds them while (n − 1) s < 1."""
    size = np.exp(-5.0)
    law = KernelLaw(
        np.array([-5.0, 0.0]), np.log([1.0 - 1e-12, 1e-12]), np.zeros((2, 1)), np.zeros(2),
        0.0, atoms=5,
    )  # fmt: skip
    # The own kernel is tilted by its size, and so is the large one with a chance of 1e-10.
    tilted = KernelLaw(law.logs, np.log([1.0 - 1e-3, 1e-3]), law.vectors, law.squares, 0.0, atoms=5)
    rng = np.random.default_rng(1)
    for n, wins in ((2, False), (100, False)):
        assert _condensed(law, n, rng) == wins
    for n in (20, 400):
        found = np.mean([_condensed(tilted, n, rng) for _ in range(500)])
        own = 1e-3 / (1e-3 + (1.0 - 1e-3) * size)
        # One is large, and all others small enough together; or the own one small, one other large.
        none, one = (1.0 - 1e-3) ** (n - 1), (n - 1) * 1e-3 * (1.0 - 1e-3) ** (n - 2)
        expected = (own * none + (1.0 - own) * one) * ((n - 1) * size < 1.0)
        assert abs(found - expected) < 4.0 * np.sqrt(0.25 / 500)
        assert (expected > 0.0) == (n == 20)


def test_kernels_between_nodes_are_spread_over_their_widths():
    """Two of one node tie as atoms; of a quadrature they differ, and one of two is the larger."""
    nodes = np.array([-40.0, -20.0, 0.0])
    masses = np.log([1e-9, 1e-9, 1.0 - 2e-9])
    rng = np.random.default_rng(2)
    for atoms, share in ((3, 0.0), (0, 1.0)):
        law = KernelLaw(nodes, masses, np.zeros((3, 1)), np.zeros(3), 0.0, atoms=atoms)
        assert np.mean([_condensed(law, 2, rng) for _ in range(60)]) == share
    # Uniform over a width of 20: among n one exceeds the others together nearly as often as the
    # two largest are more than log 2 or so apart.
    law = KernelLaw(nodes, masses, np.zeros((3, 1)), np.zeros(3), 0.0)
    found = np.mean([_condensed(law, 10, rng) for _ in range(500)])
    logs = 20.0 * np.random.default_rng(3).random((100_000, 10))
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    exact = np.mean(weights.sum(axis=1) < 2.0)
    assert found == pytest.approx(exact, abs=4.0 * np.sqrt(exact * (1.0 - exact) / 500))


def test_what_is_done_where_nothing_is_said():
    assert unsaid(committed_fraction) == {"draws": 512, "seed": 0}
    assert in_order(committed_fraction) == ["law", "samples", "sigma"]
    assert in_order(commitment_noise) == ["score", "noise"]


def test_levels_that_nobody_gave_are_64_from_80_to_0_002():
    rng = np.random.default_rng(0)
    score, noise = EmpiricalScore(rng.standard_normal((12, 3))), rng.standard_normal((5, 3))
    levels = karras_schedule(64)
    assert levels[[0, -2, -1]] == pytest.approx([80.0, 0.002, 0.0])
    found, said = (commitment_noise(score, noise, sigmas=s) for s in (None, levels[:-1]))
    np.testing.assert_array_equal(found.sigma, said.sigma)


def test_the_most_samples_of_a_committed_fraction():
    assert committed_fraction(Spectrum.isotropic(2), 1e18, 0.5, draws=2) <= 1.0
    with pytest.raises(InputError) as refused:
        committed_fraction(Spectrum.isotropic(2), [1.0, 1.001e18], 0.5)
    assert str(refused.value) == "samples = 1.001e+18 is too large: use at most 1e+18."
