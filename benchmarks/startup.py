"""Wall time of the command line from a cold process, against its limits.

Each command runs in fresh processes, once unmeasured so that compiled code and file caches are
warm. A further run under ``-X importtime`` tells which heavy modules the command imports and what
each costs with all that it pulls in. Exits with code 1 if a command fails or its best time
exceeds the limit.

    python benchmarks/startup.py
    python benchmarks/startup.py --runs 15
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Arguments and the limit in seconds.
COMMANDS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("--help",), 0.5),
    (("predict", "digits"), 2.5),
)
HEAVY = (
    "numpy", "scipy", "numba", "xarray", "pandas", "matplotlib", "sympy", "sklearn", "torch",
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


def run(arguments: Sequence[str], flags: Sequence[str] = ()) -> tuple[float, str]:
    """Start the command line once.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.
    flags : sequence of str
        Of the interpreter.

    Returns
    -------
    tuple
        Wall time in seconds, and standard error.

    Raises
    ------
    RuntimeError
        If the command fails or prints nothing.
    """
    command = [sys.executable, *flags, *front_door(), *arguments]
    start = time.perf_counter()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    elapsed = time.perf_counter() - start
    if result.returncode or not result.stdout.strip():
        last = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"{' '.join(command)} ended with code {result.returncode}: {last}")
    return elapsed, result.stderr


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
    print(f"{'command':<20}{'best':>9}{'median':>9}{'limit':>9}")
    for words, limit in COMMANDS:
        try:
            run(words)
            times = [run(words)[0] for _ in range(options.runs)]
            imports = heavy_imports(run(words, ("-X", "importtime"))[1])
        except RuntimeError as error:
            print(f"{' '.join(words):<20}{error}")
            failed = True
            continue
        best, median = min(times), statistics.median(times)
        failed = failed or best > limit
        verdict = "" if best <= limit else "  over the limit"
        name = " ".join(words)
        print(f"{name:<20}{best:>7.2f} s{median:>7.2f} s{limit:>7.2f} s{verdict}")
        listed = ", ".join(f"{package} {ms:.0f} ms" for package, ms in imports.items())
        print(f"    heavy imports: {listed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
