"""User time of the command line from a cold process, against that of a bare ``import numpy``.

Each command runs in fresh processes, once unmeasured so that compiled code and file caches are
warm, and in turn with an import of numpy; the least of several runs counts, which other work on the
machine disturbs least. A further run under ``-X importtime`` tells which heavy modules the command
imports and what each costs with all that it pulls in. Exits with code 1 if a command fails or its
ratio exceeds the limit.

``predict digits`` takes 8 imports of numpy. With one BLAS thread (OPENBLAS_NUM_THREADS=1) it takes
11, since an import then starts no threads and takes a third less. Of these 11, 1 is the import of
numpy and 2.5 are others (numba 1.2; two compiled parts of SciPy 0.1; typer and the package's own
modules the rest), 0.3 is the loading of seven compiled kernels. The rest are answers: random
numbers of memorisation for n up to 64 1.1, its saddlepoint for larger n and eleven spectra 1.5;
splits of 1797 points into parts that are compared 2, mostly eigenvectors of 432 matrices of 61 x 61
numbers; the law behind the points, 50 resampled and two extreme ones 0.9; what follows from each of
them 0.9; the recovery of factors 0.4.

    python benchmarks/startup.py
    python benchmarks/startup.py --runs 15
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Arguments, and the limit in units of a bare import of numpy.
COMMANDS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("--help",), 2.0),
    (("predict", "digits"), 9.0),
)
NUMPY = ("-c", "import numpy")
HEAVY = (
    "numpy", "scipy", "numba", "xarray", "pandas", "pydantic", "matplotlib", "sympy", "sklearn",
    "torch",
)  # fmt: skip


def front_door() -> list[str]:
    """Find how to start the command line with this interpreter.

    Returns
    -------
    list of str
        The installed script beside the interpreter, else the one on the path, else the module.
    """
    beside = Path(sys.executable).with_name("convergen")
    script = str(beside) if beside.exists() else shutil.which("convergen")
    return [script] if script else ["-m", "convergen"]


def run(arguments: Sequence[str]) -> tuple[float, float, str]:
    """Run this interpreter once.

    Parameters
    ----------
    arguments : sequence of str
        Of the interpreter.

    Returns
    -------
    tuple
        Processor time and wall time in seconds, and standard error.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    # Modules are compiled to files once, as they are for a user.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"{' '.join(command)} ended with code {result.returncode}: {last}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, elapsed, result.stderr


def heavy_imports(report: str) -> dict[str, float]:
    """Read the heavy modules and their cumulative import times off an import report.

    Parameters
    ----------
    report : str
        Standard error under ``-X importtime``.

    Returns
    -------
    dict
        Milliseconds, in order of import. A package of which a submodule only was reported counts
        as imported.
    """
    found: dict[str, float] = {}
    for line in report.splitlines():
        parts = line.split("|")
        if not line.startswith("import time:") or len(parts) != 3:
            continue
        package = parts[2].strip().split(".")[0]
        if package in HEAVY and parts[1].strip().isdigit():
            found[package] = max(found.get(package, 0.0), int(parts[1]) / 1e3)
    return found


def least(arguments: Sequence[str], runs: int) -> tuple[float, float, float, float]:
    """Least processor and wall times of a command and of an import of numpy, in turn.

    Parameters
    ----------
    arguments : sequence of str
        Of the interpreter.
    runs : int
        How many of each, after one that warms the caches.

    Returns
    -------
    tuple of float
        Seconds: those of the command, then those of the import.
    """
    run(arguments)
    times = [(*run(arguments)[:2], *run(NUMPY)[:2]) for _ in range(runs)]
    used, wall, unit, unit_wall = (min(each) for each in zip(*times, strict=True))
    return used, wall, unit, unit_wall


def main(arguments: Sequence[str] | None = None) -> int:
    """Time every command and print the outcome.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.

    Returns
    -------
    int
        0 if every command works within its limit, else 1.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7, help="timed processes; default: 7")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be at least 1")

    failed = False
    print(f"started by: python {' '.join(front_door())}")
    print(f"{'':<18}{'processor':>11}{'wall':>9}{'x numpy':>9}{'limit':>7}")
    for words, limit in COMMANDS:
        name, command = " ".join(words), (*front_door(), *words)
        try:
            used, wall, unit, unit_wall = least(command, options.runs)
            imports = heavy_imports(run(("-X", "importtime", *command))[2])
        except RuntimeError as error:
            print(f"{name:<18}{error}")
            failed = True
            continue
        print(f"{'import numpy':<18}{unit:>9.2f} s{unit_wall:>7.2f} s{1.0:>9.1f}")
        failed = failed or used > limit * unit
        verdict = "" if used <= limit * unit else "  over the limit"
        print(f"{name:<18}{used:>9.2f} s{wall:>7.2f} s{used / unit:>9.1f}{limit:>7.0f}{verdict}")
        listed = ", ".join(f"{package} {ms:.0f} ms" for package, ms in imports.items())
        print(f"    heavy imports: {listed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
