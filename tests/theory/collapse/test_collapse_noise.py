import numpy as np
import pytest

from convergen import theory
from convergen.theory.collapse import collapse_noise as module
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.information import Information, information
from convergen.theory.data.sets.digits import load_digits
from tests.monte_carlo import Stored
from tests.options import in_order, unsaid

stored = Stored(__file__)

MEANS = 2.0 * np.random.default_rng(0).standard_normal((4, 10))
LAWS = {
    "isotropic": theory.Spectrum.isotropic(20),
    "power law": theory.Spectrum.power_law(100, 1.0),
    "mixture": theory.GaussianMixture(np.full(4, 0.25), MEANS, np.full(4, 0.5)),
    "digits": load_digits(),
}


def test_isotropic_closed_form():
    n = np.array([2.0, 10.0, 1e3, 1e12])
    expected = 1.0 / np.sqrt(np.expm1(2.0 / 20.0 * np.log(n)))
    np.testing.assert_allclose(theory.collapse_noise(LAWS["isotropic"], n), expected, rtol=1e-10)


def test_one_sample_collapses_at_every_noise():
    assert theory.collapse_noise(LAWS["isotropic"], 1.0) == np.inf


@pytest.mark.parametrize("name", LAWS)
def test_collapse_noise_inverts_the_information(name):
    sigma = theory.collapse_noise(LAWS[name], [20, 200])
    found = information(LAWS[name], sigma).value
    np.testing.assert_allclose(found, np.log([20, 200]), rtol=2e-3)
    assert sigma[0] > sigma[1]


def test_samples_to_generalise_is_the_exponential_and_may_overflow():
    law = LAWS["power law"]
    expected = np.exp(0.5 * np.log1p(law.eigenvalues / 0.25).sum())
    assert theory.samples_to_generalise(law, 0.5) == pytest.approx(expected, rel=1e-12)
    assert theory.samples_to_generalise(theory.Spectrum.isotropic(3000), 0.1) == np.inf


def test_a_small_data_set_resolves_neither():
    digits = LAWS["digits"]
    assert np.isnan(theory.collapse_noise(digits, 10_000))
    assert np.isnan(theory.samples_to_generalise(digits, 1.0))


def test_width_of_a_gaussian():
    law = LAWS["power law"]
    sigma = float(theory.collapse_noise(law, 300))
    shares = law.eigenvalues / (law.eigenvalues + sigma**2)
    # spread² = Σ λ/(λ+σ²) and −dI/d log σ = Σ λ/(λ+σ²).
    assert theory.collapse_width(law, 300) == pytest.approx(shares.sum() ** -0.5, rel=1e-3)


@stored
def simulated(law, samples, factor):
    """Weights of noised training points by a plain softmax over 40 training sets."""
    known, rng, values = as_law(LAWS[law]), np.random.default_rng([1, samples]), []
    sigma = factor * float(theory.collapse_noise(LAWS[law], samples))
    for _ in range(40):
        y = known.draw(samples, rng)
        x = y[:64] + sigma * rng.standard_normal((min(64, samples), known.dim))
        square = (x**2).sum(1)[:, None] - 2.0 * x @ y.T + (y**2).sum(1)
        logits = -0.5 * square / sigma**2
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        own = np.diagonal(weights) / weights.sum(axis=1)
        values.append(own.mean())
    return np.mean(values), np.std(values) / np.sqrt(40.0)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("samples", "factor"),
    [
        (100, 1.0),
        (400, 1.6),
        pytest.param(100, 0.6, marks=pytest.mark.slow),
        pytest.param(400, 1.0, marks=pytest.mark.slow),
    ],
)
def test_own_weight_against_simulation(law, samples, factor):
    sigma = factor * float(theory.collapse_noise(LAWS[law], samples))
    # Fewer draws than usual, for larger errors than usual.
    draws = 64 if law == "mixture" else 192
    predicted = float(theory.own_weight(LAWS[law], samples, sigma, draws=draws))
    mean, error = simulated(law, samples, factor)
    # What the law itself varies by from seed to seed; digits have no control variate.
    own = (0.012 if law == "digits" else 0.005) * np.sqrt(512.0 / draws)
    assert abs(predicted - mean) < 4.0 * np.hypot(error, own)
    annealed = float(theory.own_weight(LAWS[law], samples, sigma, rule="annealed"))
    if factor < 1.5:
        assert abs(predicted - mean) < abs(annealed - mean)


