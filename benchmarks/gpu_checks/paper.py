"""The preset `paper`, shortened."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu_checks.bench import Bench, Row
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.toml_files import preset_config
from convergen.empirical.experiment.trained.train import run_experiment


def paper(bench: Bench) -> Iterator[Row]:
    """The preset `paper` through the same code as ``convergen train``, with fewer images."""
    if bench.late:
        yield {"what": "stopped: the time is over"}
        return
    config = preset_config("paper")
    config["run"] = {**config["run"], "device": str(bench.device)}
    config["seeds"] = [0]
    if bench.short:
        config["samples"] = [16]
        config["data"].update(size=8, count=256)
        config["model"]["size"] = "tiny"
        config["training"].update(images=128, batch=32, snapshots=0)
        config["measure"] = {"draws": 16, "steps": 4, "error_points": 16}
    else:
        config["samples"] = [16, 1024, 16384]
        config["training"].update(images=96 * 1024, snapshots=0)
        config["measure"] = {"draws": 256}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = run_experiment(Experiment.from_config(config), Path(folder) / "paper")
        taken = time.perf_counter() - start
    for outcome in done.unfinished:
        yield {"what": outcome.name, "failed": str(outcome)}
    if done.result is None:
        return
    for n in done.result["samples"].values:
        cell = done.result.sel(samples=n)
        yield {
            "what": f"n = {n}, {config['training']['images']} images a model",
            "q": float(cell["convergence"].mean()),
            "m": float(cell["memorisation"].mean()),
        }
    yield {"what": "whole run", "seconds": taken}
