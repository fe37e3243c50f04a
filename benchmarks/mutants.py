"""Change operators and constants at random, one at a time, and see which changes the tests notice.

The mutants are those of cosmic-ray: arithmetic, comparisons, `and`, `or`, `not`, numbers, booleans,
loops that never run. They are drawn evenly over the places where a module can be changed,
annotations, what is imported for them and options of dataclasses left out. Each is written into a
copy of the tree; first the test file that mirrors its module runs, then the tests of its room, then
those of the command line. Tests that fail or take too long kill it. At the end the tests that
killed run once more without a change: if one of them fails or takes long then, its kills do not
count. What survives is printed with its difference, to be given a test or, where no test could
notice it, its reason in `mutation/equivalents.toml`.

    python benchmarks/mutants.py [--count 200] [--seed 0] [PATH …] [--skip PATH …]
    python benchmarks/mutants.py --nearest --processes 2   # mirrored tests alone: much faster
    python benchmarks/mutants.py --only theory/common/roots.py:33:12:NumberReplacer:0 …

Exits with 1 if more than 5 % of those that are not equivalent survive.
Needs ``pip install -c constraints.txt '.[mutants]'``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.mutation.changes import Change, draw, mutants_of
from benchmarks.mutation.equivalents import Equivalents
from benchmarks.mutation.trees import Trees, warm


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw mutants, run their tests and print what survives.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default: that of the process.

    Returns
    -------
    int
        0 if at least 95 % of those that are not equivalent are killed, else 1.
    """
    options = _options(arguments)
    killers: dict[str, int] = defaultdict(int)
    survived = equivalent = 0
    with tempfile.TemporaryDirectory() as folder:
        trees = Trees(Path(folder))
        equivalents = Equivalents(trees.plain)
        for entry in equivalents.stale:
            print(f"stale: {entry.path}: {entry.line.strip()}")
        changes = _drawn(trees, options)
        reasons = {change: equivalents.reason(change) for change in changes}
        warm()
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(options.processes, mp_context=fork) as pool:
            judge = partial(trees.killed_by, nearest=options.nearest)
            found = pool.map(judge, [one for one in changes if reasons[one] is None])
            for number, change in enumerate(changes, 1):
                if reasons[change]:
                    equivalent, said = equivalent + 1, f"equivalent: {reasons[change]}"
                elif killer := next(found):
                    killers[killer] += 1
                    said = killer
                else:
                    survived, said = survived + 1, f"SURVIVES\n{change.shown()}"
                print(f"{number:4d} {change.mutant}  {said}", flush=True)
        for tests, said in trees.failing(list(killers)).items():
            print(f"not used, since it fails without a change: {tests}\n{said}")
            survived += killers.pop(tests)
    killed = sum(killers.values())
    share = killed / max(1, killed + survived)
    print(
        f"killed {killed}, survived {survived}, equivalent {equivalent}: "
        f"{100 * share:.1f} % of those that are not equivalent are killed"
    )
    return int(share < 0.95)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", default=["theory", "empirical"], metavar="PATH")
    parser.add_argument("--skip", nargs="*", default=[], help="files or folders left out")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1, help="mutants at a time")
    parser.add_argument("--nearest", action="store_true", help="mirrored tests alone")
    parser.add_argument("--only", nargs="*", default=[], help="mutants as they are printed")
    return parser.parse_args(arguments)


def _drawn(trees: Trees, options: argparse.Namespace) -> list[Change]:
    """The mutants that are asked for, or a draw."""
    paths = [name.split(":")[0] for name in options.only] or options.paths
    sources = trees.modules(paths, options.skip)
    mutants = [one for name, source in sources.items() for one in mutants_of(name, source)]
    if options.only:
        drawn = [mutant for mutant in mutants if str(mutant) in options.only]
    else:
        drawn = draw(mutants, sources, options.count, options.seed)
    print(f"{len(sources)} modules, {len(mutants)} mutants, {len(drawn)} drawn", flush=True)
    return [Change.of(mutant, sources[mutant.path]) for mutant in drawn]


if __name__ == "__main__":
    sys.exit(main())
