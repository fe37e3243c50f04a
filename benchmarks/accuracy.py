"""Relative error of convergence and convergence to truth on random, often extreme, spectra.

The reference is the multiprecision root finding of tests/reference.py, which shares no formula
with the library. Exits with code 1 if one error exceeds the tolerance.

    python benchmarks/accuracy.py --cases 500 --workers 2
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

# The cases and the reference are shared with the tests, which are no installed package. The
# folder tests itself must stay off the path: its subfolder would be mistaken for theory.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.reference import Case, random_cases, reference_order_parameters

TOLERANCE = 1e-10


def errors(case: Case) -> tuple[float, float]:
    """Compare the library with the reference on one case.

    Parameters
    ----------
    case : Case
        Spectrum and number of samples.

    Returns
    -------
    tuple of float
        Relative errors of q and of q*; infinite where the library returned no finite number.
    """
    from convergen import theory

    spectrum = theory.Spectrum.from_eigenvalues(case.eigenvalues, case.multiplicities)
    exact = reference_order_parameters(case.eigenvalues, case.multiplicities, case.samples)
    found = (
        float(theory.convergence(spectrum, case.samples)),
        float(theory.convergence_to_truth(spectrum, case.samples)),
    )
    # mpf minus float is exact before it is rounded, so no digit is lost here.
    relative = [
        float(abs(a - b) / b) if np.isfinite(a) else float("inf")
        for a, b in zip(found, exact, strict=True)
    ]
    return relative[0], relative[1]


def report(cases: Sequence[Case], relative: np.ndarray, worst: int) -> str:
    """Summary of all cases and a list of the worst ones.

    Parameters
    ----------
    cases : sequence of Case, length N
        What was compared.
    relative : ndarray, shape (N, 2)
        Relative errors of q and q*.
    worst : int
        How many cases to list.

    Returns
    -------
    str
    """
    lines = [f"{'relative error':<16}{'median':>10}{'99 %':>10}{'largest':>10}"]
    for name, column in zip(("q", "q*"), relative.T, strict=True):
        quantiles = np.quantile(column, [0.5, 0.99, 1.0], method="higher")
        lines.append(f"{name:<16}" + "".join(f"{value:>10.1e}" for value in quantiles))
    lines.append("\nworst cases: index, errors of q and q*, spectrum")
    for index in np.argsort(-relative.max(axis=1), kind="stable")[:worst]:
        lines.append(
            f"{index:>5}  {relative[index, 0]:.1e}  {relative[index, 1]:.1e}  {cases[index]}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and print its outcome.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.

    Returns
    -------
    int
        0 if every relative error is within the tolerance, else 1.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=500, metavar="N", help="default: 500")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes; default: one per core"
    )
    parser.add_argument("--worst", type=int, default=10, help="cases to list; default: 10")
    options = parser.parse_args(arguments)
    if options.cases < 1 or options.workers < 1:
        parser.error("--cases and --workers must be at least 1")

    cases = list(random_cases(options.cases, options.seed))
    with ProcessPoolExecutor(options.workers) as pool:
        progress = tqdm(pool.map(errors, cases), total=len(cases), unit="case", disable=None)
        relative = np.array(list(progress))
    print(f"{len(cases)} cases, seed {options.seed}, tolerance {TOLERANCE:.0e}")
    print(report(cases, relative, options.worst))
    failed = int((relative > TOLERANCE).any(axis=1).sum())
    print(f"\n{failed} of {len(cases)} cases exceed the tolerance")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
