"""Convergence q(n) in the usual way: the noise is integrated over, κ is found by Newton's method.

The peers of `speed.py`; brentq takes over where Newton fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, newton

FloatArray = NDArray[np.float64]

TOLERANCE = 1e-10
SIZES = (24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)


@dataclass(frozen=True)
class Rule:
    """Quadrature for h(s) = (1/π) ∫₀^∞ s/(s+κ(t)) t^{−1/2} dt.

    Attributes
    ----------
    name : str
        Which substitution.
    nodes, weights : ndarray
        t and (1/π) t^{−1/2} dt, for eigenvalues of order one.
    """

    name: str
    nodes: FloatArray
    weights: FloatArray


def rules(count: int) -> list[Rule]:
    """Three usual substitutions with the given number of nodes.

    Parameters
    ----------
    count : int
        Number of nodes.

    Returns
    -------
    list of Rule
        The trapezoid rule in log t and in arsinh(log t · 2/π), which is double exponential, and
        Gauss–Legendre in arctan(sqrt(t)). Their ranges and centres suit eigenvalues from 1 down
        to 1/3072.
    """
    u = np.linspace(-56.0, 48.0, count)
    logarithmic = np.exp(u)
    v = np.linspace(-4.15, 4.0, count)
    double = 1e-2 * np.exp(0.5 * np.pi * np.sinh(v))
    slope = 0.5 * np.pi * np.cosh(v)
    x, gauss = np.polynomial.legendre.leggauss(count)
    angle = 0.25 * np.pi * (x + 1.0)
    scale = 1e-2
    return [
        Rule("log", logarithmic, np.sqrt(logarithmic) * (u[1] - u[0]) / np.pi),
        Rule("double exponential", double, np.sqrt(double) * slope * (v[1] - v[0]) / np.pi),
        Rule(
            "arctan", scale * np.tan(angle) ** 2, 0.5 * np.sqrt(scale) * gauss / np.cos(angle) ** 2
        ),
    ]


@dataclass
class Failures:
    """How often Newton had to be replaced."""

    nodes: int = 0
    total: int = 0
    samples: int = 0


class _Equation:
    """z = κ (1 − df₁(κ)/n) on the full spectrum, with the sums shared by value and slope."""

    def __init__(self, lam: FloatArray, counts: FloatArray, n: float) -> None:
        self.lam, self.counts, self.n = lam, counts, n
        self.trace = float(counts @ lam)
        self.last: Any = None

    def shares(self, kappa: Any) -> FloatArray:
        if self.last is None or self.last[0] is not kappa:
            self.last = (kappa, self.lam / (self.lam + np.asarray(kappa)[..., None]))
        result: FloatArray = self.last[1]
        return result

    def value(self, kappa: Any, z: Any) -> Any:
        return kappa * (1.0 - self.shares(kappa) @ self.counts / self.n) - z

    def slope(self, kappa: Any, z: Any) -> Any:
        return 1.0 - self.shares(kappa) ** 2 @ self.counts / self.n

    def bracketed(self, z: float) -> float:
        root: float = brentq(self.value, z, z + self.trace / self.n, (z,), xtol=1e-300, rtol=1e-14)
        return root


def _accept(equation: _Equation, kappa: Any, converged: Any, z: Any) -> Any:
    """Newton may also settle on a negative κ; the positive root is unique and at least z."""
    highest = (z + equation.trace / equation.n) * (1.0 + 1e-12)
    return converged & (kappa >= z * (1.0 - 1e-12)) & (kappa <= highest)


def node_by_node(equation: _Equation, t: FloatArray, from_above: bool) -> tuple[FloatArray, int]:
    """Solve for κ(t) by one call of scipy.optimize.newton for each node.

    Parameters
    ----------
    equation : _Equation
        Spectrum and number of samples.
    t : ndarray
        Nodes.
    from_above : bool
        Start at κ = t + Tr Σ/n, an upper bound, rather than at κ = t.

    Returns
    -------
    tuple
        κ at the nodes, and at how many of them Newton failed.
    """
    kappa = np.empty_like(t)
    failures = 0
    for i, z in enumerate(t):
        start = z + equation.trace / equation.n if from_above else z
        root, info = newton(
            equation.value, start, equation.slope, (z,), tol=1e-300, rtol=1e-13,
            full_output=True, disp=False,
        )  # fmt: skip
        if not _accept(equation, root, info.converged, z):
            failures += 1
            root = equation.bracketed(z)
        kappa[i] = root
    return kappa, failures


def all_at_once(equation: _Equation, t: FloatArray, from_above: bool) -> tuple[FloatArray, int]:
    """Solve for κ(t) by one call of scipy.optimize.newton for all nodes.

    Parameters
    ----------
    equation, t, from_above
        As in `node_by_node`.

    Returns
    -------
    tuple
        As in `node_by_node`.
    """
    start = t + equation.trace / equation.n if from_above else t
    # The array form knows an absolute tolerance only, so the unknown is κ/t or n κ/Tr Σ there.
    unit = t + equation.trace / equation.n
    roots, converged, _ = newton(
        lambda x: equation.value(unit * x, t), start / unit,
        lambda x: unit * equation.slope(unit * x, t), tol=1e-14, full_output=True,
    )  # fmt: skip
    kappa = unit * roots
    failed = np.flatnonzero(~_accept(equation, kappa, converged, t))
    for i in failed:
        kappa[i] = equation.bracketed(float(t[i]))
    return kappa, failed.size


Solver = Callable[[_Equation, FloatArray, bool], tuple[FloatArray, int]]


def newton_convergence(
    lam: FloatArray,
    samples: FloatArray,
    rule: Rule,
    solver: Solver = all_at_once,
    from_above: bool = True,
    failures: Failures | None = None,
) -> FloatArray:
    """Evaluate q(n) in the usual way.

    Parameters
    ----------
    lam : ndarray, shape (d,)
        Full spectrum.
    samples : ndarray
        Numbers of samples n.
    rule : Rule
        Quadrature in t.
    solver : callable
        `node_by_node` or `all_at_once`.
    from_above : bool
        Where Newton starts.
    failures : Failures, optional
        Counted into.

    Returns
    -------
    ndarray, shape of `samples`
    """
    counts = np.ones_like(lam)
    q = np.empty(samples.size)
    for i, n in enumerate(samples):
        equation = _Equation(lam, counts, float(n))
        kappa, failed = solver(equation, rule.nodes, from_above)
        h = lam * (rule.weights @ (1.0 / (lam + kappa[:, None])))
        q[i] = h @ h / equation.trace
        if failures is not None:
            failures.nodes += failed
            failures.total += rule.nodes.size
            failures.samples += failed > 0
    return q


def smallest_rule(lam: FloatArray, samples: FloatArray, exact: FloatArray) -> tuple[Rule, float]:
    """Find the rule with the fewest nodes that is as exact as asked for.

    Parameters
    ----------
    lam : ndarray, shape (d,)
        Full spectrum.
    samples, exact : ndarray
        Numbers of samples, the hardest first, and q there.

    Returns
    -------
    tuple
        The rule, and its largest relative error; it stays above the tolerance if no rule in the
        list is exact enough.
    """
    best: tuple[Rule, float] | None = None
    for count in SIZES:
        for rule in rules(count):
            error = 0.0
            for part in np.array_split(np.arange(samples.size), 8):
                q = newton_convergence(lam, samples[part], rule)
                error = max(error, float(np.max(np.abs(q / exact[part] - 1.0))))
                if error > TOLERANCE:
                    break
            if error <= TOLERANCE:
                return rule, error
            if best is None or error < best[1]:
                best = rule, error
    assert best is not None
    return best
