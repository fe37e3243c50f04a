"""How far a measurement is from its prediction: one z for simulations and trained models."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, hyp2f1, ndtri, ndtri_exp, stdtr

from convergen.theory.common.checks import FloatArray

# Tail probabilities below this are taken in logarithms.
_TINY = 1e-290
# A difference this small beside the numbers compared is rounding.
_ROUNDING = 1e-9


def normal_score(
    measured: ArrayLike,
    predicted: ArrayLike,
    stderr: ArrayLike,
    repeats: ArrayLike,
    predicted_stderr: ArrayLike = 0.0,
) -> FloatArray:
    """Difference over its error, as the normal deviate of the same tail probability.

    Parameters
    ----------
    measured, predicted : array_like
        What is compared; shapes broadcast.
    stderr : array_like
        Standard error of the measurement over its repeats.
    repeats : array_like
        How many there were; the error of k repeats follows Student's t with k − 1 degrees of
        freedom, so that three repeats 17 errors away from the prediction score 2.9, not 17.
    predicted_stderr : array_like
        Standard error of the prediction, added in square.

    Returns
    -------
    ndarray
        0 where both agree to rounding; NaN where there is no error to compare with or either is
        not finite.
    """  # fmt: skip
    mean, law, own, other = np.broadcast_arrays(
        *(np.asarray(each, np.float64) for each in (measured, predicted, stderr, predicted_stderr))
    )
    with np.errstate(all="ignore"):
        total = np.hypot(own, other)
        exact = np.abs(mean - law) <= _ROUNDING * np.abs(law)
        score = student_to_normal((mean - law) / total, np.asarray(repeats, np.float64) - 1.0)
    known = np.isfinite(mean) & np.isfinite(law) & (total > 0.0)
    return np.where(exact & np.isfinite(law), 0.0, np.where(known, score, np.nan))


def student_to_normal(t: ArrayLike, freedom: ArrayLike) -> FloatArray:
    """Normal deviate with the tail probability of Student's t.

    Parameters
    ----------
    t : array_like
        A difference over its error.
    freedom : array_like
        Degrees of freedom ν; NaN below a positive one, t itself for infinitely many.

    Returns
    -------
    ndarray
        With the sign of t.
    """
    x, nu = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(freedom, np.float64))
    size = np.abs(x)
    with np.errstate(all="ignore"):
        tail = stdtr(nu, -size)
        # P(T > t) = ½ I_w(ν/2, ½) with w = ν/(ν + t²), whose logarithm does not underflow.
        w = 1.0 / (1.0 + size**2 / nu)
        half = 0.5 * nu
        log_tail = half * np.log(w) - np.log(2.0 * half) - betaln(half, 0.5)
        log_tail += np.log(hyp2f1(half, 0.5, half + 1.0, w))
        found = np.where(tail > _TINY, ndtri(tail), ndtri_exp(log_tail))
    return np.asarray(np.copysign(np.where(np.isinf(nu), size, found), x))
