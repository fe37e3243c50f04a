"""Kill a sweep with SIGKILL at random moments, finish it, and compare all results bit by bit.

Each round begins a sweep in a new folder through the command line, kills it again and again at
a random time after it was started, and lets it end. Rounds with one process and with two worker
processes alternate; only the process that was started is killed, its workers must notice. Exits
with 1 if a result differs from that of a run that was never killed, or if a finished cell was
done again.

    python benchmarks/kills.py [--kills 50] [--seed 0]
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Cells last a few seconds here, so they are saved more often than every 20 s.
CHECKPOINT_SECONDS = 0.2
EXPERIMENT = """
name = "kills"
samples = [4, 32]
seeds = [0, 1]

[data]
kind = "field"
size = 4
count = 256

[model]
name = "mlp"
size = "tiny"

[training]
images = {images}
snapshots = 2

[measure]
draws = 64
steps = 8
error_points = 64

[run]
grouping = "pair"
device = "cpu"
"""


@dataclass
class Shown:
    """What the rounds showed."""

    kills: int = 0
    rounds: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


def start(experiment: Path, run: Path, workers: int) -> subprocess.Popen[bytes]:
    """Begin the sweep, or continue it."""
    arguments = [
        "train", experiment, "--out", run, "--threads", 1, "--workers", workers,
        "--checkpoint-seconds", CHECKPOINT_SECONDS,
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "convergen", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(experiment: Path, run: Path, workers: int) -> float:
    """Let the sweep end; how long that took."""
    begun = time.perf_counter()
    process = start(experiment, run, workers)
    said = process.communicate()[1].decode()
    if process.returncode:
        raise RuntimeError(f"the sweep ended with code {process.returncode}: {said}")
    return time.perf_counter() - begun


def contents(run: Path) -> dict[str, bytes]:
    """Every result of a run by its place in it."""
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("result.nc")}


def moment(run: Path) -> str:
    """How far a run that was just killed had come."""
    if not (run / "plan.json").exists():
        return "before the plan"
    if (run / "result.nc").exists():
        return "after the last cell"
    done = {path.parent.name for path in run.glob("cells/*/result.nc")}
    begun = [path for path in run.glob("cells/*") if path.name not in done]
    if any(list(path.glob("checkpoint-*.safetensors")) for path in begun):
        return "in a cell with a checkpoint"
    return "in a cell without a checkpoint" if begun else "between two cells"


def stamps(run: Path) -> dict[str, int]:
    """When each finished cell was written."""
    return {str(path): path.stat().st_mtime_ns for path in run.glob("cells/*/result.nc")}


def hammer(folder: Path, kills: int, seed: int, images: int = 8_000) -> Shown:
    """Kill sweeps in rounds until there were as many kills as wanted."""
    experiment = folder / "kills.toml"
    experiment.write_text(EXPERIMENT.format(images=images))
    whole = folder / "whole"
    seconds = finish(experiment, whole, 1)
    reference, shown, rng = contents(whole), Shown(), random.Random(seed)
    while shown.kills < kills:
        run, workers = folder / f"round{shown.rounds}", 1 + shown.rounds % 2
        shown.rounds += 1
        while shown.kills < kills:
            before = stamps(run)
            process = start(experiment, run, workers)
            try:
                process.wait(rng.uniform(0.0, seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            process.communicate()
            again = stamps(run)
            shown.lost += [path for path, at in before.items() if again.get(path) != at]
            if process.returncode == 0:
                break
            if process.returncode != -signal.SIGKILL:
                raise RuntimeError(f"the sweep ended by itself with code {process.returncode}")
            shown.kills += 1
            shown.moments[moment(run)] += 1
        finish(experiment, run, workers)
        found = contents(run)
        names = sorted(reference.keys() | found.keys())
        shown.differing += [
            f"{run.name}/{name}" for name in names if reference.get(name) != found.get(name)
        ]
    return shown


def main() -> None:
    """Run the rounds and print what they showed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        shown = hammer(Path(folder), given.kills, given.seed)
    print(f"{shown.kills} kills in {shown.rounds} rounds, {time.perf_counter() - begun:.0f} s")
    for words, count in shown.moments.most_common():
        print(f"  {count:3d} {words}")
    print(f"finished cells that were done again: {len(shown.lost)}")
    print(f"results that differ from those of the run without kills: {len(shown.differing)}")
    for name in shown.differing:
        print(f"  {name}")
    sys.exit(bool(shown.lost or shown.differing))


if __name__ == "__main__":
    main()
