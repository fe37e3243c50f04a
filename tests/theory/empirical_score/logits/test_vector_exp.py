import numpy as np
import pytest
from mpmath import mp, mpf
from numba import njit

from convergen.theory.empirical_score.logits.vector_exp import (
    exp2_nonpositive,
    exp_nonpositive,
    larger,
    wide_vectors,
)

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


LOWEST2 = {np.float32: -125.0, np.float64: -1021.0}


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})
def powers_inside_reordered_sums(values):
    wide_vectors()
    result, total = np.empty_like(values), values.dtype.type(0.0)
    for i in range(values.size):
        result[i] = exp2_nonpositive(values[i])
        total += result[i]
    return result, total


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_of_two_are_right_to_two_units_in_the_last_place(dtype):
    rng, lowest = np.random.default_rng(2), LOWEST2[dtype]
    half = np.arange(0.0, 60.0) + 0.5  # where the reduced argument jumps
    values = np.concatenate([
        -np.geomspace(1e-30, -lowest, 300), rng.uniform(lowest, 0.0, 300),
        -half, -half * (1.0 - 1e-6), -half * (1.0 + 1e-6), np.arange(lowest, 1.0),
    ]).astype(dtype)  # fmt: skip
    found, total = powers_inside_reordered_sums(values)
    assert found.dtype == dtype
    with mp.workdps(40):
        errors = [
            abs(mpf(float(power)) / mpf(2) ** mpf(float(value)) - 1)
            for power, value in zip(found, values, strict=True)
        ]
    assert float(max(errors)) < 2.0 * np.finfo(dtype).eps
    # Whole numbers give exact powers.
    whole = values[values % 1.0 == 0.0]
    np.testing.assert_array_equal(found[values % 1.0 == 0.0], np.exp2(whole))
    exact = found.astype(np.float64).sum()
    assert total == pytest.approx(exact, rel=1e-4 if dtype == np.float32 else 1e-13)


def test_wide_vectors_are_asked_for_where_they_are_named():
    powers_inside_reordered_sums(np.zeros(3))
    exponentials_inside_reordered_sums(np.zeros(3))
    wide, usual = (
        next(iter(function.inspect_llvm().values()))
        for function in (powers_inside_reordered_sums, exponentials_inside_reordered_sums)
    )
    assert '"prefer-vector-width"="512"' in wide
    assert "prefer-vector-width" not in usual


@pytest.mark.parametrize("function", [exp_nonpositive, exp2_nonpositive])
def test_refused_outside_compiled_code(function):
    with pytest.raises(TypeError, match="numba functions only"):
        function(-1.0)
