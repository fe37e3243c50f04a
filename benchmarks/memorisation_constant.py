"""How the images a network needs to memorise one point depend on width, depth, rate and batch.

One setting at a time is moved away from a small U-Net; each is trained in pairs on disjoint points,
c is calibrated on the history of each pair, and log c is fitted against the logarithm of the
setting. Prints the table and the exponents; results are kept, so that a stopped sweep goes on.

    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
    python benchmarks/memorisation_constant.py FOLDER [--data digits] [--samples 8]
        [--images 16000] [--seeds 2] [--width 8] [--draws 64]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.forecast.calibrate import calibrate
from convergen.empirical.models.by_name import untrained
from convergen.theory.common.checks import InputError
from convergen.theory.networks.training_time.generaliser_memoriser import GeneraliserMemoriser

# Factors by which each setting is moved from that of the base, sections and names of settings.
FACTORS = {
    "model.width": (0.5, 1.0, 2.0),
    "training.learning_rate": (0.25, 0.5, 1.0, 2.0),
    "training.batch": (0.5, 1.0, 2.0),
    "model.blocks": (1.0, 2.0),
    "training.images": (0.5, 1.0),
}


def base(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The settings that others are moved from."""
    return {
        "model": {"name": "unet", "width": given.width, "growth": [1, 2], "blocks": 1},
        "training": {
            "images": given.images, "learning_rate": 4e-3, "batch": 32, "snapshots": 8,
        },
    }  # fmt: skip


def measured(
    folder: Path, settings: Mapping[str, Any], given: argparse.Namespace
) -> list[float | None]:
    """Constant c of each seed at one setting; None where the pair cannot be calibrated."""
    experiment = Experiment.from_config({
        "name": folder.name, "samples": [given.samples], "seeds": list(range(given.seeds)),
        "data": {"kind": given.data}, **settings, "measure": {"draws": given.draws, "pictures": 0},
        "run": {"device": "cpu"},
    })  # fmt: skip
    done = run_experiment(experiment, folder)
    found: list[float | None] = []
    for seed in experiment.seeds:
        try:
            assert done.result is not None
            at = calibrate(done.run, done.result, GeneraliserMemoriser, given.samples, seed)
        except InputError as error:
            print(f"  {folder.name}, seed {seed}: {error}")
            found.append(None)
            continue
        found.append(at.constant)
    return found


def exponent(settings: Sequence[float], constants: Sequence[Sequence[float | None]]) -> str:
    """Slope of log c in log setting and its 95 % interval; each seed has a level of its own."""
    from scipy.stats import t

    x, y, rows = [], [], []
    seeds = len(constants[0])
    for setting, row in zip(settings, constants, strict=True):
        for seed, constant in enumerate(row):
            if constant is not None:
                x.append(np.log(setting))
                y.append(np.log(constant))
                rows.append(np.eye(seeds)[seed])
    design = np.column_stack([x, rows])
    freedom = len(y) - np.linalg.matrix_rank(design)
    if len(set(x)) < 2 or freedom < 1:
        return "unknown"
    inverse = np.linalg.pinv(design)
    rest = np.array(y) - design @ (inverse @ y)
    error = np.sqrt(rest @ rest / freedom * (inverse @ inverse.T)[0, 0])
    return f"{(inverse @ y)[0]:+.2f} ± {t.ppf(0.975, freedom) * error:.2f}"


def main() -> None:
    """Train, calibrate and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", default="digits")
    for name, default in (
        ("samples", 8), ("images", 16_000), ("seeds", 2), ("width", 8), ("draws", 64),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    kept = given.folder / "constants.json"
    known: dict[str, list[float | None]] = json.loads(kept.read_text()) if kept.exists() else {}
    for name, factors in FACTORS.items():
        section, key = name.split(".")
        for factor in factors:
            settings = base(given)
            value = settings[section][key] * factor
            whole = key != "learning_rate"
            settings[section][key] = round(value) if whole else value
            label = "base" if factor == 1.0 else f"{key}-{settings[section][key]:g}"
            if label not in known:
                begin = time.process_time()
                known[label] = measured(given.folder / label, settings, given)
                seconds = time.process_time() - begin
                size = untrained(settings["model"], (1, 8, 8), (0,)).size
                print(f"{label:24s} {size:7d} parameters  {seconds:5.0f} s  c {known[label]}")
                kept.write_text(json.dumps(known, indent=1))
    print(f"\nc ∝ setting^exponent, n = {given.samples}, {given.data}; 95 %")
    for name, factors in FACTORS.items():
        section, key = name.split(".")
        values = [base(given)[section][key] * factor for factor in factors]
        labels = [
            "base" if f == 1.0 else f"{key}-{v:g}" for f, v in zip(factors, values, strict=True)
        ]
        rows = [known[label] for label in labels]
        means = [
            f"{v:g}: {np.exp(np.mean([np.log(c) for c in row if c is not None])):.0f}"
            for v, row in zip(values, rows, strict=True)
            if any(row)
        ]
        print(f"{key:14s} {exponent(values, rows):16s} {'  '.join(means)}")


if __name__ == "__main__":
    main()
