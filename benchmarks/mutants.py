"""Change operators and constants at random, one at a time, and see which changes the tests notice.

The mutants are those of cosmic-ray: arithmetic, comparisons, `and`, `or`, `not`, numbers, booleans,
loops that never run. They are drawn evenly over the places where a module can be changed,
annotations left out. Each is written into a copy of the tree; first the test file that mirrors its
module runs, then the tests of its room, then those of the command line. Tests that fail or hang
kill it. What survives is printed with its difference, to be given a test or called equivalent.

    python benchmarks/mutants.py [--count 200] [--seed 0] [--skip theory/data …] [PATH …]
    python benchmarks/mutants.py --only theory/common/roots.py:33:12:NumberReplacer:0 …

Exits with 1 if more than 5 % survive. Needs ``pip install -c constraints.txt '.[mutants]'``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import parso.python.tree  # noqa: F401  (cosmic-ray imports parso's modules in an order that fails)
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[1]
# Replacements that still run: a shift of floats would be killed by any call.
KEPT = re.compile(
    r"ReplaceBinaryOperator_(Add|Sub|Mul|Div|FloorDiv|Mod|Pow)_(Add|Sub|Mul|Div)"
    r"|ReplaceBinaryOperator_Bit(Or_BitAnd|And_BitOr)"
    r"|ReplaceComparisonOperator_\w*(Eq|Lt|Gt|LtE|GtE)_(Eq|NotEq|Lt|LtE|Gt|GtE)"
    r"|ReplaceComparisonOperator_(Is_IsNot|IsNot_Is)"
    r"|ReplaceUnaryOperator_Delete_\w+"
    r"|AddNot|Replace(TrueWithFalse|FalseWithTrue|AndWithOr|OrWithAnd)"
    r"|Replace(BreakWithContinue|ContinueWithBreak)|NumberReplacer|ZeroIterationForLoop"
)
MEMORY = 16 * 2**30
FILE_SIZE = 2**30


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, its operator, and which of that operator's places it takes."""

    path: str
    line: int
    column: int
    operator: str
    occurrence: int
    index: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}:{self.operator}:{self.index}"

    def code(self, source: str) -> str:
        """Text of the changed module."""
        operator = get_operator(f"core/{self.operator}")()
        return str(mutate_code(source, operator, self.occurrence))


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Every change of one module."""
    tree, asleep = get_ast(source), _asleep(source)
    for name in operator_names():
        short = name.removeprefix("core/")
        if not KEPT.fullmatch(short):
            continue
        operator = get_operator(name)()
        seen: dict[tuple[int, int], int] = defaultdict(int)
        positions = (at for node in ast_nodes(tree) for at in operator.mutation_positions(node))
        for occurrence, (start, _) in enumerate(positions):
            index = seen[start]
            seen[start] += 1
            if not any(low <= start < high for low, high in asleep):
                yield Mutant(path, *start, short, occurrence, index)


def _asleep(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations stand, which nothing runs."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
    return [
        ((one.lineno, one.col_offset), (one.end_lineno or 0, one.end_col_offset or 0))
        for one in found
        if one is not None
    ]


def draw(mutants: Sequence[Mutant], sources: dict[str, str], count: int, seed: int) -> list[Mutant]:
    """As many places as are wanted, in random order, and at each one of its changes."""
    places: dict[tuple[str, int, int], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        places[mutant.path, mutant.line, mutant.column].append(mutant)
    generator = random.Random(seed)
    drawn: list[Mutant] = []
    for place in generator.sample(sorted(places), len(places)):
        mutant = generator.choice(places[place])
        if len(drawn) < count and _is_python(mutant.code(sources[mutant.path])):
            drawn.append(mutant)
    return drawn


def _is_python(code: str) -> bool:
    """Whether it parses: the star of a signature cannot be another operator."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def tests_of(path: str) -> list[str]:
    """Tests that should notice a change, nearest first."""
    module = Path(path)
    mirrored = Path("tests", module.parent, f"test_{module.stem}.py")
    rooms = [Path("tests", room) for room in module.parents if len(room.parts) > 1]
    near = [test.as_posix() for test in (mirrored, *rooms) if (ROOT / test).exists()]
    return [*near, "tests/test_cli.py"]


