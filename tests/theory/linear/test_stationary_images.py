import mpmath
import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.linear.stationary_images import expected_root, stationary_convergence


def test_expected_root_against_mpmath():
    for m in (1, 2, 3, 10, 1001, 10**7, 10**10, 10**15):
        with mpmath.workdps(40):
            exact = mpmath.sqrt(mpmath.mpf(2) / m) * mpmath.exp(
                mpmath.loggamma(mpmath.mpf(m + 1) / 2) - mpmath.loggamma(mpmath.mpf(m) / 2)
            )
        assert float(expected_root(m)) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("shape", [(4, 4), (5, 6)])
@pytest.mark.parametrize("n", [1, 3, 20])
def test_against_models_fitted_to_fields(shape, n):
    """Two models generate from the same white noise; q is the ratio of means over many pairs."""
    rng = np.random.default_rng(n)
    k = [np.fft.fftfreq(size) * size for size in shape]
    power = (1.0 + k[0][:, None] ** 2 + k[1][None, :] ** 2) ** -1.0
    repeats = 4000

    def root_of_fit():
        white = np.fft.fft2(rng.standard_normal((repeats, n, *shape)), norm="ortho")
        return np.sqrt(np.mean(power * np.abs(white) ** 2, axis=1))

    first, second = root_of_fit(), root_of_fit()
    # The mean over the shared noise is exact: ⟨x̂₁, x̂₂⟩ = Σ r₁ r₂ and |x̂|² = Σ r².
    overlap = np.sum(first * second, axis=(1, 2))
    norm = 0.5 * np.sum(first**2 + second**2, axis=(1, 2))
    q = overlap.mean() / norm.mean()
    error = np.std(overlap - q * norm) / norm.mean() / np.sqrt(repeats)
    assert abs(q - stationary_convergence(power, n)) < 4 * error


def test_limits():
    power = np.random.default_rng(0).random((3, 8, 8))
    q = stationary_convergence(power, [1, 10, 1e6, 1e12])
    assert np.all(np.diff(q) > 0)
    # Large n: g² ≈ 1 − 1/(2m), so almost all modes give 1 − q ≈ 1/(4n).
    assert 1 - q[2] == pytest.approx(1 / 4e6, rel=0.1)
    # A mode alone that is its own partner: χ with one degree of freedom.
    alone = np.zeros((4, 4))
    alone[0, 0] = 2.0
    assert stationary_convergence(alone, 1) == pytest.approx(2 / np.pi)


@pytest.mark.parametrize("power", [np.ones(4), -np.ones((2, 2)), np.zeros((2, 2)), [[np.nan]]])
def test_bad_power(power):
    with pytest.raises(InputError, match="power"):
        stationary_convergence(power, 3)
