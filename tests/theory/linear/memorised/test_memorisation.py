import functools

import numpy as np
import pytest
from scipy.integrate import quad

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear.memorised import memorisation as module
from convergen.theory.linear.memorised.memorisation import (
    memorisation,
    memorisation_law,
    memorisation_scale,
    memorisation_sketch,
)
from tests.monte_carlo import Stored
from tests.options import unsaid
from tests.simulation import expanded

stored = Stored(__file__)
DIM = 300
SPECTRA = {
    "isotropic": Spectrum.isotropic(DIM),
    "spiked": Spectrum.spiked(DIM, [60.0, 20.0, 5.0]),
    "power law 0.5": Spectrum.power_law(DIM, 0.5),
    "power law 1": Spectrum.power_law(DIM, 1.0),
    "power law 1.5": Spectrum.power_law(DIM, 1.5),
    "power law 2": Spectrum.power_law(DIM, 2.0),
}
# Number of data sets and of generated samples for each, so that the error bars stay near 0.5 %.
SETS = {1: (6000, 1), 2: (4000, 1), 10: (600, 8), 64: (120, 32), 65: (120, 32), 100: (80, 32)}
SETS |= {1000: (16, 160), 10_000: (3, 800)}
CASES = [(name, n) for name in SPECTRA for n in SETS if n < 10_000]
CASES += [("isotropic", 10_000), ("power law 1", 10_000)]
# Spectra of tests that would say much the same of the others: those come in the slow part.
FEW = ("isotropic", "spiked", "power law 1")
FEW_AT_ONCE = [
    name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in SPECTRA
]
# Every n at which one law is looked at by several tests.
EVERY = np.r_[1, 2, 3, 5, 10, 20, 30, 64, 65, 100, 300, 1000, 3000, 1e4, np.geomspace(1e5, 1e9, 5)]


@functools.cache
def law_of(name):
    """The law of one spectrum at every n, computed once."""
    return theory.memorisation_law(SPECTRA[name], EVERY)


def law_at(name, samples):
    """The same at some n: value, baseline and their errors as attributes."""
    law, places = law_of(name), np.searchsorted(EVERY, samples)
    return type(law)(**{key: field[places] for key, field in vars(law).items()})


def largest_cosines(white, fresh, lam, seeds, noise=None):
    """Means over generated samples of max |cos| with the training set and with a fresh set."""
    x, y = white * np.sqrt(lam), fresh * np.sqrt(lam)
    generated = x.T @ seeds / np.sqrt(len(x))
    if noise is not None:
        generated = generated + noise
    generated /= np.linalg.norm(generated, axis=0)
    return [
        np.mean(np.max(np.abs(data @ generated) / np.linalg.norm(data, axis=1)[:, None], axis=0))
        for data in (x, y)
    ]


@stored
def simulated(samples):
    """Direct simulation x̂ = Xᵀa/√n of every spectrum, on common random numbers.

    Returns (mean, standard error) of memorisation and baseline for each spectrum.
    """
    rng = np.random.default_rng([31, samples])
    sets, count = SETS[samples]
    values = {name: [] for name, n in CASES if n == samples}
    for _ in range(sets):
        white, fresh = rng.standard_normal((2, samples, DIM))
        seeds = rng.standard_normal((samples, count))
        for name, rows in values.items():
            rows.append(largest_cosines(white, fresh, expanded(SPECTRA[name]), seeds))
    return {
        name: (np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / np.sqrt(sets))
        for name, rows in values.items()
    }


LAWS = {
    "line": lambda dim, _: np.linspace(2.0, 1.0, dim),
    "power law": lambda dim, exponent: expanded(Spectrum.power_law(dim, exponent)),
    "ones and zeros": lambda ones, zeros: np.r_[np.ones(ones), np.zeros(int(zeros))],
}