class Copy:
    """A copy of the tree in which tests run, with compiled code that changes do not touch."""

    def __init__(self, folder: Path) -> None:
        self.tree, self._warm, self._own = folder / "tree", folder / "warm", folder / "own"
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        self.files = listed.stdout.splitlines()
        for name in self.files:
            target = self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        self._warm.mkdir()
        self._seconds: dict[str, float] = {}

    def passes(self, tests: str) -> float:
        """Seconds that tests take without any change; they must pass."""
        if tests not in self._seconds:
            start = time.monotonic()
            output = self._pytest(tests, self._warm, None)
            if output is None or output.returncode not in (0, 5):  # 5: nothing but slow tests
                raise RuntimeError(f"{tests} fails without a change:\n{output and output.stdout}")
            self._seconds[tests] = time.monotonic() - start
        return self._seconds[tests]

    def killed_by(self, mutant: Mutant) -> str | None:
        """Tests that notice a change; None where all of them pass."""
        module = self.tree / mutant.path
        source, stamp = module.read_text(), module.stat()
        for tests in tests_of(mutant.path):
            seconds = self.passes(tests)
            shutil.rmtree(self._own, ignore_errors=True)
            shutil.copytree(self._warm, self._own, copy_function=os.link)
            try:
                module.write_text(mutant.code(source))
                os.utime(module, (stamp.st_atime, stamp.st_mtime + 10))  # no older byte code serves
                output = self._pytest(tests, self._own, 60 + 10 * seconds)
            finally:
                module.write_text(source)
                os.utime(module, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            if output is None or output.returncode not in (0, 5):
                return tests
        return None

    def _pytest(
        self, tests: str, cache: Path, limit: float | None
    ) -> subprocess.CompletedProcess[str] | None:
        """Run tests in a process group of their own; None if they take too long."""
        environment = {
            **os.environ,
            "NUMBA_CACHE_DIR": str(cache),
            "PYTHONPATH": str(self.tree),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(cache / "hypothesis"),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if limit is not None:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "--tb=short"]
        command += ["-p", "no:cacheprovider", tests]
        process = subprocess.Popen(
            command,
            cwd=self.tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_limits,
        )
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return None
        return subprocess.CompletedProcess(command, process.returncode, said)


def _limits() -> None:
    """A change must not fill memory or disk."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))


def difference(mutant: Mutant, source: str) -> str:
    """Lines that a mutant changes."""
    changed = mutant.code(source)
    lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=0)
    return "\n".join("    " + line for line in list(lines)[2:] if not line.startswith("@@"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw mutants, run their tests and print what survives.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.

    Returns
    -------
    int
        0 if at least 95 % are killed, else 1.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", default=["theory", "empirical"], metavar="PATH")
    parser.add_argument("--skip", nargs="*", default=[], help="files or folders left out")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="mutants as they are printed")
    options = parser.parse_args(arguments)

    paths = [name.split(":")[0] for name in options.only] or options.paths

    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        modules = [
            name
            for name in copy.files
            if name.endswith(".py") and _below(name, paths) and not _below(name, options.skip)
        ]
        sources = {name: (copy.tree / name).read_text() for name in modules}
        mutants = [one for name, source in sources.items() for one in mutants_of(name, source)]
        if options.only:
            drawn = [mutant for mutant in mutants if str(mutant) in options.only]
        else:
            drawn = draw(mutants, sources, options.count, options.seed)
        print(f"{len(modules)} modules, {len(mutants)} mutants, {len(drawn)} drawn", flush=True)
        for number, mutant in enumerate(drawn, 1):
            killer = copy.killed_by(mutant)
            print(f"{number:4d} {mutant}  {killer or 'SURVIVES'}", flush=True)
            if killer is None:
                survivors.append(mutant)
                print(difference(mutant, sources[mutant.path]), flush=True)
    print(f"killed {len(drawn) - len(survivors)} of {len(drawn)}")
    return int(len(survivors) > 0.05 * len(drawn))


def _below(name: str, folders: Sequence[str]) -> bool:
    """Whether a file is one of these paths or lies in one."""
    return any(f"{name}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)


if __name__ == "__main__":
    sys.exit(main())
