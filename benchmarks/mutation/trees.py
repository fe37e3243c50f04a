"""Copies of the tree, changed in one module, and the tests that run in them.

Tests run in forks of a process that has imported what takes long and is not ours.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import resource
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.mutation.changes import Change

ROOT = Path(__file__).resolve().parents[2]
WARM = (
    *("numpy", "numba", "torch", "xarray", "h5netcdf", "pandas", "sklearn.datasets", "typer"),
    *("scipy.integrate", "scipy.optimize", "scipy.sparse.linalg", "scipy.spatial", "scipy.stats"),
    *("matplotlib.pyplot", "PIL.Image", "tqdm", "mpmath", "pytest"),
)
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
MEMORY = 16 * 2**30
FILE_SIZE = 2**30
# Processor seconds of a test file, compiling a changed kernel included, of a room, and of all that
# killed together; and waiting time over them of one that hangs.
LONGEST_FILE, LONGEST_ROOM, LONGEST_ALL, WAITING = 120, 600, 3600, 10
LATE = ", too long"


def warm() -> None:
    """Import what every test file needs, before anything is forked."""
    os.environ.update(ALONE)
    for name in ("PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR"):
        os.environ.pop(name, None)
    for name in WARM:
        importlib.import_module(name)


def tests_of(path: str, root: Path) -> list[str]:
    """Tests that should notice a change, nearest first."""
    module = Path(path)
    mirrored = Path("tests", module.parent, f"test_{module.stem}.py")
    rooms = [Path("tests", room) for room in module.parents if len(room.parts) > 1]
    near = [test.as_posix() for test in (mirrored, *rooms) if (root / test).exists()]
    return [*near, "tests/test_cli.py"]


class Trees:
    """A copy of the tree that stays as it is, and one for each change that shares its files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plain = folder, folder / "plain"
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        # Kernels of a tree in which tests have run serve here as well.
        kernels = [
            path.relative_to(ROOT).as_posix() for path in (ROOT / "theory").rglob("*.nb[ci]")
        ]
        for name in (*listed.stdout.splitlines(), *kernels):
            target = self.plain / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)

    def modules(self, paths: list[str], skipped: list[str]) -> dict[str, str]:
        """Text of the modules that are, or lie in, one of some paths and in none that are left."""

        def below(name: str, folders: list[str]) -> bool:
            return any(f"{name}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)

        names = (path.relative_to(self.plain).as_posix() for path in self.plain.rglob("*.py"))
        return {
            name: (self.plain / name).read_text()
            for name in sorted(names)
            if below(name, paths) and not below(name, skipped)
        }

    def killed_by(self, change: Change, nearest: bool) -> str | None:
        """Tests that notice a change, of all or of the nearest; None where they pass."""
        passed: list[str] = []
        for tests in tests_of(change.mutant.path, self.plain)[: 1 if nearest else None]:
            tree = self.folder / f"changed-{os.getpid()}"
            shutil.rmtree(tree, ignore_errors=True)
            shutil.copytree(self.plain, tree, symlinks=True, copy_function=os.link)
            module = tree / change.mutant.path
            module.unlink()
            module.write_text(change.code)
            later = module.stat().st_mtime + 10  # no older byte code serves
            os.utime(module, (later, later))
            ignored = [f"--ignore={each}" for each in passed]
            said = _failure([tests, *ignored], tree, _longest(tests))
            if said is not None:
                return tests + LATE if said.endswith(LATE) else tests
            passed.append(tests)
        return None

    def failing(self, killers: Sequence[str]) -> dict[str, str]:
        """Tests that fail, or take a third of the time they are given, without any change."""
        if not killers:  # no test named would be all of them
            return {}
        tests = {killer: killer.removesuffix(LATE) for killer in killers}
        doubted = [killer for killer in killers if killer.endswith(LATE)]
        if _failure(sorted(set(tests.values())), self.plain, LONGEST_ALL) is not None:
            doubted = list(killers)
        said = {
            killer: _failure([tests[killer]], self.plain, _longest(tests[killer]) // 3)
            for killer in doubted
        }
        return {killer: text for killer, text in said.items() if text is not None}


def _longest(tests: str) -> int:
    return LONGEST_FILE if tests.endswith(".py") else LONGEST_ROOM


def _failure(tests: Sequence[str], tree: Path, seconds: int) -> str | None:
    """What tests print if they fail or take too long."""
    said = tree.with_suffix(".txt")
    process = multiprocessing.get_context("fork").Process(
        target=_pytest, args=(tests, tree, seconds, said)
    )
    process.start()
    process.join(WAITING * seconds)
    hangs = process.is_alive()
    with suppress(ProcessLookupError):  # what the tests have started ends with them
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    if process.exitcode in (0, 5):  # 5: nothing but slow tests
        return None
    late = hangs or process.exitcode == -signal.SIGXCPU
    end = "\n".join(said.read_text(errors="replace").splitlines()[-20:])
    return end + LATE if late else end


def _pytest(tests: Sequence[str], tree: Path, seconds: int, said: Path) -> None:
    """Run tests in this process, as ``python -m pytest`` would in a new one."""
    os.setsid()
    # A change must not fill memory or disk, nor run for ever.
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_CPU, seconds),
    ):
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
    output = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    sys.path[:] = [
        str(tree),
        *(path for path in sys.path if ROOT not in (Path(path), Path(path).parent)),
    ]
    options = "-x -q --tb=short -p no:cacheprovider -m"
    sys.argv = ["pytest", *options.split(), "not slow", *tests]
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)