@stored
def with_ridge(law, samples, ridge, sets, count, seed):
    """Means of memorisation and baseline, standard errors; a law is its name and two numbers."""
    name, *numbers = law
    lam, rng = LAWS[name](*numbers), np.random.default_rng(seed)
    rows = []
    for _ in range(sets):
        white, fresh = rng.standard_normal((2, samples, lam.size))
        seeds = rng.standard_normal((samples, count))
        noise = np.sqrt(ridge) * rng.standard_normal((lam.size, count))
        rows.append(largest_cosines(white, fresh, lam, seeds, noise))
    return np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / np.sqrt(sets)


# ---------------------------------------------------------------------------- direct simulation


@pytest.mark.parametrize(("name", "samples"), CASES)
def test_memorisation_and_baseline_are_within_three_per_cent_of_simulation(name, samples):
    mean, stderr = simulated(samples)[name]
    law = law_at(name, samples)
    assert np.all(stderr < 0.012 * mean)
    assert law.value == pytest.approx(mean[0], rel=0.03)
    assert law.baseline == pytest.approx(mean[1], rel=0.03)


@pytest.mark.parametrize(("name", "samples"), [case for case in CASES if case[1] <= 64])
def test_up_to_64_samples_the_law_is_exact(name, samples):
    mean, stderr = simulated(samples)[name]
    law = law_at(name, samples)
    assert law.method == "gram monte carlo"
    assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + 1e-12
    assert abs(law.baseline - mean[1]) < 4.0 * np.hypot(stderr[1], law.baseline_stderr)


@pytest.mark.parametrize(("name", "samples"), [case for case in CASES if case[1] > 64])
def test_standard_errors_are_honest_up_to_the_error_of_the_saddlepoint(name, samples):
    mean, stderr = simulated(samples)[name]
    law = law_at(name, samples)
    assert law.method == ("saddlepoint" if samples >= 128 else "joined")
    assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + 0.015 * mean[0]
    assert abs(law.baseline - mean[1]) < (
        4.0 * np.hypot(stderr[1], law.baseline_stderr) + 0.015 * mean[1]
    )


@pytest.mark.parametrize("name", FEW_AT_ONCE)
def test_the_two_methods_meet_without_a_jump(name):
    ends = [64.0, np.nextafter(64.0, 65.0), np.nextafter(128.0, 127.0), 128.0]
    law = theory.memorisation_law(SPECTRA[name], ends)
    assert list(law.method) == ["gram monte carlo", "joined", "joined", "saddlepoint"]
    for values in (law.value, law.baseline, law.stderr, law.baseline_stderr):
        np.testing.assert_allclose(values[[1, 2]], values[[0, 3]], rtol=1e-9, atol=1e-15)
    # Between the ends nothing is added but the fading difference: m and its slope stay smooth.
    curve = theory.memorisation_law(SPECTRA[name], np.geomspace(64.0, 128.0, 9)).value
    assert np.abs(np.diff(curve, 2)).max() < 0.1 * np.abs(np.diff(curve)).max() + 1e-4


@pytest.mark.parametrize("dim", [2, 3, 5, 20])
@pytest.mark.parametrize("samples", [2, 10, 64, 65, 500])
def test_low_dimension(dim, samples):
    mean, stderr = with_ridge(("line", dim, 0), samples, 0.0, 300, 16, 4)
    law = theory.memorisation_law(Spectrum.from_eigenvalues(np.linspace(2.0, 1.0, dim)), samples)
    assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + 0.01 * mean[0]
    assert abs(law.baseline - mean[1]) < (
        4.0 * np.hypot(stderr[1], law.baseline_stderr) + 0.01 * mean[1]
    )


@pytest.mark.parametrize("ridge", [0.03, 1.0])
@pytest.mark.parametrize("samples", [1, 2, 10, 64, 65, 300])
@pytest.mark.parametrize("dim", [2, 20, pytest.param(64, marks=pytest.mark.slow), 150])
def test_ridge_agrees_with_simulation(dim, samples, ridge):
    spectrum = Spectrum.power_law(dim, 1.0)
    sets, count = (600, 8) if samples <= 10 else (80, 32)
    mean, stderr = with_ridge(("power law", dim, 1.0), samples, ridge, sets, count, 5)
    law = theory.memorisation_law(spectrum, samples, ridge)
    slack = 0.0 if samples <= 64 else 0.015
    assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + slack * mean[0]
    assert abs(law.baseline - mean[1]) < (
        4.0 * np.hypot(stderr[1], law.baseline_stderr) + slack * mean[1]
    )


