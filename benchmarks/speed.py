"""How fast a convergence curve q(n) is, against named peers that run in the same process.

The peers, all on a power law λ_k = 1/k with every eigenvalue distinct:

newton      h(s) as an integral over the noise t, with κ(t) from scipy.optimize.newton at every
            node, vectorised over the eigenvalues; brentq takes over where Newton fails.
newton all  the same with one call of scipy.optimize.newton for all nodes at once.
mpmath      the multiprecision reference of tests/reference.py (on gmpy2's numbers where it is
            installed) at 14 digits, timed on four n and scaled to the whole curve.

The quadrature of the Newton peers is the one with the fewest nodes, among three rules, whose q is
right to 1e-10 on the curve in question; a sparser set of n that stays away from n = d needs fewer
nodes, and the ratios fall. Ratios are the result; times, best of several runs, support them and
depend on the machine. All sections take about two minutes.

    python benchmarks/speed.py
    python benchmarks/speed.py --sections dimension compile
    python benchmarks/speed.py --repeats 9 --points 100
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, newton

# The reference is shared with the tests, which are no installed package. The folder tests itself
# must stay off the path: its subfolder would be mistaken for theory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import theory
from tests.reference import reference_order_parameters
from theory.compression import compress

FloatArray = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("newton", "mpmath", "dimension", "compile")
DIM = 3072
LARGEST = 1e6
DIGITS = 14
TOLERANCE = 1e-10
SIZES = (24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)


def best_of(function: Callable[[], Any], repeats: int, *, warm: bool = False) -> float:
    """Shortest wall time of a call.

    Parameters
    ----------
    function : callable
        Takes no argument.
    repeats : int
        Timed calls.
    warm : bool
        The function has run before; otherwise it is called once before the clock starts.

    Returns
    -------
    float
        Seconds.
    """
    if not warm:
        function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


# ------------------------------------------------------------------------------- the Newton peers


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


# ----------------------------------------------------------------------------------- the sections


def curve(smallest: float, points: int) -> FloatArray:
    """Numbers of samples, log-spaced.

    Parameters
    ----------
    smallest : float
        First n.
    points : int
        How many.

    Returns
    -------
    ndarray, shape (points,)
    """
    return np.geomspace(smallest, LARGEST, points)


def references(lam: FloatArray, samples: FloatArray) -> tuple[FloatArray, float]:
    """Multiprecision q, and the mean time of one value.

    Parameters
    ----------
    lam : ndarray, shape (d,)
        Full spectrum.
    samples : ndarray
        Numbers of samples.

    Returns
    -------
    tuple
        q, and seconds for each n.
    """
    start = time.perf_counter()
    counts = np.ones(lam.size, dtype=int)
    exact = [float(reference_order_parameters(lam, counts, n, DIGITS)[0]) for n in samples]
    return np.array(exact), (time.perf_counter() - start) / samples.size


def newton_section(options: argparse.Namespace) -> None:
    """Compare with root finding at every node, and with multiprecision.

    Parameters
    ----------
    options : argparse.Namespace
        Sections, points and repeats.
    """
    spectrum = theory.Spectrum.power_law(DIM, 1.0)
    lam = np.array(spectrum.eigenvalues)
    for title, smallest in (("n = 1 … 10⁶", 1.0), (f"n = {DIM} … 10⁶", float(DIM))):
        n = curve(smallest, options.points)
        # Any rule in t is hardest to satisfy next to n = d, where the gap of Σ̂ closes.
        order = np.argsort(np.abs(np.log(n / DIM)))
        chosen = np.array([order[0], order[1], options.points // 8, options.points - 1])
        exact, multiprecision = references(lam, n[chosen])
        own = best_of(lambda n=n: theory.convergence(spectrum, n), 4 * options.repeats)
        found = theory.convergence(spectrum, n)
        print(f"\nq(n), d = {DIM}, power law 1, {options.points} points, {title}")
        row("this library", own, own, float(np.max(np.abs(found[chosen] / exact - 1.0))))
        if "newton" in options.sections:
            # Where the reference was not run, the library, which it confirms, stands for it.
            probes = np.unique(np.concatenate([order[:8], np.arange(0, n.size, 10)]))
            probes = probes[np.argsort(np.abs(np.log(n[probes] / DIM)))]
            rule, error = smallest_rule(lam, n[probes], found[probes])
            direct = newton_convergence(lam, n[chosen], rule)
            print(
                f"  peers use {rule.nodes.size} nodes, {rule.name} rule; relative error of q: "
                f"{np.max(np.abs(direct / exact - 1.0)):.0e} from the reference at "
                f"{chosen.size} n, {error:.0e} from the library at {probes.size} n"
            )
            for name, solver in (("newton", node_by_node), ("newton all", all_at_once)):
                for from_above in (True, False):
                    start = "t + Tr Σ/n" if from_above else "t"
                    newton_row(f"{name}, start {start}", own, options, (lam, n, found, rule),
                               solver, from_above)  # fmt: skip
        if "mpmath" in options.sections:
            row(f"mpmath, {chosen.size} n, scaled", multiprecision * n.size, own)


def newton_row(
    name: str,
    own: float,
    options: argparse.Namespace,
    problem: tuple[FloatArray, FloatArray, FloatArray, Rule],
    solver: Solver,
    from_above: bool,
) -> None:
    """Time one Newton peer and print its line.

    Parameters
    ----------
    name : str
        First column.
    own : float
        Time of the library for the same curve.
    options : argparse.Namespace
        Repeats.
    problem : tuple
        Spectrum, numbers of samples, the library's q and the quadrature.
    solver, from_above
        See `newton_convergence`.
    """
    lam, n, found, rule = problem
    failures = Failures()
    q = newton_convergence(lam, n, rule, solver, from_above, failures)
    peer = best_of(
        lambda: newton_convergence(lam, n, rule, solver, from_above),
        max(1, options.repeats // 2),
        warm=True,
    )
    row(name, peer, own, float(np.max(np.abs(q / found - 1.0))))
    print(
        f"    Newton alone works for {n.size - failures.samples} of {n.size} n; "
        f"it failed at {failures.nodes} of {failures.total} nodes"
    )


def row(name: str, seconds: float, own: float, error: float | None = None) -> None:
    """Print one line of a table.

    Parameters
    ----------
    name : str
        What was timed.
    seconds, own : float
        Its time, and that of the library.
    error : float, optional
        Largest relative difference of q.
    """
    difference = "" if error is None else f"{error:>14.0e}"
    print(f"  {name:<30}{seconds / own:>12.4g} ×{1e3 * seconds:>14.4g} ms{difference}")


def dimension_section(options: argparse.Namespace) -> None:
    """Compare dimensions: the cached curve, the first curve, and one pass over the eigenvalues.

    Parameters
    ----------
    options : argparse.Namespace
        Points and repeats.
    """
    n = curve(1.0, options.points)
    small, large = (theory.Spectrum.power_law(d, 1.0) for d in (1000, 1_000_000))
    values, counts = large.eigenvalues, large.multiplicities
    scratch = np.empty_like(values)  # reused: fresh memory would make the pass dearer
    # A curve before each of the others: none of them finds the eigenvalues in the caches.
    tasks: dict[str, Callable[[], Any]] = {
        "small": lambda: theory.convergence(small, n),
        "large": lambda: theory.convergence(large, n),
        "first": lambda: theory.convergence(theory.Spectrum(values, counts), n),
        "compress": lambda: compress(values, counts),
        "pass": lambda: counts @ np.log(values, out=scratch),
    }
    times = dict.fromkeys(tasks, float("inf"))
    for _ in range(1 + 4 * options.repeats):  # by turns, so that all see the same machine
        for name, task in tasks.items():
            theory.convergence(small, n)
            start = time.perf_counter()
            task()
            times[name] = min(times[name], time.perf_counter() - start)
    own = times["small"]
    nodes = [spectrum.compression.nodes.size for spectrum in (small, large)]
    print(f"\nq(n), power law 1, {options.points} points, n = 1 … 10⁶")
    row(f"d = 10³, {nodes[0]} nodes", own, own)
    row(f"d = 10⁶, {nodes[1]} nodes", times["large"], own)
    row("d = 10⁶, first curve", times["first"], own)
    row("  of it the compression", times["compress"], own)
    row("one pass, Σ m log λ, d = 10⁶", times["pass"], own)
    allowed = 2.0 * own + times["pass"]
    print(
        f"  first curve at d = 10⁶ / (2 × d = 10³ + one pass) = {times['first'] / allowed:.3g}; "
        f"compression = {times['compress'] / times['pass']:.3g} passes"
    )


_CHILD = """
import time
start = time.perf_counter()
import numba
imported = time.perf_counter()
import theory
spectrum = theory.Spectrum.power_law(3072, 1.0)
theory.convergence(spectrum, [10.0])
called = time.perf_counter()
theory.convergence(spectrum, [10.0])
print(imported - start, called - imported, time.perf_counter() - called)
"""


def compile_section(options: argparse.Namespace) -> None:
    """Time the first call of a fresh process, without and with compiled code on disk.

    Parameters
    ----------
    options : argparse.Namespace
        Repeats.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        runs = np.array(
            [
                [
                    float(word)
                    for word in subprocess.run(
                        [sys.executable, "-c", _CHILD], cwd=ROOT, env=environment, check=True,
                        capture_output=True, text=True,
                    ).stdout.split()
                ]
                for _ in range(1 + options.repeats)
            ]
        )  # fmt: skip
    cold, warm = runs[0], runs[1:].min(axis=0)
    print("\nfirst call of a process (numba's own import apart)")
    for name, run in (("compiling, once", cold), ("compiled code on disk", warm)):
        print(
            f"  {name:<30}{run[1] / warm[1]:>12.4g} ×{1e3 * run[1]:>14.4g} ms"
            f"   import numba {1e3 * run[0]:.0f} ms, next call {1e3 * run[2]:.2g} ms"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections and print their tables.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="NAME",
                        help=f"some of {', '.join(SECTIONS)}; default: all")  # fmt: skip
    parser.add_argument("--points", type=int, default=200, help="n on a curve; default: 200")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs; default: 5")
    options = parser.parse_args(arguments)
    if options.points < 8 or options.repeats < 1:
        parser.error("--points must be at least 8 and --repeats at least 1")
    print(f"{'':<32}{'ratio':>12}  {'best time':>15}{'error of q':>14}")
    with warnings.catch_warnings():
        # A diverging Newton iteration reports itself many times; it is counted instead.
        warnings.simplefilter("ignore", RuntimeWarning)
        if "newton" in options.sections or "mpmath" in options.sections:
            newton_section(options)
        if "dimension" in options.sections:
            dimension_section(options)
        if "compile" in options.sections:
            compile_section(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
