"""An independent reference in multiprecision, and the random spectra it is compared on.

The library integrates over the renormalised noise κ, where the map κ → t is explicit. Here the
square root is taken from its Stieltjes form in the noise t itself, with κ(t) found by root finding
at every node, so that the two share neither formula nor rounding. From
x^{1/2} = (1/π) ∫₀^∞ x/(x+t) t^{−1/2} dt and (Σ̂+t)^{−1} ≃ (κ/t) (Σ+κ)^{−1}, the operator
x/(x+t) = 1 − t (x+t)^{−1} becomes 1 − κ/(s+κ) = s/(s+κ) along an eigenvector of eigenvalue s:

    h(s) = (1/π) ∫₀^∞ s/(s+κ(t)) t^{−1/2} dt,   t = κ (1 − (1/n) Σ m λ/(λ+κ)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import ArrayLike, NDArray

try:
    import gmpy2
except ImportError:  # the same code then runs on mpmath's own numbers, several times slower
    gmpy2 = None

Numbers = NDArray[np.object_]

# Continues the latest values of log κ, newest first, by a polynomial of degree 5.
EXTRAPOLATION = (6, -15, 20, -15, 6, -1)
LARGEST_DIM = 10_000
LARGEST_SAMPLES = 1e9
DECADES = 24.0


# ------------------------------------------------------------------------------ the reference


def reference_sqrt(
    eigenvalues: ArrayLike, multiplicities: ArrayLike, samples: float, digits: int = 30
) -> list[Any]:
    """Mean of the square root of a sample covariance, along each population eigenvector.

    Parameters
    ----------
    eigenvalues : array_like, shape (k,)
        Distinct eigenvalues λ ≥ 0, in any order, at least one of them positive.
    multiplicities : array_like of int, shape (k,)
        How often each occurs.
    samples : float
        Number of training samples n ≥ 1, taken as the exact binary fraction that it is.
    digits : int
        Correct significant digits that are asked for.

    Returns
    -------
    list of mpf, length k
        h(λ) = v^T E Σ̂^{1/2} v for the eigenvector v of each λ, in the limit of large size.

    Raises
    ------
    ArithmeticError
        If Newton's method or the trapezoid rule does not settle.

    Notes
    -----
    In u = log t the integrand is analytic for |Im u| < π, so the trapezoid rule of step w errs by
    about exp(−2π²/w): a halved step doubles the number of correct digits. The step is halved
    until two levels agree to two thirds of ``digits``.
    """
    values = [mpf(float(value)) for value in np.ravel(eigenvalues)]
    counts = [mpf(int(count)) for count in np.ravel(multiplicities)]
    positive = [i for i, value in enumerate(values) if value > 0]
    spread = max(values) / min(values[i] for i in positive)
    # Inside a wide gap of the spectrum κ is ill conditioned, by up to the square root of the
    # spread; the constant covers sums of many terms and n ≪ d.
    with mp.workdps(digits + 15 + int(mp.log10(spread))):
        roots = _integrate(
            [values[i] for i in positive], [counts[i] for i in positive], mpf(samples), digits
        )
        result = [mpf(0)] * len(values)
        for i, root in zip(positive, roots, strict=True):
            result[i] = root
    return result


def reference_order_parameters(
    eigenvalues: ArrayLike, multiplicities: ArrayLike, samples: float, digits: int = 30
) -> tuple[Any, Any]:
    """Convergence q and convergence to truth q*.

    Parameters
    ----------
    eigenvalues, multiplicities : array_like, shape (k,)
        The population spectrum, see `reference_sqrt`.
    samples : float
        Number of training samples n ≥ 1.
    digits : int
        Correct significant digits that are asked for.

    Returns
    -------
    tuple of mpf
        q = Σ m h(λ)² / Σ m λ and q* = Σ m h(λ) sqrt(λ) / Σ m λ.

    Notes
    -----
    Maillard & Goldt, arXiv:2605.21402.
    """
    roots = reference_sqrt(eigenvalues, multiplicities, samples, digits)
    with mp.workdps(digits + 15):
        values = [mpf(float(value)) for value in np.ravel(eigenvalues)]
        counts = [int(count) for count in np.ravel(multiplicities)]
        terms = list(zip(counts, values, roots, strict=True))
        trace = mp.fsum(m * s for m, s, _ in terms)
        convergence = mp.fsum(m * h * h for m, _, h in terms) / trace
        to_truth = mp.fsum(m * h * mp.sqrt(s) for m, s, h in terms) / trace
    return convergence, to_truth


def reference_gaps(
    eigenvalues: ArrayLike, multiplicities: ArrayLike, samples: float, digits: int = 30
) -> tuple[Any, Any]:
    """Distances 1 − q and 1 − q* from perfect convergence, in full relative precision.

    Parameters
    ----------
    eigenvalues, multiplicities : array_like, shape (k,)
        The population spectrum, see `reference_sqrt`.
    samples : float
        Number of training samples n ≥ 1.
    digits : int
        Correct significant digits of the gaps that are asked for.

    Returns
    -------
    tuple of mpf
        (1 − q, 1 − q*).
    """
    # Both gaps are of order 1/n or larger, so that many more digits of q make up for 1 − q.
    guarded = digits + 3 + int(np.log10(samples))
    q, q_true = reference_order_parameters(eigenvalues, multiplicities, samples, guarded)
    with mp.workdps(guarded):
        return 1 - q, 1 - q_true


def _integrate(values: list[Any], counts: list[Any], samples: Any, digits: int) -> list[Any]:
    """Trapezoid rule in log t for every h at once, in the working precision of the caller."""
    trace = mp.fsum(m * s for m, s in zip(counts, values, strict=True))
    # As κ ≤ t + Tr Σ/n, the part beyond T is below 3 sqrt(scale/T) of the whole, for every s.
    scale = max(values) + trace / samples
    top = scale * mpf(100) ** (digits + 2)
    step = mpf(6) / digits
    # gmpy2's numbers are far cheaper than mpf and understand the same arithmetic.
    to_work, from_work = (mpf, mpf) if gmpy2 is None else (_to_gmpy, _from_gmpy)
    context = mp.workprec(mp.prec) if gmpy2 is None else gmpy2.context(precision=mp.prec)
    with context:
        equation = _Equation(
            np.array([to_work(s) for s in values], dtype=object),
            np.array([to_work(m) for m in counts], dtype=object),
            to_work(samples),
            to_work(mpf(10) ** (-digits - 8)),
        )
        edge = equation.edge(to_work(trace / samples))
        for _ in range(4):
            ratio = to_work(mp.exp(-step / 2))
            stop = to_work(step * mpf(10) ** (-digits - 2))
            coarse, fine = _sweep(equation, edge, to_work(mp.sqrt(top)), ratio, stop)
            error = max(abs(fine / coarse - 1))
            if error < 10.0 ** (-2 * digits / 3):
                return [from_work(total) * step / mp.pi for total in fine]
            step /= 2
    raise ArithmeticError(f"the trapezoid rule still changes by {float(error):.1e}")


@dataclass(frozen=True)
class _Equation:
    """t = κ (1 − (1/n) Σ m λ/(λ+κ)), whose right-hand side is convex in κ for κ > 0."""

    values: Numbers
    counts: Numbers
    samples: Any
    tolerance: Any

    def edge(self, above: Any) -> Any:
        """κ at t = 0⁺, given an upper bound: zero unless there are fewer samples than rank."""
        return self.solve(0, above) if self.samples < self.counts.sum() else 0 * above

    def solve(self, t: Any, guess: Any) -> Any:
        """Largest root by Newton's method.

        The guess must not lie below the edge: to its right the function increases and is convex,
        so that all but the first iterate decrease towards the root.
        """
        kappa = guess
        excess = 1 - self.counts.sum() / self.samples
        for _ in range(2000):
            rest = kappa / (self.values + kappa)
            weighted = self.counts * rest
            sums = weighted.sum()
            residual = kappa * (excess + sums / self.samples) - t
            slope = excess + (2 * sums - (weighted * rest).sum()) / self.samples
            change = residual / slope
            kappa -= change
            if abs(change) <= self.tolerance * kappa:
                return kappa
        raise ArithmeticError("Newton's method for the renormalised noise did not settle")


def _sweep(
    equation: _Equation, edge: Any, root: Any, ratio: Any, stop: Any
) -> tuple[Numbers, Numbers]:
    """Sums of t^{1/2} s/(s+κ) over t = root², root² ratio², …; every second one doubled, and all.

    It ends where the rest is negligible: s/(s+κ) only grows towards s/(s+edge) as t falls, so the
    rest is at most the geometric series with that limit in place of it.
    """
    values = equation.values
    limits = 2 * values / (values + edge)
    sums = [0 * values, 0 * values]
    recent: list[Any] = []
    kappa = root * root + (values * equation.counts).sum() / equation.samples
    parity = 0
    while True:
        t = root * root
        kappa = equation.solve(t, kappa)
        terms = root * values / (values + kappa)
        sums[parity] = sums[parity] + terms
        parity = 1 - parity
        fine = sums[0] + sums[1]
        if (root * limits <= stop * fine).all():
            return 2 * sums[0], fine
        recent = [kappa, *recent[: len(EXTRAPOLATION) - 1]]
        if len(recent) == len(EXTRAPOLATION):
            guess = kappa / kappa
            for value, power in zip(recent, EXTRAPOLATION, strict=True):
                guess = guess * value**power
            kappa = max(guess, edge)
        root = root * ratio


def _to_gmpy(number: Any) -> Any:
    """Mpf to mpfr, in the precision of the current context."""
    mantissa, exponent = mpf(number).man_exp
    scale = gmpy2.mul_2exp if exponent >= 0 else gmpy2.div_2exp
    return scale(gmpy2.mpfr(mantissa), abs(exponent))


def _from_gmpy(number: Any) -> Any:
    """Mpfr to mpf."""
    mantissa, exponent = number.as_mantissa_exp()
    return mpf((int(mantissa), int(exponent)))


# --------------------------------------------------------------------------- the random spectra


@dataclass(frozen=True)
class Case:
    """One comparison of the library with the reference.

    Attributes
    ----------
    kind : str
        How the spectrum was drawn.
    eigenvalues : tuple of float, length k
        Distinct and positive, descending.
    multiplicities : tuple of int, length k
        How often each occurs.
    samples : float
        Number of training samples n ≥ 1, not always whole.
    """

    kind: str
    eigenvalues: tuple[float, ...]
    multiplicities: tuple[int, ...]
    samples: float

    @property
    def dim(self) -> int:
        """Dimension d."""
        return sum(self.multiplicities)

    def __str__(self) -> str:
        decades = np.log10(self.eigenvalues[0] / self.eigenvalues[-1])
        return (
            f"{self.kind}: {len(self.eigenvalues)} distinct, d = {self.dim}, "
            f"{decades:.1f} decades, n = {self.samples!r}"
        )


def random_cases(count: int, seed: int) -> Iterator[Case]:
    """Draw spectra and numbers of samples, hard ones among them.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Case i depends on (seed, i) alone, so a shorter list is the start of a longer one.

    Yields
    ------
    Case
        Dimension 1 to 10⁴, spread of the eigenvalues up to 10²⁴, n from 1 to 10⁹. One case in
        fifty has up to 2000 distinct eigenvalues, the others at most 40.
    """
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        distinct = 40 if index % 50 < 49 else int(rng.integers(200, 2001))
        # The shift lets the large cases, too, run through the kinds.
        kind = KINDS[(index + index // 50) % len(KINDS)]
        dim = round(10.0 ** rng.uniform(0.0, np.log10(LARGEST_DIM)))
        if distinct > 40:
            dim = max(dim, distinct)
        logs, counts = _SPECTRA[kind](rng, dim, min(dim, distinct))
        logs -= logs.max() - rng.uniform(-3.0, 3.0)
        values, where = np.unique(10.0**logs, return_inverse=True)
        merged = np.bincount(where, weights=counts).astype(int)
        yield Case(
            kind,
            tuple(float(value) for value in values[::-1]),
            tuple(int(m) for m in merged[::-1]),
            _draw_samples(rng, merged[::-1]),
        )


Drawn = tuple[NDArray[np.float64], NDArray[np.int64]]


def _split(rng: np.random.Generator, total: int, parts: int) -> NDArray[np.int64]:
    """Random sizes ≥ 1 of the given number of parts, very unequal ones as likely as equal ones."""
    shares = rng.dirichlet(np.full(parts, 10.0 ** rng.uniform(-1.0, 1.0)))
    sizes: NDArray[np.int64] = 1 + np.floor(shares * (total - parts)).astype(np.int64)
    sizes[rng.integers(parts)] += total - int(sizes.sum())
    return sizes


def _few(rng: np.random.Generator, dim: int, distinct: int) -> Drawn:
    parts = int(rng.integers(1, min(6, distinct) + 1))
    return rng.uniform(-rng.uniform(0.0, DECADES), 0.0, parts), _split(rng, dim, parts)


def _spiked(rng: np.random.Generator, dim: int, distinct: int) -> Drawn:
    spikes = int(rng.integers(0, max(1, distinct // 2)))
    above = rng.uniform(0.0, rng.uniform(0.0, DECADES), spikes)
    return np.append(above, 0.0), np.append(np.ones(spikes, dtype=np.int64), dim - spikes)


def _power_law(rng: np.random.Generator, dim: int, distinct: int) -> Drawn:
    # In large dimension neighbours are joined, so that few distinct values are left.
    rank = np.unique(np.round(np.geomspace(1.0, dim, distinct)).astype(np.int64))
    steepest = DECADES / max(np.log10(dim), 1e-9)
    exponent = rng.uniform(0.0, min(4.0 if rng.random() < 0.7 else 24.0, steepest))
    return -exponent * np.log10(rank), np.diff(rank, append=dim + 1)


def _log_uniform(rng: np.random.Generator, dim: int, distinct: int) -> Drawn:
    logs = rng.uniform(-rng.uniform(0.0, DECADES), 0.0, distinct)
    return logs, _split(rng, dim, distinct)


def _gapped(rng: np.random.Generator, dim: int, distinct: int) -> Drawn:
    clusters = int(rng.integers(1, min(3, distinct) + 1))
    gap = rng.uniform(0.0, DECADES) / max(1, clusters - 1)
    logs = -gap * rng.integers(0, clusters, distinct) - rng.uniform(0.0, 0.3, distinct)
    return np.maximum(logs, -DECADES), _split(rng, dim, distinct)


_SPECTRA: dict[str, Callable[[np.random.Generator, int, int], Drawn]] = {
    "few distinct": _few,
    "spiked": _spiked,
    "power law": _power_law,
    "log-uniform": _log_uniform,
    "gapped": _gapped,
}
KINDS = tuple(_SPECTRA)


def _draw_samples(rng: np.random.Generator, counts: NDArray[np.int64]) -> float:
    """Number of samples for multiplicities in descending order of the eigenvalues."""
    dim = int(counts.sum())
    anywhere = 10.0 ** rng.uniform(0.0, np.log10(LARGEST_SAMPLES))
    # κ lies inside a gap of the spectrum when n equals the number of eigenvalues above the gap.
    above = int(np.cumsum(counts)[rng.integers(counts.size)])
    choices = (
        anywhere,
        round(anywhere),
        1.0,
        dim * 10.0 ** rng.uniform(-1.0, 1.0),
        dim,
        dim - 1,
        dim + 1,
        dim * (1.0 + rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-14.0, -1.0)),
        above,
        above + rng.choice([-1.0, 1.0]),
        above + 10.0 ** rng.uniform(-12.0, 0.0),
    )
    return float(max(1.0, choices[rng.integers(len(choices))]))