def test_own_weight_of_a_line_against_quadrature():
    """d = 1, n = 2: x = x₁ + σz and one rival x₂, integrated over all three."""
    sigma = 0.5
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    x1, z, x2 = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    rival = np.exp(-0.5 * ((x1 + sigma * z - x2) / sigma) ** 2 + 0.5 * z**2)
    exact = np.einsum("i,j,k,ijk", weights, weights, weights, 1.0 / (1.0 + rival))
    found = theory.own_weight(theory.Spectrum.isotropic(1), 2, sigma, draws=512)
    assert found == pytest.approx(exact, abs=0.01)


@stored
def own_weights(count):
    """Own weights of one law from several seeds."""
    law = LAWS["power law"]
    sigma = float(theory.collapse_noise(law, 200))
    return [float(theory.own_weight(law, 200, sigma, seed=seed)) for seed in range(count)]


def test_the_error_of_own_weights_is_what_their_docstring_says():
    values = own_weights(12)
    assert 0.0005 < np.std(values) < 0.006
    law = LAWS["power law"]
    sigma = float(theory.collapse_noise(law, 200))
    assert theory.own_weight(law, 200, sigma) == pytest.approx(values[0], rel=1e-9)


def test_own_weight_of_a_small_data_set():
    digits = LAWS["digits"]
    assert theory.own_weight(digits, 600, 5.0) > 0.0
    assert np.isnan(theory.own_weight(digits, 800, 5.0))


