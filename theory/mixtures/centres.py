"""Centres as a mixture takes them."""

from __future__ import annotations

from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError, as_finite


def as_centres(means: ArrayLike) -> FloatArray:
    """Centres of a mixture, one a row.

    Parameters
    ----------
    means : array_like, shape (components, …)
        In data units.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    InputError
        If they are not finite, or no rows.
    """
    centres = as_finite(means, "means")
    if centres.ndim < 2 or not centres.size:
        raise InputError(
            f"means has shape {centres.shape}: give an array of shape (components, d), with d = 1 "
            "for points on a line."
        )
    return centres
