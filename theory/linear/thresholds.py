"""The inverse question: how many samples until a wanted quality is reached for good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_finite,
    as_nonnegative,
    as_positive,
)
from convergen.theory.common.roots import bracketed_root
from convergen.theory.linear.denoising_errors import denoising_errors
from convergen.theory.linear.distances import bures_wasserstein, kullback_leibler
from convergen.theory.linear.order_parameters import order_parameters
from convergen.theory.spectra.spectrum import Spectrum

LIMIT = 1e18
_GRID = 72

Excess = Callable[[FloatArray], FloatArray]


class SampleSize(float):
    """A number of samples that carries its explanation.

    Attributes
    ----------
    explanation : str
        One sentence: what holds from this n on, or why no n suffices (then the value is inf).
    converged : bool
        Whether the bracketed root finder reached a relative accuracy of 1e-12 in log n.
    """

    explanation: str
    converged: bool

    def __new__(cls, value: float, explanation: str, converged: bool = True) -> SampleSize:
        """Build from a number and a sentence."""
        self = super().__new__(cls, value)
        self.explanation = explanation
        self.converged = converged
        return self

    def __repr__(self) -> str:
        return f"SampleSize({float(self):.6g}: {self.explanation})"

    __str__ = float.__repr__


def samples_for(
    spectrum: Spectrum,
    *,
    convergence: float | None = None,
    convergence_to_truth: float | None = None,
    bures_wasserstein: float | None = None,
    kullback_leibler: float | None = None,
    test_error: float | None = None,
    agreement: float | None = None,
    sigma: float | None = None,
    ridge: float = 0.0,
) -> SampleSize:
    """Smallest n from which on a wanted level is held.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    convergence, convergence_to_truth : float, optional
        Wanted q or q*, in (0, 1]; 1 is reached by no finite n.
    bures_wasserstein, kullback_leibler : float, optional
        Wanted distance, > 0; normalised as in `convergen.theory.linear.distances`.
    test_error : float, optional
        Wanted denoising error at noise level `sigma`; units of data squared.
    agreement : float, optional
        Wanted agreement of two linear denoisers at noise level `sigma`, in (0, 1].
    sigma : float, optional
        Noise level, needed with `test_error` and `agreement` and only there.
    ridge : float
        ρ ≥ 0, for convergence and the Kullback–Leibler divergence.

    Returns
    -------
    SampleSize
        A float (real n ≥ 1, or inf) with an explanation.

    Raises
    ------
    InputError
        If not exactly one quantity is given, or a level is out of range.

    Notes
    -----
    The curve is scanned on a grid in log n up to 10¹⁸ for its last crossing of the level,
    which is then bracketed, so that a curve that is not monotone is handled too.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.samples_for(spectrum, convergence=0.9)
    SampleSize(41.1535: convergence 0.9 is held from n = 41.1535 on.)
    >>> round(theory.samples_for(spectrum, kullback_leibler=0.1))
    1033
    """
    wanted = {
        "convergence": convergence,
        "convergence_to_truth": convergence_to_truth,
        "bures_wasserstein": bures_wasserstein,
        "kullback_leibler": kullback_leibler,
        "test_error": test_error,
        "agreement": agreement,
    }
    given = {name: level for name, level in wanted.items() if level is not None}
    if len(given) != 1:
        raise InputError(
            f"samples_for needs exactly one wanted quantity, but {len(given)} were given: "
            f"choose one of {', '.join(wanted)}."
        )
    ((name, level),) = given.items()
    if (sigma is not None) != (name in ("test_error", "agreement")):
        raise InputError("sigma belongs to test_error and agreement: give it with these only.")
    rho = as_nonnegative(ridge, "ridge")
    if rho > 0.0 and name in ("bures_wasserstein", "test_error", "agreement"):
        raise InputError(f"{name} is defined without a ridge: leave ridge at 0.")
    if name in ("convergence", "convergence_to_truth", "agreement"):
        return _for_overlap(spectrum, name, level, rho, sigma)
    target = float(as_positive(level, name))
    if name == "test_error":
        return _for_test_error(spectrum, target, float(as_positive(sigma or 0.0, "sigma")))
    if name == "bures_wasserstein":
        return _last_crossing(lambda n: _bures(spectrum, n), target, name)
    start = spectrum.rank * (1.0 + 1e-9) if rho == 0.0 else 1.0
    return _last_crossing(lambda n: _divergence(spectrum, n, rho), target, name, start)


# The keyword arguments of `samples_for` hide these names there.
_bures, _divergence = bures_wasserstein, kullback_leibler


def _for_overlap(
    spectrum: Spectrum, name: str, level: float, rho: float, sigma: float | None
) -> SampleSize:
    value = float(as_finite(level, name))
    if not 0.0 < value <= 1.0:
        raise InputError(f"{name} must lie in (0, 1], but {value:g} was asked for.")
    if value == 1.0:
        return SampleSize(
            np.inf, f"{name.replace('_', ' ')} tends to 1 but equals it at no finite n."
        )

    def excess(n: FloatArray) -> FloatArray:
        if sigma is not None:
            return 1.0 - denoising_errors(spectrum, n, sigma).agreement
        result = order_parameters(spectrum, n, rho)
        return result.gap if name == "convergence" else result.gap_to_truth

    return _last_crossing(excess, 1.0 - value, name, level=value)


def _for_test_error(spectrum: Spectrum, target: float, sigma: float) -> SampleSize:
    floor = float(denoising_errors(spectrum, LIMIT, sigma).optimal)
    if target <= floor:
        return SampleSize(
            np.inf,
            f"no n suffices: even the true denoiser has error {floor:.6g} at sigma = {sigma:g}.",
        )

    def excess(n: FloatArray) -> FloatArray:
        return denoising_errors(spectrum, n, sigma).test - floor

    return _last_crossing(excess, target - floor, "test_error", level=target)


def _last_crossing(
    excess: Excess, target: float, name: str, start: float = 1.0, level: float | None = None
) -> SampleSize:
    """Root of log excess(n) = log target beyond which the excess stays below the target."""
    words = name.replace("_", " ")
    shown = target if level is None else level
    grid = np.geomspace(start, max(LIMIT, 1e3 * start), _GRID)
    above = np.flatnonzero(excess(grid) > target)
    if above.size == 0:
        return SampleSize(grid[0], f"{words} {shown:g} is held from n = {grid[0]:g} on.")
    if above[-1] == _GRID - 1:
        return SampleSize(np.inf, f"{words} {shown:g} is not reached below n = {LIMIT:g}.")

    def difference(u: float) -> float:
        return float(np.log(max(excess(np.exp(np.array([u])))[0], 1e-300) / target))

    ends = np.log(grid[above[-1]]), np.log(grid[above[-1] + 1])
    n = float(np.exp(bracketed_root(difference, *ends, xtol=1e-13, rtol=1e-13)))
    return SampleSize(n, f"{words} {shown:g} is held from n = {n:.6g} on.")