def test_own_weight_limits():
    law = LAWS["isotropic"]
    assert theory.own_weight(law, 1, 1.0) == 1.0
    assert theory.own_weight(law, 1000, 1e-3, draws=64) == pytest.approx(1.0, abs=1e-6)
    assert theory.own_weight(law, 1000, 1e3, draws=64) == pytest.approx(1e-3, rel=0.02)
    curve = theory.own_weight(law, 1e9, [0.2, 0.3, 0.5, 1.0], draws=64)
    assert np.all(np.diff(curve) < 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda law: theory.own_weight(law, 10, -1.0), "positive"),
        (lambda law: theory.own_weight(law, 0, 1.0), "at least 1"),
        (lambda law: theory.own_weight(law, 10, 1.0, rule="guess"), "rule"),
        (lambda law: theory.collapse_noise(law, 0.5), "at least 1"),
        (lambda law: theory.collapse_noise(theory.Spectrum.isotropic(3), 1e300), "largest out"),
        (lambda law: theory.samples_to_generalise(law, 0.0), "positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(theory.InputError, match=message):
        call(LAWS["isotropic"])


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_derived_again(call):
    stored.derive_again(call)


def test_what_is_done_where_nothing_is_said():
    for function in (theory.collapse_noise, theory.collapse_width):
        assert unsaid(function) == {"draws": 2048, "seed": 0}
        assert in_order(function) == ["law", "samples"]
    assert unsaid(theory.samples_to_generalise) == {"draws": 2048, "seed": 0}
    assert in_order(theory.samples_to_generalise) == ["law", "sigma"]
    assert unsaid(theory.own_weight) == {"rule": "finite", "seed": 0}
    assert in_order(theory.own_weight) == ["law", "samples", "sigma"]


class Cloud:
    """A law that knows nothing of its density."""

    resolution = np.inf

    def draw(self, count, rng):
        return rng.standard_normal((count, 2)) * [1.0, 3.0]

    def log_density(self, x, sigma):
        raise AssertionError


@pytest.fixture
def asked(monkeypatch):
    """Where information of a cloud is asked for, in units of its size; it falls by one per unit."""
    looks = []
    scale = np.log(np.std(Cloud().draw(256, np.random.default_rng(0))[:, 1]))

    def known(law, sigma, *, draws, seed):
        u = np.log(sigma) - scale
        looks.append(u)
        value = np.asarray(np.maximum(2.0 - u, -20.0) if looks[0] is not None else 0.0 * u)
        return Information(value, 0.0 * value, 0.0 * value, value > 0.0)

    monkeypatch.setattr(module, "information", known)
    return looks, scale


def test_information_is_sought_step_by_step_and_then_in_a_fine_table(asked):
    looks, scale = asked
    found = theory.collapse_noise(Cloud(), np.exp([0.25, 4.5, 5.5]))
    np.testing.assert_allclose(np.log(found) - scale, [1.75, -2.5, -3.5], atol=1e-9)
    steps = [float(each) for each in looks if each.ndim == 0]
    np.testing.assert_allclose(steps, [-1, -2, -3, -4, 1, 2, -4], atol=1e-12)
    (grid,) = (each for each in looks if each.ndim)
    np.testing.assert_allclose(grid, np.linspace(2.0, -4.0, 41), atol=1e-12)


def test_noise_far_below_the_data_is_refused(asked):
    looks, _ = asked
    looks.append(None)  # nothing is known of anything
    with pytest.raises(theory.InputError) as refused:
        theory.collapse_noise(Cloud(), np.exp([0.25, 3.0]))
    assert str(refused.value) == (
        "samples reach e^3, where the collapse noise is below e^-28 of the data: leave the "
        "largest out."
    )
    np.testing.assert_allclose(looks[1:29], -np.arange(1.0, 29.0), atol=1e-12)
    np.testing.assert_allclose(np.array(looks[29:], float), [1.0, -28.0], atol=1e-12)


def test_a_data_set_says_nothing_of_more_than_its_half_less_half_a_nat():
    """Of 40 points 20 are the law: log n < log 20 − 1/2, or n < 12.13."""
    data = np.random.default_rng(0).standard_normal((40, 2))
    found = theory.collapse_noise(data, [1.0, 2.0, 12.0, 12.2])
    np.testing.assert_array_equal(np.isfinite(found), [False, True, True, False])
    assert found[0] == np.inf
    assert np.isnan(found[3])


def test_own_weights_of_a_data_set_stop_at_half_of_its_reference_points():
    """Of 60 points 8 are noised and 52 stand for the law."""
    data = np.random.default_rng(0).standard_normal((60, 2))
    found = theory.own_weight(data, [2.0, 26.0, 26.5], [0.5, 0.5, 0.5], draws=8)
    np.testing.assert_array_equal(np.isnan(found), [False, False, True])
    assert 1.0 > found[0] > found[1] > 0.0


def test_draws_of_own_weights(monkeypatch):
    noised, controls, exact = [], [], module.information_density

    def counted(law, sigma, *, draws, seed):
        controls.append(draws)
        return exact(law, sigma, draws=draws, seed=seed)

    def weights(law, n, sigma, draws, seed, density):
        noised.append(draws)
        return np.full(n.shape, 0.5)

    monkeypatch.setattr(module, "information_density", counted)
    monkeypatch.setattr(module, "_own_weights", weights)
    plane = theory.Spectrum.isotropic(2)
    theory.own_weight(plane, 9, 0.5)
    theory.own_weight(plane, 9, 0.5, draws=2)
    theory.own_weight(plane, 9, 0.5, rule="annealed")
    theory.own_weight(plane, 9, 0.5, rule="annealed", draws=2)
    assert noised == [512, 2]
    assert controls == [16384, 16384, 2048, 2]
    with pytest.raises(theory.InputError, match="draws must be a whole number"):
        theory.own_weight(plane, 9, 0.5, draws=1)


@pytest.mark.parametrize("rule", ["finite", "annealed"])
def test_own_weights_of_several_levels_and_sizes_are_those_of_each(rule):
    data = np.random.default_rng(0).standard_normal((60, 2))
    n, sigma = np.array([[2.0], [9.0], [27.0]]), np.array([0.3, 1.0])
    found = theory.own_weight(data, n, sigma, rule=rule, draws=8)
    each = [[theory.own_weight(data, a, s, rule=rule, draws=8) for s in sigma] for a in n[:, 0]]
    np.testing.assert_allclose(found, each, rtol=1e-13)
    assert np.isnan(found).all(axis=1).tolist() == [False, False, rule == "finite"]
