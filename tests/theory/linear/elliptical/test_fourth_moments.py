"""The constant of 1 − q ≈ C/n against the Gaussian law and against simulation of other laws."""

import numpy as np
import pytest

from convergen import theory
from convergen.theory import InputError, Spectrum
from convergen.theory.linear.elliptical.fourth_moments import gap_constants, large_sample_gap
from tests.monte_carlo import Stored

stored = Stored(__file__)
SCALES = np.array([2.0, 1.5, 1.0, 1.0, 0.5, 0.2])


def two_amplitudes(count, rng):
    """Gaussian vectors of two amplitudes, E τ = 1, E τ² = 2.92."""
    tau = rng.choice([0.2, 3.4], size=(count, 1), p=[0.75, 0.25])
    return np.sqrt(tau) * rng.standard_normal((count, SCALES.size)) * SCALES


def signs(count, rng):
    """Independent ±1: the diagonal of Σ̂ does not fluctuate at all."""
    return rng.choice([-1.0, 1.0], size=(count, SCALES.size)) * SCALES


LAWS = {"two amplitudes": two_amplitudes, "signs": signs}


@stored
def measured(law, n, repeats):
    """Mean and standard error of n (1 − q)."""
    draw, rng = LAWS[law], np.random.default_rng(2)
    apart, size = np.empty(repeats), np.empty(repeats)
    for r in range(repeats):
        roots = []
        for _ in range(2):
            rows = draw(n, rng)
            values, vectors = np.linalg.eigh(rows.T @ rows / n)
            roots.append((vectors * np.sqrt(values)) @ vectors.T)
        apart[r] = 0.5 * np.sum((roots[0] - roots[1]) ** 2)
        size[r] = 0.5 * sum(np.sum(root**2) for root in roots)
    gap = apart.mean() / size.mean()
    return n * gap, n * (apart - gap * size).std(ddof=1) / size.mean() / np.sqrt(repeats)


@pytest.mark.parametrize("law", LAWS)
def test_simulation_of_laws_that_are_not_gaussian(law):
    found, error = measured(law, 2000, 300)
    # Enough draws that their own error is small beside that of the simulation.
    expected = large_sample_gap(LAWS[law](60_000, np.random.default_rng(4))).constant
    assert abs(found - expected) < 4.0 * np.hypot(error, 0.01 * expected)
    assert error < 0.05 * expected


def test_gaussian_constant_is_that_of_the_order_parameters_and_a_quarter():
    """The limit of large d leaves out the extra variance λ² on the diagonal: Σ (λ²/4λ)/Tr Σ."""
    spectrum = Spectrum.power_law(300, 1.0)
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((3000, 300)) * np.sqrt(spectrum.eigenvalues)
    found = large_sample_gap(rows)
    own = Spectrum.from_data(rows)
    limit = 1e9 * theory.order_parameters(own, 1e9).gap
    assert found.gaussian == pytest.approx(limit + 0.25, rel=1e-6)
    # Rows are Gaussian, so that their own moments say the same within the noise of 3000 rows.
    assert found.ratio == pytest.approx(1.0, abs=0.01)


def test_ratio_of_elliptical_data_is_close_to_the_second_moment_of_the_amplitude():
    found = large_sample_gap(two_amplitudes(400_000, np.random.default_rng(4)))
    # 2.92 off the diagonal, (3 · 2.92 − 1)/2 = 3.88 on it.
    assert 2.92 < found.ratio < 3.88


def test_directions_without_variance_and_image_shapes_change_nothing():
    rows = two_amplitudes(500, np.random.default_rng(5))
    padded = np.hstack([rows, np.ones((500, 2))]).reshape(500, 2, 4)
    assert large_sample_gap(padded).constant == pytest.approx(
        large_sample_gap(rows).constant, rel=1e-10
    )


def test_constants_are_sums_over_pairs_of_directions():
    rng = np.random.default_rng(6)
    y, lam = rng.standard_normal((7, 3)), np.array([3.0, 1.0, 0.2])
    apart = (np.sqrt(lam)[:, None] + np.sqrt(lam)) ** 2 * lam.sum()
    each = [np.sum(np.outer(row**2, row**2) / apart) for row in y]
    own = np.sum(lam**2 / np.diag(apart))
    found = gap_constants(y, lam)
    assert found.constant == pytest.approx(np.mean(each) - own, rel=1e-12)
    assert found.gaussian == pytest.approx(np.sum(np.outer(lam, lam) / apart) + own, rel=1e-12)
    assert found.error == pytest.approx(np.std(each, ddof=1) / np.sqrt(7.0), rel=1e-12)
    assert found.ratio == found.constant / found.gaussian


@pytest.mark.parametrize("data", [np.ones((5, 3)), np.full((4, 2), np.nan)])
def test_bad_data(data):
    with pytest.raises(InputError):
        large_sample_gap(data)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_simulations_give_what_is_stored(call):
    stored.derive_again(call)