@pytest.mark.parametrize("samples", [2, 64, 65, 300])
def test_ridge_on_a_singular_spectrum_agrees_with_simulation(samples):
    for ones, zeros in ((1, 9), (3, 100)):
        mean, stderr = with_ridge(("ones and zeros", ones, zeros), samples, 0.1, 150, 16, 6)
        lam = np.r_[np.ones(ones), np.zeros(zeros)]
        law = theory.memorisation_law(Spectrum.from_eigenvalues(lam), samples, 0.1)
        assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + 0.01 * mean[0]


def test_ridge_does_not_matter_in_one_dimension():
    law = theory.memorisation_law(Spectrum.isotropic(1), [1, 2.5, 64, 65, 1e9], 0.3)
    np.testing.assert_allclose(law.value, 1.0, rtol=1e-14)
    np.testing.assert_allclose(law.baseline, 1.0, rtol=1e-14)


# --------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("name", SPECTRA)
def test_one_sample_is_memorised_exactly(name):
    law = law_at(name, 1)
    assert law.value == pytest.approx(1.0, abs=1e-12)
    assert law.stderr < 1e-12
    assert law.baseline < 0.9


def check_cosines(law):
    """In range, above what fresh data show but for noise, and at the last n the same."""
    for field in (law.value, law.baseline):
        assert np.all((field > 0.0) & (field <= 1.0))
    noise = 4.0 * np.hypot(law.stderr, law.baseline_stderr)
    assert np.all(law.value > law.baseline - noise)
    assert law.value[-1] == pytest.approx(law.baseline[-1], rel=1e-5)
    return law.value > law.baseline + noise


@pytest.mark.parametrize("name", SPECTRA)
def test_memorisation_is_a_cosine_and_exceeds_a_baseline_that_grows_with_n(name):
    law = law_of(name)
    assert np.all(check_cosines(law)[EVERY <= 20])
    few = [1, 3, 10, 30, 64]
    assert np.all(np.diff(np.append(law_at(name, few).baseline, law.baseline[EVERY > 65])) > 0.0)


@pytest.mark.parametrize("name", FEW_AT_ONCE)
def test_memorisation_with_a_ridge_is_a_cosine_and_exceeds_the_baseline(name):
    check_cosines(theory.memorisation_law(SPECTRA[name], [1, 5, 300, 3000, 1e9], 0.1))


@pytest.mark.parametrize(
    "spectrum",
    [
        Spectrum.isotropic(1),
        Spectrum.isotropic(1, 1e-200),
        Spectrum.from_eigenvalues([3.0, 0.0], [1, 400]),
    ],
)
def test_rank_one_data_are_always_memorised(spectrum):
    law = theory.memorisation_law(spectrum, [1, 2.5, 64, 65, 1e9])
    assert np.all(law.value == 1.0)
    assert np.all(law.baseline == 1.0)
    assert np.all(law.stderr == 0.0)
    assert set(law.method) == {"exact"}


@pytest.mark.parametrize("exponent", [10.0, 60.0, 149.0])
@pytest.mark.parametrize("samples", [2, 64, 65, 200])
def test_absurdly_steep_spectra_agree_with_simulation(exponent, samples):
    spectrum = Spectrum.power_law(100, exponent)
    mean, stderr = with_ridge(("power law", 100, exponent), samples, 0.0, 100, 16, 8)
    law = theory.memorisation_law(spectrum, samples)
    assert 0.0 < law.baseline <= law.value <= 1.0
    assert abs(law.value - mean[0]) < 4.0 * np.hypot(stderr[0], law.stderr) + 1e-3
    assert abs(law.baseline - mean[1]) < 4.0 * np.hypot(stderr[1], law.baseline_stderr) + 1e-3


