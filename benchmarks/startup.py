"""User time of the command line from a cold process, against that of a bare ``import numpy``.

Each command runs in fresh processes, once unmeasured so that compiled code and file caches are
warm; the least of several runs counts, which other work on the machine disturbs least. A further
run under ``-X importtime`` tells which heavy modules the command imports and what each costs with
all that it pulls in. Exits with code 1 if a command fails or its ratio exceeds the limit.

``predict digits`` stays above its limit of 9: about 15. Of its 1.3 s, imports take 0.55: numba
0.15, the parts of SciPy that it needs 0.2 (special functions, least squares with weights of one
sign, linear programs), NumPy, typer and its own modules the rest; loading six compiled kernels
takes 0.08. The rest are answers: memorisation 0.2, half of it random numbers for n up to 64; splits
of 1797 points into parts that are compared 0.15, mostly eigenvectors of 240 matrices of 61 x 61
numbers; the law behind the points, 50 resampled ones and two extreme ones 0.15; the recovery of
factors and intervals 0.15. Without any answer it would take 7 times an import of NumPy.

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


def least(arguments: Sequence[str], runs: int) -> tuple[float, float]:
    """Least processor and wall time of several runs, after one that warms the caches.

    Parameters
    ----------
    arguments : sequence of str
        Of the interpreter.
    runs : int
        How many.

    Returns
    -------
    tuple of float
        Seconds.
    """
    run(arguments)
    times = [run(arguments)[:2] for _ in range(runs)]
    return min(used for used, _ in times), min(wall for _, wall in times)


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
    unit, wall = least(("-c", "import numpy"), options.runs)
    print(f"{'':<18}{'processor':>11}{'wall':>9}{'x numpy':>9}{'limit':>7}")
    print(f"{'import numpy':<18}{unit:>9.2f} s{wall:>7.2f} s{1.0:>9.1f}")
    for words, limit in COMMANDS:
        name, command = " ".join(words), (*front_door(), *words)
        try:
            used, wall = least(command, options.runs)
            imports = heavy_imports(run(("-X", "importtime", *command))[2])
        except RuntimeError as error:
            print(f"{name:<18}{error}")
            failed = True
            continue
        failed = failed or used > limit * unit
        verdict = "" if used <= limit * unit else "  over the limit"
        print(f"{name:<18}{used:>9.2f} s{wall:>7.2f} s{used / unit:>9.1f}{limit:>7.0f}{verdict}")
        listed = ", ".join(f"{package} {ms:.0f} ms" for package, ms in imports.items())
        print(f"    heavy imports: {listed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
