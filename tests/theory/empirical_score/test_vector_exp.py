import numpy as np
import pytest
from mpmath import mp, mpf
from numba import njit

from convergen.theory.empirical_score.vector_exp import exp_nonpositive, larger

# Numbers outside the normal range are out of bounds: there the result has no meaning.
LOWEST = {np.float32: -87.0, np.float64: -708.0}


@njit(error_model="numpy")
def exponentials(values):
    result = np.empty_like(values)
    for i in range(values.size):
        result[i] = exp_nonpositive(values[i])
    return result


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})
def exponentials_inside_reordered_sums(values):
    result, total = np.empty_like(values), values.dtype.type(0.0)
    for i in range(values.size):
        result[i] = exp_nonpositive(values[i])
        total += result[i]
    return result, total


@njit(error_model="numpy")
def greatest(values):
    best = values.dtype.type(-np.inf)
    for i in range(values.size):
        best = larger(values[i], best)
    return best


def arguments(dtype):
    rng = np.random.default_rng(0)
    half = np.log(2.0) * (np.arange(0.0, 60.0) + 0.5)  # where the reduced argument jumps
    return np.concatenate([
        -np.geomspace(1e-30, -LOWEST[dtype], 300),
        rng.uniform(LOWEST[dtype], 0.0, 300),
        -half, -half * (1.0 - 1e-6), -half * (1.0 + 1e-6),
        [0.0, -0.0, LOWEST[dtype]],
    ]).astype(dtype)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "function",
    [exponentials, lambda values: exponentials_inside_reordered_sums(values)[0]],
    ids=["alone", "in reordered sums"],
)
def test_two_units_in_the_last_place_over_the_whole_range(dtype, function):
    values = arguments(dtype)
    values = values[values >= LOWEST[dtype]]
    found = function(values)
    assert found.dtype == dtype
    with mp.workdps(40):
        exact = [mp.exp(mpf(float(value))) for value in values]
        errors = [abs(mpf(float(f)) / e - 1) for f, e in zip(found, exact, strict=True)]
    assert float(max(errors)) < 2.0 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_gives_exactly_one_and_order_is_kept(dtype):
    assert exponentials(np.zeros(1, dtype))[0] == 1.0
    values = np.linspace(LOWEST[dtype], 0.0, 20_001).astype(dtype)
    found = exponentials(values)
    assert np.all(np.diff(found) >= -2.0 * np.finfo(dtype).eps * found[1:])
    assert found.max() == 1.0
    assert found.min() > 0.0


def test_sum_of_a_vectorised_loop():
    values = -np.random.default_rng(1).exponential(3.0, 1001)
    total = exponentials_inside_reordered_sums(values)[1]
    assert total == pytest.approx(np.exp(values).sum(), rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_largest_of_a_row_with_infinities(dtype):
    for size in (1, 7, 64, 1000):
        values = np.random.default_rng(size).standard_normal(size).astype(dtype)
        assert greatest(values) == values.max()
        values[::2] = -np.inf
        assert greatest(values) == values.max()
    assert greatest(np.array([-1.0, np.inf], dtype)) == np.inf


def test_refused_outside_compiled_code():
    with pytest.raises(TypeError, match="numba functions only"):
        exp_nonpositive(-1.0)
