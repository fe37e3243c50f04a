"""Exact limits as sympy expressions, to print in a paper and to check the numerical code against.

All hold for d → ∞ at a fixed load γ = n/d. This module imports sympy, so import it only where
it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike
from scipy.special import hyp2f1

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_positive

_LOAD = sympy.Symbol("gamma", positive=True)
_STRENGTH = sympy.Symbol("theta", positive=True)
_ASPECT = sympy.Symbol("c", positive=True)
_HALF = sympy.Rational(1, 2)

_MAILLARD_GOLDT = "Maillard & Goldt, arXiv:2605.21402"
_MARCHENKO_PASTUR = "Marchenko & Pastur, Math. USSR-Sbornik 1, 457 (1967)"
_BAIK = "Baik, Ben Arous & Péché, Ann. Probab. 33, 1643 (2005), arXiv:math/0403022"
_PAUL = "Paul, Statistica Sinica 17, 1617 (2007)"


@dataclass(frozen=True)
class ClosedForm:
    """A formula with the symbols that it depends on and the paper that it comes from.

    Attributes
    ----------
    expression : sympy.Expr
        The formula; a Piecewise where it has several branches.
    symbols : tuple of sympy.Symbol
        Its variables, all positive, in the order in which `compiled` takes them.
    source : str
        Where it was derived.

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> form = closed_forms.recovery_threshold_spike()
    >>> form.expression, form.symbols
    (theta**(-2), (theta,))
    """

    expression: Any
    symbols: tuple[Any, ...]
    source: str

    def latex(self) -> str:
        """Write the formula in LaTeX, without dollar signs.

        Returns
        -------
        str
        """
        return str(sympy.latex(self.expression))

    def compiled(self) -> Callable[..., FloatArray]:
        """Make a vectorised function of the formula, in double precision.

        Returns
        -------
        callable
            Takes one array_like per symbol; they are broadcast, and the result has their common
            shape, a scalar for scalars. It raises InputError unless all values are finite and
            positive. Each branch is evaluated only where it holds.
        """
        branches = self.expression.args if self.expression.is_Piecewise else ((self.expression, 1),)
        compiled = [
            (_lambdify(self.symbols, value), _lambdify(self.symbols, holds))
            for value, holds in branches
        ]

        def evaluate(*values: ArrayLike) -> FloatArray:
            if len(values) != len(self.symbols):
                names = ", ".join(map(str, self.symbols))
                raise InputError(f"{len(values)} values were given: give one for each of {names}.")
            arrays = np.broadcast_arrays(
                *(as_positive(v, str(s)) for v, s in zip(values, self.symbols, strict=True))
            )
            result = np.full(arrays[0].shape, np.nan)
            pending = np.ones(result.shape, dtype=np.bool_)
            for value, holds in compiled:
                here = pending & np.asarray(holds(*arrays), dtype=np.bool_)
                result[here] = value(*(array[here] for array in arrays))
                pending &= ~here
            scalar_or_array: FloatArray = result[()]
            return scalar_or_array

        return evaluate


def convergence_isotropic() -> ClosedForm:
    """Convergence q(γ) of two linear models on disjoint isotropic data.

    Returns
    -------
    ClosedForm
        In γ > 0; q = h², where h is the `half_moment`, since E Σ̂^{1/2} = h · I.

    Notes
    -----
    arXiv:2605.21402; q(1) = (8/3π)². A finite number of spikes does not change it.

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> closed_forms.convergence_isotropic().compiled()([0.5, 1.0, 10.0]).round(4)
    array([0.4351, 0.7205, 0.9748])
    """
    large = _square_root(1 / _LOAD) ** 2
    small = _LOAD * _square_root(_LOAD) ** 2
    return ClosedForm(
        sympy.Piecewise((large, _LOAD >= 1), (small, True)), (_LOAD,), _MAILLARD_GOLDT
    )


def spike_overlap() -> ClosedForm:
    """Latent recovery Q(γ, θ) of one spike λ = 1 + θ on the unit bulk.

    Returns
    -------
    ClosedForm
        In γ > 0 and θ > 0: the squared overlap of the leading sample eigenvector with the
        spike, zero up to the threshold γθ² = 1.

    Notes
    -----
    Threshold: Baik, Ben Arous & Péché (2005), arXiv:math/0403022. Overlap: Paul (2007).

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> form = closed_forms.spike_overlap()
    >>> form.symbols
    (gamma, theta)
    """
    above = (1 - 1 / (_LOAD * _STRENGTH**2)) / (1 + 1 / (_LOAD * _STRENGTH))
    return ClosedForm(
        sympy.Piecewise((sympy.S.Zero, _LOAD * _STRENGTH**2 <= 1), (above, True)),
        (_LOAD, _STRENGTH),
        f"{_PAUL}; threshold: {_BAIK}",
    )


def recovery_threshold_spike() -> ClosedForm:
    """Load γ* = 1/θ² above which the spike λ = 1 + θ is recovered.

    Returns
    -------
    ClosedForm
        In θ > 0; n* = γ* d samples.

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> closed_forms.recovery_threshold_spike().expression
    theta**(-2)
    """
    return ClosedForm(1 / _STRENGTH**2, (_STRENGTH,), _BAIK)


def marchenko_pastur_moment(power: int) -> ClosedForm:
    """Mean power of the sample eigenvalues, E Tr Σ̂^k / d, for Σ = I.

    Parameters
    ----------
    power : int
        k ≥ 1.

    Returns
    -------
    ClosedForm
        Polynomial in c = d/n = 1/γ whose coefficients are the Narayana numbers.

    Raises
    ------
    InputError
        If the power is not an integer ≥ 1.

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> closed_forms.marchenko_pastur_moment(2).expression
    c + 1
    """
    k = as_count(power, "power")
    terms = (
        sympy.binomial(k, r) * sympy.binomial(k - 1, r) / (r + 1) * _ASPECT**r for r in range(k)
    )
    return ClosedForm(sympy.Add(*terms), (_ASPECT,), _MARCHENKO_PASTUR)


def half_moment() -> ClosedForm:
    """Mean square root of the sample eigenvalues, h(γ) = E Tr Σ̂^{1/2} / d, for Σ = I.

    Returns
    -------
    ClosedForm
        In γ > 0; the Narayana sum of `marchenko_pastur_moment`, ₂F₁(−k, 1−k; 2; 1/γ), at k = 1/2.

    Examples
    --------
    >>> from convergen.theory import closed_forms
    >>> round(float(closed_forms.half_moment().compiled()(4.0)), 4)
    0.9677
    """
    small = sympy.sqrt(_LOAD) * _square_root(_LOAD)
    return ClosedForm(
        sympy.Piecewise((_square_root(1 / _LOAD), _LOAD >= 1), (small, True)),
        (_LOAD,),
        _MARCHENKO_PASTUR,
    )


def _square_root(argument: Any) -> Any:
    """₂F₁(−1/2, 1/2; 2; x), the mean of sqrt(x) over the Marchenko–Pastur law."""
    return sympy.hyper([-_HALF, _HALF], [2], argument)


def _lambdify(symbols: tuple[Any, ...], expression: Any) -> Callable[..., Any]:
    def gauss(upper: tuple[float, float], lower: tuple[float], x: FloatArray) -> FloatArray:
        return np.asarray(hyp2f1(upper[0], upper[1], lower[0], x), dtype=np.float64)

    function: Callable[..., Any] = sympy.lambdify(symbols, expression, [{"hyper": gauss}, "numpy"])
    return function
