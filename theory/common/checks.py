"""Input checks shared by every public function: one clear sentence, raised early."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_LEAST_NOISE = 1e-70

# Whole numbers beyond it are not exact as floats.
_LARGEST_COUNT = 2**53
# Files hold signed integers of 64 bits.
_LARGEST_SEED = 2**63 - 1


class InputError(ValueError):
    """Bad input from the user.

    The message is one sentence that says what was given, what is allowed and
    how to mend it; the command line prints it and exits with code 2.

    Examples
    --------
    >>> from convergen import theory
    >>> theory.Spectrum.isotropic(0)
    Traceback (most recent call last):
        ...
    convergen.theory.common.checks.InputError: dim must be a whole number of at least 1, not 0.
    """


def as_samples(samples: ArrayLike) -> FloatArray:
    """Check numbers of training samples.

    Parameters
    ----------
    samples : array_like, any shape
        Numbers of training samples n ≥ 1; real values are allowed.

    Returns
    -------
    ndarray of float64, same shape

    Raises
    ------
    InputError
        If a value is not a finite number ≥ 1.
    """
    values = _as_quantity(samples, "samples")
    if not values.size:
        raise InputError("samples is empty: give at least one number of training samples.")
    if np.any(values < 1.0):
        raise InputError(
            f"samples must be at least 1, but {values[values < 1.0].flat[0]:g} was given: "
            "remove it from the list."
        )
    return values


def as_sample_size(samples: float) -> float:
    """Check one number of training samples.

    Parameters
    ----------
    samples : float
        n ≥ 1; real values are allowed.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If it is not one finite number ≥ 1.
    """
    return as_number(as_samples(samples), "samples")


def as_number(array: FloatArray, name: str) -> float:
    """Check that an array holds one number.

    Parameters
    ----------
    array : ndarray
        What the user gave, already checked by `as_finite`.
    name : str
        How the message calls it.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If the array is not 0-dimensional.
    """
    if array.ndim != 0:
        raise InputError(
            f"{name} must be a single number here, not an array of shape {array.shape}: "
            "give one value at a time."
        )
    return float(array)


def as_finite(values: ArrayLike, name: str) -> FloatArray:
    """Convert to float64 and refuse NaN, infinities and anything that is not a real number.

    Arrays of booleans are numbers, as data; True alone is none.

    Parameters
    ----------
    values : array_like
        What the user gave.
    name : str
        How the message calls it.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    InputError
        If the conversion fails or a value is not finite.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} has rows of different lengths: give a plain list.") from None
    if array.dtype == object and all(type(value) is int for value in array.flat):
        array = _from_long_integers(array, name)
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "b" and array.ndim == 0):
        raise InputError(
            f"{name} must hold real numbers, but has dtype {array.dtype}: convert it to float."
        )
    with np.errstate(over="ignore"):  # longer floats beyond the range become infinite
        result: FloatArray = array.astype(np.float64)
    finite = np.isfinite(result)
    if not finite.all():
        raise InputError(
            f"{name} holds {int((~finite).sum())} value(s) that are NaN or infinite: "
            "remove or replace them."
        )
    return result


def _from_long_integers(array: NDArray[np.object_], name: str) -> FloatArray:
    """Convert whole numbers of more than 64 bits."""
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise InputError(
            f"{name} holds a number beyond the range of floats: use at most 1.8e308."
        ) from None


def _as_quantity(values: ArrayLike, name: str) -> FloatArray:
    """Convert numbers that mean something else than a mask."""
    several = isinstance(values, list | tuple) and any(isinstance(v, bool) for v in values)
    if several or (isinstance(values, np.ndarray) and values.dtype.kind == "b"):
        raise InputError(f"{name} must hold numbers, not True or False: write them out.")
    return as_finite(values, name)


