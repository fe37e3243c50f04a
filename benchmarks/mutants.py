"""Change operators and constants at random, one at a time, and see which changes the tests notice.

The mutants are those of cosmic-ray: arithmetic, comparisons, `and`, `or`, `not`, numbers, booleans,
loops that never run. They are drawn evenly over the places where a module can be changed,
annotations and options of dataclasses left out. Each is written into a copy of the tree; first the
test file that mirrors its module runs, then the tests of its room, then those of the command line.
Tests that fail or take too long kill it. At the end the tests that killed run once more without a
change: if one of them fails or takes long then, its kills do not count. What survives is printed
with its difference, to be given a test or called equivalent.

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
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
# Processor seconds of a test file or room, and waiting time over them of one that hangs.
LONGEST, WAITING = 600, 10


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
    """Where annotations stand, which nothing runs, and a class is called frozen."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.ClassDef):
            found += node.decorator_list
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


class Trees:
    """A copy of the tree that stays as it is, and one for each change that shares its files."""

    def __init__(self, folder: Path) -> None:
        self.plain, self._changed = folder / "plain", folder / "changed"
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        self.files = listed.stdout.splitlines()
        # Kernels of a tree in which tests have run serve here as well.
        kernels = [
            path.relative_to(ROOT).as_posix() for path in (ROOT / "theory").rglob("*.nb[ci]")
        ]
        for name in (*self.files, *kernels):
            target = self.plain / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)

    def killed_by(self, mutant: Mutant) -> str | None:
        """Tests that notice a change; None where all of them pass."""
        for tests in tests_of(mutant.path):
            shutil.rmtree(self._changed, ignore_errors=True)
            shutil.copytree(self.plain, self._changed, symlinks=True, copy_function=os.link)
            module = self._changed / mutant.path
            source = module.read_text()
            module.unlink()
            module.write_text(mutant.code(source))
            later = module.stat().st_mtime + 10  # no older byte code serves
            os.utime(module, (later, later))
            if self._failure(tests, self._changed, LONGEST) is not None:
                return tests
        return None

    def fails_unchanged(self, tests: str) -> bool:
        """Whether tests fail, or take a third of the time they are given, without any change."""
        said = self._failure(tests, self.plain, LONGEST // 3)
        if said is not None:
            print(f"not used, since it fails without a change: {tests}\n{said}", flush=True)
        return said is not None

    def _failure(self, tests: str, tree: Path, seconds: int) -> str | None:
        """What tests print if they fail or take too long."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        for name in ("PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR"):
            environment.pop(name, None)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "--tb=short"),
                *("-p", "no:cacheprovider", tests),
            ],
            cwd=tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=partial(_limit, seconds),
        )
        try:
            said, _ = process.communicate(timeout=WAITING * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0] + "it takes too long"
        # 5: nothing but slow tests.
        return None if process.returncode in (0, 5) else said or "it ended without a word"


def _limit(seconds: int) -> None:
    """A change must not fill memory or disk, nor run for ever."""
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_CPU, seconds),
    ):
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


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

    survivors: list[Mutant] = []
    killers: dict[str, list[Mutant]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        trees = Trees(Path(folder))
        modules = [
            name
            for name in trees.files
            if name.endswith(".py") and _below(name, paths) and not _below(name, options.skip)
        ]
        sources = {name: (trees.plain / name).read_text() for name in modules}
        mutants = [one for name, source in sources.items() for one in mutants_of(name, source)]
        if options.only:
            drawn = [mutant for mutant in mutants if str(mutant) in options.only]
        else:
            drawn = draw(mutants, sources, options.count, options.seed)
        print(f"{len(modules)} modules, {len(mutants)} mutants, {len(drawn)} drawn", flush=True)
        for number, mutant in enumerate(drawn, 1):
            killer = trees.killed_by(mutant)
            print(f"{number:4d} {mutant}  {killer or 'SURVIVES'}", flush=True)
            if killer is None:
                survivors.append(mutant)
                print(difference(mutant, sources[mutant.path]), flush=True)
            else:
                killers[killer].append(mutant)
        for tests, killed in killers.items():
            if trees.fails_unchanged(tests):
                survivors += killed
    print(f"killed {len(drawn) - len(survivors)} of {len(drawn)}")
    return int(len(survivors) > 0.05 * len(drawn))


def _below(name: str, folders: Sequence[str]) -> bool:
    """Whether a file is one of these paths or lies in one."""
    return any(f"{name}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)


if __name__ == "__main__":
    sys.exit(main())
