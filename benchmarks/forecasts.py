"""Forecasts of the shipped networks beside what was measured on them: docs/forecast.md.

U-Nets are forecast with the constant of their own pair at n = 16, as the table of constants holds
it, and with that of the other data sets, so that nothing trained on the data is used. Dense
networks are forecast by the kernel regime, which is calibrated on nothing. All else is the training
sets and seeds of generation of the networks themselves.

    python benchmarks/forecasts.py [NAME …] [--seeds 0 1]   (default all, seed 0)

A name is that of a shipped result, such as digits-unet. Processor time of one thread and seed: ten
seconds for U-Nets on 8 × 8 pixels, a minute for those on 16 × 16 and for dense networks.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.forecast.calibrate import end_of_training
from convergen.empirical.forecast.constants import measured_constants
from convergen.empirical.forecast.forecast import LARGEST, LEVELS, crossing_at
from convergen.empirical.forecast.pairs import QUANTITIES, TheoryPair
from convergen.empirical.models.by_name import orbit_of
from convergen.empirical.models.table import forecasting_theory
from convergen.empirical.validate.shipped_results import shipped_names, shipped_result, shipped_run

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run

HEAD = f"{'':13s} seed  theory            c  n at q = 0.5, 0.8   rms of " + ", ".join(QUANTITIES)


def constants_of(network: str, data: str, seed: int) -> dict[str, float]:
    """Constant of the own pair and, geometric mean, that of the other data sets."""
    rows = [row for row in measured_constants() if row["network"] == network]
    own = [r["constant"] for r in rows if (r["data"], r["seed"]) == (data, seed)]
    logs = [
        np.mean([np.log(row["constant"]) for row in rows if row["data"] == name])
        for name in sorted({row["data"] for row in rows} - {data})
    ]
    return {"own pair": own[0], "other data": float(np.exp(np.mean(logs)))}


def measured(result: xr.Dataset, seed: int, n: int) -> list[float]:
    """Order parameters of one trained pair."""
    one = result.sel(samples=n, seed=seed)
    return [float(one[name].mean()) for name in QUANTITIES]


def show(name: str, run: Run, result: xr.Dataset, seed: int, most: int) -> None:
    """Print the lines of one network and seed, for n up to `most`."""
    data, _, network = name.rpartition("-")
    row = forecasting_theory(network)
    orbit = orbit_of(run.experiment.model, run.data.shape)
    largest = min(most, LARGEST // (orbit.order(run.data.shape) * run.data.dim))
    sizes = [n for n in run.experiment.samples if n <= largest]
    truth = np.array([measured(result, seed, n) for n in sizes])
    pairs = [TheoryPair(row.theory, run.subjects(seed, (n,)), orbit) for n in sizes]
    each = row.images_each
    tried = constants_of(network, data, seed) if each is None else {"kernel": each}
    for words, constant in tried.items():
        found = np.array([pair.at(end_of_training(run) / constant) for pair in pairs])
        ratios = [
            crossing_at(sizes, found[:, 0], level) / crossing_at(sizes, truth[:, 0], level)
            for level in LEVELS
        ]
        rms = np.sqrt(np.mean((found - truth) ** 2, axis=0))
        print(
            f"{name:13s} {seed:4d}  {words:10s} {constant:7.0f}  {ratios[0]:8.2f} {ratios[1]:8.2f}"
            f"   {'  '.join(f'{value:.3f}' for value in rms)}"
        )
        for n, true, said in zip(sizes, truth, found, strict=True):
            print(f"    n = {n:4d}  measured {_row(true)}  predicted {_row(said)}")


def _row(values: np.ndarray) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    names = [name for name in shipped_names() if name.endswith(("-unet", "-mlp"))]
    parser.add_argument("names", nargs="*", default=names, metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--largest", type=int, default=256, help="n that is looked at")
    given = parser.parse_args()
    print(HEAD)
    for name in given.names:
        run, result = shipped_run(name), shipped_result(name)
        begin = time.process_time()
        for seed in given.seeds:
            show(name, run, result, seed, given.largest)
        print(f"    {time.process_time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
