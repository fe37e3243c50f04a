"""One step of each sampler against its formula, on a denoiser whose answers are written down."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.sampling_steps import METHODS, euler, heun

X = np.random.default_rng(0).standard_normal((3, 2))
HIGH, LOW = 2.0, 0.5
LEVELS = np.array([4.0, 2.0, 0.5, 0.0])


def model(x, sigma):
    return np.tanh(x) / (1.0 + sigma**2) + 0.3


def test_euler_keeps_the_share_of_the_noise_that_is_left():
    expected = model(X, HIGH) + 0.25 * (X - model(X, HIGH))
    np.testing.assert_allclose(euler(model, X, HIGH, LOW), expected, rtol=1e-14)


def test_heun_takes_the_mean_of_both_slopes():
    first = (X - model(X, HIGH)) / HIGH
    guess = X - 1.5 * first
    second = (guess - model(guess, LOW)) / LOW
    expected = X - 1.5 * (first + second) / 2
    np.testing.assert_allclose(heun(model, X, HIGH, LOW), expected, rtol=1e-14)


def prepared(name, levels=LEVELS, **options):
    row = METHODS[name]
    return row.prepare(levels, **{option: options.get(option) for option in row.options})


def test_ancestral_steps_are_drawn_from_the_posterior_of_the_next_level():
    step = prepared("ancestral", rng=np.random.default_rng(1))
    z = np.random.default_rng(1).standard_normal(X.shape)
    clean, ratio = model(X, HIGH), LOW**2 / HIGH**2
    expected = clean + ratio * (X - clean) + LOW * np.sqrt(1.0 - ratio) * z
    np.testing.assert_allclose(step(model, X, HIGH, LOW), expected, rtol=1e-13)


@pytest.mark.parametrize(("churn", "growth"), [(0.6, 0.2), (3.0, np.sqrt(2.0) - 1.0)])
def test_churn_is_shared_among_the_steps_and_bounded(churn, growth):
    options = {"churn": churn, "churn_noise": 1.5}
    step = prepared("stochastic", rng=np.random.default_rng(1), **options)
    z = np.random.default_rng(1).standard_normal(X.shape)
    raised = HIGH * (1.0 + growth)
    noisy = X + 1.5 * np.sqrt(raised**2 - HIGH**2) * z
    np.testing.assert_allclose(
        step(model, X, HIGH, LOW), heun(model, noisy, raised, LOW), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("span", "raised"),
    [((2.0, 3.0), True), ((1.0, 2.0), True), ((2.1, 3.0), False), ((0.0, 1.9), False)],
)
def test_only_levels_of_the_range_are_raised(span, raised):
    step = prepared("stochastic", rng=np.random.default_rng(1), churn=0.6, churn_range=span)
    found, plain = step(model, X, HIGH, LOW), heun(model, X, HIGH, LOW)
    assert np.array_equal(found, plain) != raised


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"churn": None}, "needs churn, such as 40.0"),
        ({"churn_range": [2.0, 1.0]}, "two noise levels, the lower one first"),
        ({"churn_range": [-1.0, 1.0]}, "two noise levels, the lower one first"),
        ({"churn_range": [1.0, 2.0, 3.0]}, "two noise levels"),
        ({"rng": 3}, "draws random numbers, but rng is int: give a numpy"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    given = {"rng": np.random.default_rng(0), "churn": 1.0, **options}
    with pytest.raises(InputError, match=words):
        prepared("stochastic", **given)


def test_the_adaptive_step_solves_the_flow():
    found = prepared("adaptive")(model, X, HIGH, LOW)
    flow = solve_ivp(
        lambda s, x: (x - model(x, s)) / s, (HIGH, LOW), X.ravel(), "LSODA", rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(found.ravel(), flow.y[:, -1], rtol=1e-6)
    single = prepared("adaptive")(model, X.astype(np.float32), HIGH, LOW)
    assert single.dtype == np.float32
    coarse = prepared("adaptive", rtol=1e-2, atol=1e-2)(model, X, HIGH, LOW)
    assert 1e-9 < np.abs(coarse - found).max() < 0.05
    with pytest.raises(InputError, match="rtol = 1e-14 is beyond double precision: use 1e-13"):
        prepared("adaptive", rtol=1e-14)
    prepared("adaptive", rtol=1e-13)


def test_methods_say_what_they_use():
    assert METHODS["heun"].uses == METHODS["euler"].uses == METHODS["ddim"].uses == ("steps", "rho")
    assert METHODS["adaptive"].uses == ("rtol", "atol")
    assert METHODS["blind"].ends == (0.05, 2.0)
    assert {row.ends for name, row in METHODS.items() if name != "blind"} == {(0.002, 80.0)}
    assert [name for name, row in METHODS.items() if not row.on_grid] == ["blind", "adaptive"]


@pytest.mark.parametrize("name", ["ancestral", "stochastic"])
def test_noise_has_the_precision_of_the_points(name):
    step = prepared(name, rng=np.random.default_rng(1), churn=0.6)
    single = step(lambda x, sigma: 0.5 * x, X.astype(np.float32), HIGH, LOW)
    assert single.dtype == np.float32
    again = prepared(name, rng=np.random.default_rng(1), churn=0.6)
    np.testing.assert_allclose(
        single, again(lambda x, sigma: 0.5 * x, X, HIGH, LOW), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("level", [1e-3, HIGH, 1e3])
def test_all_levels_are_raised_by_noise_that_is_exact_unless_it_is_said(level):
    step = prepared("stochastic", rng=np.random.default_rng(1), churn=0.6)
    z = np.random.default_rng(1).standard_normal(X.shape)
    noisy = X + np.sqrt(1.2**2 - 1.0) * level * z
    np.testing.assert_allclose(
        step(model, X, level, 0.5 * level), heun(model, noisy, 1.2 * level, 0.5 * level), rtol=1e-9
    )


def test_no_churn_draws_nothing_and_a_range_may_be_one_level():
    rng = np.random.default_rng(1)
    step = prepared("stochastic", rng=rng, churn=0.0)
    np.testing.assert_array_equal(step(model, X, HIGH, LOW), heun(model, X, HIGH, LOW))
    assert rng.random() == np.random.default_rng(1).random()
    step = prepared("stochastic", rng=rng, churn=0.6, churn_range=(HIGH, HIGH))
    assert not np.array_equal(step(model, X, HIGH, LOW), heun(model, X, HIGH, LOW))


class Solver:
    """Stands for DOP853: keeps what it is given, and is done after so many steps."""

    given, left = None, 3

    def __init__(self, slope, start, x, stop, **tolerances):
        type(self).given = (start, stop, tolerances)
        self.nfev, self.status, self.t, self.y = 0, "running", start, x

    def step(self):
        self.nfev += 1
        if self.nfev == self.left:
            self.status = "finished"


@pytest.mark.parametrize(
    ("options", "rtol", "atol"),
    [({}, 1e-8, 0.5e-8), ({"rtol": 1e-4}, 1e-4, 0.5e-4), ({"rtol": 1e-4, "atol": 0.1}, 1e-4, 0.1)],
)
def test_tolerances_of_the_adaptive_step(options, rtol, atol, monkeypatch):
    """The absolute one is the relative one at the last level above nought."""
    monkeypatch.setattr("scipy.integrate.DOP853", Solver)
    prepared("adaptive", **options)(model, X, HIGH, LOW)
    start, stop, tolerances = Solver.given
    assert (start, stop) == (pytest.approx(np.log(2.0)), pytest.approx(np.log(0.5)))
    assert tolerances == {"rtol": pytest.approx(rtol), "atol": pytest.approx(atol)}


@pytest.mark.parametrize(("steps", "stuck"), [(100_000, False), (100_001, True)])
def test_the_adaptive_step_gives_up_after_100_000_calls(steps, stuck, monkeypatch):
    monkeypatch.setattr("scipy.integrate.DOP853", Solver)
    monkeypatch.setattr(Solver, "left", steps)
    step = prepared("adaptive")
    if not stuck:
        np.testing.assert_array_equal(step(model, X, HIGH, LOW), X)
        return
    with pytest.raises(InputError) as raised:
        step(model, X, HIGH, LOW)
    assert str(raised.value) == (
        "method 'adaptive' got stuck at sigma = 2 with rtol = 1e-08: raise rtol and atol, and "
        "check that the denoiser gives the same answer twice."
    )


def test_what_each_method_takes():
    grid = ("steps", "rho")
    assert METHODS["ancestral"].uses == (*grid, "rng")
    assert METHODS["stochastic"].uses == (*grid, "rng", "churn", "churn_range", "churn_noise")
    blind = ("rng", "step_size", "beta", "settling", "origin", "variance", "models")
    assert METHODS["blind"].uses == blind
    step = prepared("blind", rng=np.random.default_rng(0), models=3)
    assert step.ran_away.tolist() == [False] * 3