def as_noise(sigma: ArrayLike) -> FloatArray:
    """Check noise levels, whose fourth powers must be numbers, too.

    Parameters
    ----------
    sigma : array_like, any shape
        What the user gave.

    Returns
    -------
    ndarray of float64, same shape

    Raises
    ------
    InputError
        If there is none, or one is not between 1e-70 and 1e70.
    """
    levels = as_positive(sigma, "sigma")
    outside = (levels < _LEAST_NOISE) | (levels > 1.0 / _LEAST_NOISE)
    if np.any(outside):
        raise InputError(
            f"sigma must lie between {_LEAST_NOISE:g} and {1.0 / _LEAST_NOISE:g}, but "
            f"{levels[outside].flat[0]:g} was given: use other units."
        )
    return levels


def as_noise_range(sigma_min: float, sigma_max: float) -> tuple[float, float]:
    """Check the lowest and the highest noise level of a sampler.

    Parameters
    ----------
    sigma_min, sigma_max : float
        What the user gave.

    Returns
    -------
    low, high : float
        0 < low < high.

    Raises
    ------
    InputError
        If they are not so.
    """
    low = as_number(as_positive(sigma_min, "sigma_min"), "sigma_min")
    high = as_number(as_positive(sigma_max, "sigma_max"), "sigma_max")
    if low >= high:
        raise InputError(
            f"sigma_min = {low:g} and sigma_max = {high:g} must satisfy 0 < sigma_min < sigma_max."
        )
    return low, high


def as_positive(values: ArrayLike, name: str = "sigma") -> FloatArray:
    """Check quantities that are finite and > 0, such as noise levels.

    Parameters
    ----------
    values : array_like, any shape
        What the user gave.
    name : str
        How the message calls them.

    Returns
    -------
    ndarray of float64, same shape

    Raises
    ------
    InputError
        If there is no value, or one is not a finite number > 0.
    """
    result = _as_quantity(values, name)
    if not result.size:
        raise InputError(f"{name} is empty: give at least one value.")
    if np.any(result <= 0.0):
        raise InputError(
            f"{name} must be positive, but {result[result <= 0.0].flat[0]:g} was given: "
            "use a value above zero."
        )
    return result


def as_nonnegative(value: float, name: str) -> float:
    """Check one finite number ≥ 0.

    Parameters
    ----------
    value : float
        What the user gave.
    name : str
        How the message calls it.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If the value is negative, NaN or infinite.
    """
    result = as_number(_as_quantity(value, name), name)
    if result < 0.0:
        raise InputError(f"{name} must not be negative, but {result:g} was given: use 0 or more.")
    return result


def as_count(value: object, name: str, minimum: int = 1) -> int:
    """Check one integer.

    Parameters
    ----------
    value : int
        What the user gave; a float that is a whole number counts as one.
    name : str
        How the message calls it.
    minimum : int
        Smallest allowed value.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If the value is not an integer ≥ minimum, or above 2⁵³.
    """
    return _as_whole(value, name, minimum, _LARGEST_COUNT)


def as_seed(value: object, name: str = "seed") -> int:
    """Check the seed of a random generator.

    Parameters
    ----------
    value : int
        What the user gave.
    name : str
        How the message calls it.

    Returns
    -------
    int
        From 0 to 2⁶³ − 1.

    Raises
    ------
    InputError
        If the value is not such an integer.
    """
    return _as_whole(value, name, 0, _LARGEST_SEED)


def _as_whole(value: object, name: str, minimum: int, maximum: int) -> int:
    """Check one integer in a range."""
    whole = isinstance(value, int | np.integer) or (isinstance(value, float) and value.is_integer())
    count = int(value) if whole and not isinstance(value, bool) else minimum - 1  # type: ignore[call-overload]
    if minimum <= count <= maximum:
        return count
    long = isinstance(value, int) and abs(value) >= 10**25
    shown = "one of more than 25 digits" if long else repr(value)
    bound = f"least {minimum}" if count < minimum else f"most {maximum}"
    raise InputError(f"{name} must be a whole number of at {bound}, not {shown}.")
