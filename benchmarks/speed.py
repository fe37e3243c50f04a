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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The reference is shared with the tests, which are no installed package. The folder tests itself
# must stay off the path: its subfolder would be mistaken for theory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.newton_peers import (
    Failures,
    Rule,
    Solver,
    all_at_once,
    newton_convergence,
    node_by_node,
    smallest_rule,
)
from convergen import theory
from convergen.theory.spectra.compression import compress
from tests.reference import reference_order_parameters

FloatArray = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("newton", "mpmath", "dimension", "compile")
DIM = 3072
LARGEST = 1e6
DIGITS = 14


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
from convergen import theory
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
