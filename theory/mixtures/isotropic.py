"""Isotropic components: one matrix product serves all of them, and loses no digits.

All arrays are float64. Points are rows x of shape (batch, d), noise is σ² of shape (1, 1) or
(batch, 1), and component c is N(μ_c, v_c).
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray

# Squared distances that come from the product are computed again where their rounding could change
# a log density by more than this, unless the component lies this many nats below the best one.
_LOG_ERROR = 1e-9
_NEGLIGIBLE = 45.0
# Numbers that are gathered at a time.
_GATHER = 2**21


def log_joint(
    x: FloatArray, noise: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray
) -> FloatArray:
    """Joint log density of point and component, log π_c N(x; μ_c, v_c + σ²).

    Parameters
    ----------
    x : ndarray, shape (batch, d)
        Points.
    noise : ndarray, shape (1, 1) or (batch, 1)
        σ².
    weights, variances : ndarray, shape (c,)
        π_c and v_c.
    means : ndarray, shape (c, d)
        μ_c.

    Returns
    -------
    ndarray, shape (batch, c)
    """
    # Products about the centre of the mixture lose fewer digits.
    origin = weights @ means
    shifted, centres = x - origin, means - origin
    total = variances + noise
    sizes = np.sum(shifted**2, axis=1)[:, None] + np.sum(centres**2, axis=1)
    squares = sizes - 2.0 * (shifted @ centres.T)
    offset = np.log(weights) - 0.5 * x.shape[1] * np.log(2.0 * np.pi * total)
    error = 4.0 * np.finfo(np.float64).eps * sizes / total
    values = offset - 0.5 * squares / total
    best = np.max(values - error, axis=1, keepdims=True)
    rows, columns = np.nonzero((error > _LOG_ERROR) & (values + error > best - _NEGLIGIBLE))
    size = _gathered(x.shape[1])
    for i in range(0, rows.size, size):
        r, c = rows[i : i + size], columns[i : i + size]
        squares[r, c] = np.sum((x[r] - means[c]) ** 2, axis=1)
    return np.asarray(offset - 0.5 * squares / total)


def _gathered(dim: int) -> int:
    """Pairs of a point and a component that are gathered at a time."""
    return max(1, _GATHER // dim)


def combined(
    x: FloatArray, weights: FloatArray, factors: FloatArray, means: FloatArray
) -> FloatArray:
    """Weighted sum of the offsets from all components, Σ_c w_c f_c (x − μ_c).

    Parameters
    ----------
    x : ndarray, shape (batch, d)
        Points.
    weights : ndarray, shape (batch, c)
        w_c of each point.
    factors : ndarray, shape (c,) or (batch, c)
        f_c.
    means : ndarray, shape (c, d)
        μ_c.

    Returns
    -------
    ndarray, shape (batch, d)
    """
    gains = weights * factors
    # The leading component is subtracted first: nothing cancels where it has all the weight.
    rows, leading = np.arange(len(x)), weights.argmax(axis=1)
    own = gains[rows, leading, None].copy()
    gains[rows, leading] = 0.0
    others = gains.sum(axis=1)[:, None] * x - gains @ means
    return np.asarray(own * (x - means[leading]) + others)
