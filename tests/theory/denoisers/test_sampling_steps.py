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
