"""The neural tangent kernel of infinitely wide ReLU networks of any depth (arXiv:1806.07572)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_nonnegative,
)
from convergen.theory.common.compiled import kernel
from convergen.theory.common.machine.memory import need_memory
from convergen.theory.networks.wide.arccosine import angle_from, order_one, order_zero

# Rows of one product, and columns that stay in the innermost cache through all layers.
_ROWS, _LANES = 512, 512


def relu_tangent_kernel(
    x: ArrayLike, y: ArrayLike | None = None, *, depth: int = 3, bias: float = 0.0
) -> FloatArray:
    """Tangent kernel of a fully connected network with `depth` hidden ReLU layers.

    Parameters
    ----------
    x : array_like, shape (n, *shape)
        Points.
    y : array_like, shape (m, *shape), optional
        Others; default: `x`, of which half is computed.
    depth : int
        Hidden layers L ≥ 1, each followed by a ReLU.
    bias : float
        Variance β² of the biases, those of weights being 2/fan-in (1/fan-in in the first layer).

    Returns
    -------
    ndarray of float64, shape (n, m)
        Θ = Θ^{L+1}. Points of unit variance have Θ(x, x) = L + 1 without biases.

    Raises
    ------
    InputError
        If shapes differ, a value is not finite, or the kernel does not fit into memory.

    Notes
    -----
    S¹ = x·y/d + β², Θ¹ = S¹; S^{l+1} = √(s s') κ₁(ρ) + β² and Θ^{l+1} = S^{l+1} + Θ^l κ₀(ρ) with
    ρ = S^l/√(s s') and s, s' the variances of the two points (arXiv:1806.07572, theorem 1; κ the
    arccosine kernels). Cost: n m d multiplications as a matrix product, half of them without `y`,
    and about L · 5 ns · n m for the rest on one core; memory 8 n m bytes. Where points nearly
    coincide the kernel has a corner, and entries are right to 1e-8 of their size, else to 1e-13.
    """
    layers, variance = as_count(depth, "depth"), float(as_nonnegative(bias, "bias"))
    left = _rows(x, "x")
    right = left if y is None else _rows(y, "y")
    if left.shape[1] != right.shape[1]:
        raise InputError(
            f"points of {left.shape[1]} and of {right.shape[1]} coordinates were given: give "
            "points of one shape."
        )
    need_memory(
        8 * len(left) * len(right), f"the kernel of {len(left)} and {len(right)} points",
        "use fewer points",
    )  # fmt: skip
    result = np.empty((len(left), len(right)))
    own, other = (_spreads(rows, layers, variance) for rows in (left, right))
    for start in range(0, len(left), _ROWS):
        part = slice(start, start + _ROWS)
        rest = slice(start if y is None else 0, None)
        tile = left[part] @ right[rest].T
        tile /= left.shape[1]
        _through_layers(tile, own[:, part], other[:, rest], variance)
        result[part, rest] = tile
        if y is None:
            result[start + _ROWS :, part] = tile[:, _ROWS:].T
    return result


def _rows(points: ArrayLike, name: str) -> FloatArray:
    found = as_finite(points, name)
    if found.ndim < 2 or found.size == 0:
        raise InputError(
            f"{name} has shape {found.shape}: give at least one point, in an array of shape "
            "(n, *shape)."
        )
    return found.reshape(len(found), -1)


def _spreads(rows: FloatArray, depth: int, bias: float) -> FloatArray:
    """Standard deviations before each ReLU, shape (depth, n): it keeps a variance."""
    squares = np.einsum("nd,nd->n", rows, rows) / rows.shape[1]
    variances = squares + bias * np.arange(1.0, depth + 1.0)[:, None]
    return np.asarray(np.sqrt(variances))


@kernel(fastmath={"contract"})
def _through_layers(tile, own, other, bias):  # type: ignore[no-untyped-def]
    """Overwrite products of points by their tangent kernel."""
    tangent, inverse = np.empty(_LANES), np.empty((own.shape[0], tile.shape[1]))
    for layer in range(own.shape[0]):
        for j in range(tile.shape[1]):
            inverse[layer, j] = 1.0 / other[layer, j] if other[layer, j] > 0.0 else 0.0
    for i in range(tile.shape[0]):
        for start in range(0, tile.shape[1], _LANES):
            row = tile[i, start : start + _LANES]
            for j in range(row.size):
                row[j] += bias
                tangent[j] = row[j]
            for layer in range(own.shape[0]):
                scale = own[layer, i]
                back = 1.0 / scale if scale > 0.0 else 0.0
                outside = other[layer, start : start + _LANES]
                undone = inverse[layer, start : start + _LANES]
                for j in range(row.size):
                    cosine = row[j] * back * undone[j]
                    cosine = 1.0 if cosine > 1.0 else cosine
                    cosine = -1.0 if cosine < -1.0 else cosine
                    angle = angle_from(cosine)
                    row[j] = scale * outside[j] * order_one(cosine, angle) + bias
                    tangent[j] = row[j] + tangent[j] * order_zero(angle)
            for j in range(row.size):
                row[j] = tangent[j]