@pytest.mark.parametrize("samples", [1, 2, 30, 64, 65, 1e4, 1e9])
def test_zero_eigenvalues_do_not_change_memorisation(samples):
    bare, padded, wide = (
        theory.memorisation_law(Spectrum.from_eigenvalues([3.0, 1.0, 0.0][:k], counts), samples)
        for k, counts in ((2, [5, 60]), (3, [5, 60, 100]), (3, [5, 60, 3000]))
    )
    for other in (padded, wide):
        noise = 4.0 * np.hypot(bare.stderr, other.stderr) + 1e-12
        assert abs(other.value - bare.value) < noise
        noise = 4.0 * np.hypot(bare.baseline_stderr, other.baseline_stderr) + 1e-12
        assert abs(other.baseline - bare.baseline) < noise


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e300])
def test_units_of_the_data_do_not_matter(scale):
    lam = np.array([4.0, 1.0])
    bare, scaled = (Spectrum.from_eigenvalues(lam * s, [3, 200]) for s in (1.0, scale))
    samples = [2, 40, 200]
    one, two = theory.memorisation(bare, samples, 0.3), theory.memorisation(scaled, samples)
    np.testing.assert_allclose(two, theory.memorisation(bare, samples), rtol=1e-9)
    two = theory.memorisation(scaled, samples, 0.3 * scale)
    np.testing.assert_allclose(two, one, rtol=1e-9)


# ---------------------------------------------------------- real n, reproducibility, bad input


def test_between_whole_numbers_small_n_is_interpolated():
    spectrum = SPECTRA["power law 1"]
    low, middle, high = theory.memorisation(spectrum, [3.0, 3.25, 4.0])
    assert middle == pytest.approx(0.75 * low + 0.25 * high, rel=1e-12)
    ends = theory.memorisation(spectrum, [63.0, 63.999999])
    assert np.all(np.isfinite(ends))


@pytest.mark.parametrize("name", ["isotropic", "power law 1"])
def test_curves_in_real_n_are_smooth_above_64(name):
    samples = np.linspace(65.0, 67.0, 21)
    curve = theory.memorisation(SPECTRA[name], samples)
    second = np.diff(curve, 2)
    assert np.max(np.abs(second)) < 1e-4 * curve[0]


def test_results_are_reproducible_and_depend_on_the_seed():
    spectrum = SPECTRA["power law 1"]
    samples = [2.0, 64.0, 65.0, 1e4]
    one = theory.memorisation_law(spectrum, samples, 0.1, seed=3)
    again = theory.memorisation_law(spectrum, samples, 0.1, seed=3)
    other = theory.memorisation_law(spectrum, samples, 0.1, seed=4)
    for field in ("value", "baseline", "stderr", "baseline_stderr"):
        np.testing.assert_array_equal(getattr(one, field), getattr(again, field))
        assert np.all(getattr(one, field) != getattr(other, field))
    np.testing.assert_array_equal(theory.memorisation(spectrum, samples, 0.1, seed=3), one.value)


@pytest.mark.parametrize("name", FEW_AT_ONCE)
def test_a_value_hardly_depends_on_what_else_is_asked_for(name):
    alone = theory.memorisation(SPECTRA[name], 100.0)
    together = theory.memorisation(SPECTRA[name], [100.0, 1e3, 1e9])[0]
    assert together == pytest.approx(float(alone), rel=2e-3)


def test_results_take_the_shape_of_the_samples():
    spectrum = Spectrum.power_law(30, 1.0)
    assert np.shape(theory.memorisation(spectrum, 5)) == ()
    law = theory.memorisation_law(spectrum, [[2, 70], [70, 2]])
    for field in ("value", "baseline", "stderr", "baseline_stderr", "method"):
        grid = getattr(law, field)
        assert grid.shape == (2, 2)
        assert grid[0, 0] == grid[1, 1]
        assert grid[0, 1] == grid[1, 0]


def test_bad_input_is_refused():
    for function in (theory.memorisation, theory.memorisation_law):
        with pytest.raises(InputError, match="samples must be at least 1"):
            function(SPECTRA["spiked"], 0.9)
        with pytest.raises(InputError, match="ridge must not be negative"):
            function(SPECTRA["spiked"], 5, -0.1)
        for samples in (5, 100, 500):
            with pytest.raises(InputError, match="seed must be a whole number"):
                function(SPECTRA["spiked"], samples, seed=-1)


@pytest.mark.slow
def test_extremes_give_cosines():
    """Neither a ridge nor a number of samples at the end of the floats leaves [0, 1]."""
    for spectrum in (
        Spectrum.power_law(300, 60.0),
        Spectrum.spiked(10, [1e300]),
        SPECTRA["spiked"],
    ):
        for ridge in (0.0, 1.0, 1e300):
            law = theory.memorisation_law(spectrum, [2.0, 65.0, 1e18, 1e300], ridge)
            for values in (law.value, law.baseline):
                assert np.all((values >= 0.0) & (values <= 1.0))


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)


def test_equal_amplitudes_are_gaussian_data():
    n = [1.0, 5.5, 90.0, 300.0]
    spectrum = theory.Spectrum.power_law(40, 1.0)
    first, second = (
        theory.memorisation_law(spectrum, n, seed=3, amplitudes=tau) for tau in (1.0, [4.0, 4.0])
    )
    np.testing.assert_array_equal(first.value, second.value)
    np.testing.assert_array_equal(first.value, theory.memorisation(spectrum, n, seed=3))


@pytest.mark.parametrize(("n", "rho"), [(6, 0.0), (40, 0.2), (150, 0.0), (400, 0.2)])
def test_amplitudes_against_simulation(n, rho):
    """Half the points have eight times the variance of the others."""
    rng, scale = np.random.default_rng(n), np.arange(1.0, 81.0) ** -0.5
    own, fresh = [], []
    for _ in range(40):
        both = rng.standard_normal((2, n, 80)) * scale
        tau = rng.choice([2.0 / 9.0, 16.0 / 9.0], (n, 1))
        generated = (both[0] * np.sqrt(tau / n)).T @ rng.standard_normal((n, 24))
        generated += np.sqrt(rho) * rng.standard_normal(generated.shape)
        generated /= np.linalg.norm(generated, axis=0)
        cosines = np.abs(both @ generated) / np.linalg.norm(both, axis=2)[..., None]
        own.append(cosines[0].max(axis=0).mean())
        fresh.append(cosines[1].max(axis=0).mean())
    spectrum = theory.Spectrum.power_law(80, 1.0)
    law = theory.memorisation_law(spectrum, [n], rho, amplitudes=[1.0, 8.0])
    for measured, value, stderr in (
        (own, law.value, law.stderr), (fresh, law.baseline, law.baseline_stderr)
    ):  # fmt: skip
        error = np.hypot(np.std(measured) / np.sqrt(40.0), stderr[0])
        assert abs(value[0] - np.mean(measured)) < 3.5 * error + 0.01 * np.mean(measured)
    if rho == 0.0 and n < 100:
        gaussian = theory.memorisation(spectrum, [n])[0]
        assert np.mean(own) - gaussian > 4.0 * np.std(own) / np.sqrt(40.0)


def test_a_tail_of_part_of_a_direction_gives_cosines():
    """Estimated spectra have real multiplicities: 0.45 of a direction is no Gaussian tail."""
    spectrum = Spectrum.from_eigenvalues([1.0, 1e-9], [1.45, 400.0])
    for rho in (0.0, 0.1):
        found = theory.memorisation_law(spectrum, [4, 32], rho)
        for values in (found.value, found.baseline):
            assert np.isfinite(values).all()
            assert ((values > 0.0) & (values <= 1.0)).all()


def test_ratios_of_the_scale_are_those_of_the_law():
    """Spectra that a pilot allows are compared by few x̂: what is common to them cancels."""
    n = [4.0, 32.0, 200.0, 2000.0]
    one, other = (theory.Spectrum.spiked(90, spikes) for spikes in ([20.0, 5.0], [24.0, 4.0]))
    tau = np.random.default_rng(0).gamma(3.0, 1.0 / 3.0, 200)
    laws = []
    for spectrum in (one, other):
        found = theory.memorisation_law(spectrum, n, amplitudes=tau)
        laws.append(np.stack([found.value, found.baseline], axis=1))
    scales = [memorisation_scale(spectrum, n, amplitudes=tau) for spectrum in (one, other)]
    moved = np.log(laws[1] / laws[0])
    np.testing.assert_allclose(np.log(scales[1] / scales[0]), moved, atol=0.012)
    assert np.abs(moved).max() > 0.03
    # Every spectrum meets the same x̂.
    np.testing.assert_array_equal(scales[0], memorisation_scale(one, n, amplitudes=tau))
    flat = theory.Spectrum.from_eigenvalues([2.0, 0.0], [1, 5])
    np.testing.assert_array_equal(memorisation_scale(flat, n), 1.0)


def test_scale_knows_a_ridge_and_directions_without_variance():
    n = [120.0, 300.0]
    spectrum = theory.Spectrum.from_eigenvalues([2.0, 1.0, 0.0], [10, 30, 20])
    plain, ridged = (memorisation_scale(spectrum, n, ridge) for ridge in (0.0, 0.5))
    laws = [theory.memorisation_law(spectrum, n, ridge) for ridge in (0.0, 0.5)]
    assert np.all(np.isfinite(ridged))
    moved = laws[1].value / laws[0].value
    np.testing.assert_allclose(ridged[:, 0] / plain[:, 0], moved, rtol=0.02)
    assert np.all(moved < 0.95)


@pytest.mark.parametrize("dim", [2, 6])
def test_scale_knows_a_ridge_beside_a_line(dim):
    """Noise in directions without variance turns points away from the line of the data."""
    line, n = Spectrum.from_eigenvalues([2.0, 0.0], [1, dim - 1]), [200.0, 3000.0]
    law = memorisation_law(line, n, 0.3)
    assert np.all(law.value < 0.85)
    found = memorisation_scale(line, n, 0.3)
    np.testing.assert_allclose(found, np.stack([law.value, law.baseline], axis=1), rtol=0.03)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@pytest.mark.parametrize(
    "spectrum", [Spectrum.spiked(40, [9.0, 4.0]), Spectrum.power_law(300, 1.0)], ids=repr
)
def test_a_sketch_is_near_the_law(spectrum, ridge):
    n = np.array([1.0, 4.0, 20.0, 64.0, 65.0, 200.0, 3000.0])
    law = memorisation_law(spectrum, n, ridge)
    found = memorisation_sketch(spectrum, n, ridge)
    np.testing.assert_allclose(found[:, 0], law.value, atol=0.03)
    np.testing.assert_allclose(found[:, 1], law.baseline, atol=0.03)


def test_a_sketch_knows_amplitudes_and_rank_one():
    n = np.array([8.0, 150.0])
    spectrum, tau = Spectrum.isotropic(60), np.array([0.05] * 9 + [9.0])
    law = memorisation_law(spectrum, n, amplitudes=tau)
    assert np.all(law.value > memorisation_law(spectrum, n).value + 0.08)
    found = memorisation_sketch(spectrum, n, amplitudes=tau)
    np.testing.assert_allclose(found[:, 0], law.value, atol=0.05)
    line = Spectrum.from_eigenvalues([2.0, 0.0], [1, 3])
    exact = memorisation_law(line, n, 0.3)
    np.testing.assert_array_equal(
        memorisation_sketch(line, n, 0.3), np.stack([exact.value, exact.baseline], axis=1)
    )


@pytest.mark.parametrize("rho", [0.2, 1.0])
def test_points_on_a_line_in_a_plane_against_the_integral_over_directions(rho):
    """x̂ = (√(1 + ρ) ξ, √ρ η) at large n, whose direction in units of both is uniform."""
    line = Spectrum.from_eigenvalues([1.0, 0.0])
    laws = [theory.memorisation_law(line, 1e9, rho, seed=seed) for seed in range(8)]

    def cosine(angle):
        along, across = (1.0 + rho) * np.cos(angle) ** 2, rho * np.sin(angle) ** 2
        return np.sqrt(along / (along + across))

    exact = quad(cosine, 0.0, 0.5 * np.pi)[0] / (0.5 * np.pi)
    assert all(law.value == law.baseline for law in laws)
    error = np.mean([law.stderr for law in laws]) / np.sqrt(8)
    assert abs(np.mean([law.value for law in laws]) - exact) < 4.0 * error < 0.016


def test_what_is_taken_where_nothing_is_said():
    assert unsaid(memorisation) == {"ridge": 0, "seed": 0}
    for function in (memorisation_law, memorisation_sketch):
        assert unsaid(function) == {"ridge": 0, "seed": 0, "amplitudes": 1.0}
    assert unsaid(memorisation_scale) == {"ridge": 0, "amplitudes": 1.0}


def test_many_amplitudes_are_a_few_groups_with_the_largest_apart():
    tau = np.random.default_rng(0).gamma(2.0, 1.0, 200)
    means, weights = module._groups(tau)
    np.testing.assert_allclose(weights, np.array([60, 60, 40, 20, 12, 5, 2, 1]) / 200)
    assert weights @ means == pytest.approx(1.0)
    assert means[-1] == pytest.approx(tau.max() / tau.mean())
    assert means[0] == pytest.approx(np.sort(tau)[:60].mean() / tau.mean())
    for given in (np.full(5, 3.0), np.array([2.0])):
        assert [part.tolist() for part in module._groups(given)] == [[1.0], [1.0]]
    # Of two, groups without any are left out.
    assert [part.tolist() for part in module._groups(np.array([3.0, 1.0]))] == [
        [0.5, 1.5],
        [0.5, 0.5],
    ]


def test_between_the_methods_the_difference_fades_with_the_logarithm():
    law, exact, there = (
        np.array([0.5, 0.3, 0.03, 0.04]), np.array([0.7, 0.6, 0.01, 0.02]),
        np.array([0.6, 0.4, 9.0, 9.0]),
    )  # fmt: skip
    half = module._joined(law, exact, there, 64.0 * np.sqrt(2.0))
    expected = [0.55, 0.4, 0.5 * np.hypot(0.03, 0.01), 0.5 * np.hypot(0.04, 0.02)]
    np.testing.assert_allclose(half, expected, rtol=1e-12)
    np.testing.assert_allclose(module._joined(law, exact, there, 128.0), law, rtol=1e-12)
    quarter = module._joined(law, exact, there, 64.0 * 2.0**0.25)
    np.testing.assert_allclose(quarter[[0, 2]], [0.575, np.hypot(0.0075, 0.0075)], rtol=1e-12)


@pytest.mark.parametrize("dim", [1, 4])
def test_points_on_a_line_by_1024_samples(dim):
    rng, rho, n = np.random.default_rng(3), 0.4, 7.0
    point = rng.chisquare(1, 1024), rng.chisquare(n, 1024) / n
    along = point[0] * (point[1] + rho)
    across = rho * rng.chisquare(dim - 1, 1024) if dim > 1 else 0.0
    cosine = np.sqrt(along / (along + across))
    expected = [cosine.mean()] * 2 + [cosine.std(ddof=1) / 32.0] * 2
    np.testing.assert_allclose(module._rank_one(dim, n, rho, 3), expected, rtol=1e-12)


def test_a_sketch_draws_a_sixteenth_of_the_sets_up_to_64_points(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        module, "gram_monte_carlo",
        lambda _, n, rho, seed, tau, share: drawn.append((n, rho, seed, share)) or np.ones(4),
    )  # fmt: skip
    found = memorisation_sketch(Spectrum.spiked(20, [9.0, 4.0]), [3.4, 64, 64.1], 0.9, seed=8)
    assert drawn == [(3, 0.1, 8, 1.0 / 16.0), (64, 0.1, 8, 1.0 / 16.0)]
    assert found.shape == (3, 2)
    assert np.all(found[:2] == 1.0)
    assert np.all(found[2] < 1.0)
