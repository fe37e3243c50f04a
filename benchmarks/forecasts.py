"""Forecasts of the shipped networks beside what was measured on them: docs/forecast.md.

U-Nets are forecast from their own pair at n = 16, by the theory alone and with what it missed on
that pair, and with the constant of the other data sets, so that nothing trained on the data is
used. Dense networks are forecast by the kernel regime, which is calibrated on nothing. All else is
the training sets and seeds of generation of the networks themselves. Errors are given with and
without n = 16, which a forecast from the pair has seen.

    python benchmarks/forecasts.py [NAME …] [--seeds 0 1 2]   (default all, seed 0)

A name is that of a shipped result, such as digits-unet. Processor time of one thread and seed: half
a minute for U-Nets on 8 × 8 pixels, a minute for dense networks, five for U-Nets on 16 × 16.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.forecast.calibrate import (
    DEFAULT_SAMPLES,
    Calibration,
    calibrate,
    end_of_training,
)
from convergen.empirical.forecast.constants import measured_constants, shipped_calibration
from convergen.empirical.forecast.forecast import LARGEST, LEVELS, crossing_at, forecast
from convergen.empirical.forecast.kernel_clock import kernel_clock
from convergen.empirical.forecast.pairs import QUANTITIES
from convergen.empirical.models.by_name import orbit_of
from convergen.empirical.models.table import forecasting_theory
from convergen.empirical.validate.shipped_results import shipped_names, shipped_result, shipped_run

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.empirical.models.table import SolvableModel

HEAD = (
    f"{'':13s} seed  forecast by             c  n at q = {LEVELS[0]:g}, {LEVELS[1]:g}   rms of "
    + ", ".join(QUANTITIES)
)


def constant_elsewhere(network: str, data: str) -> float:
    """Geometric mean of the constant over all other data sets."""
    rows = [row for row in measured_constants() if row["network"] == network]
    logs = [
        np.mean([np.log(row["constant"]) for row in rows if row["data"] == name])
        for name in sorted({row["data"] for row in rows} - {data})
    ]
    return float(np.exp(np.mean(logs)))


def calibrations(
    run: Run, result: xr.Dataset, row: SolvableModel, name: str, seed: int
) -> dict[str, Calibration]:
    """What a forecast may rest on, in words."""
    data, _, network = name.rpartition("-")
    if row.images_each is not None:
        return {"kernel": kernel_clock(row, run.data)}
    own = calibrate(run, result, row.theory, seed=seed)
    orbit, elsewhere = orbit_of(run.experiment.model, run.data.shape), constant_elsewhere
    mean = shipped_calibration(network, orbit)
    return {
        "theory": replace(own, residuals=None),
        "theory and pair": own,
        "other data": replace(mean, constant=elsewhere(network, data)),
    }


def measured(result: xr.Dataset, seed: int, n: int) -> list[float]:
    """Order parameters of one trained pair."""
    one = result.sel(samples=n, seed=seed)
    return [float(one[name].mean()) for name in QUANTITIES]


def show(name: str, run: Run, result: xr.Dataset, seed: int, most: int) -> None:
    """Print the lines of one network and seed, for n up to `most`."""
    experiment = run.experiment
    row = forecasting_theory(name.rpartition("-")[2])
    orbit = orbit_of(experiment.model, run.data.shape)
    largest = min(most, LARGEST // (orbit.order(run.data.shape) * run.data.dim))
    sizes = [n for n in experiment.samples if n <= largest]
    truth = np.array([measured(result, seed, n) for n in sizes])
    unseen = np.array(sizes) != DEFAULT_SAMPLES
    for words, known in calibrations(run, result, row, name, seed).items():
        found = forecast(
            run.data, experiment.training, experiment.measure, known, row, end_of_training(run),
            sizes, seed, run.splits(seed),
        )  # fmt: skip
        said, low, high = (
            np.stack([found[f"{name}{end}"].values for name in QUANTITIES], axis=1)
            for end in ("", "_low", "_high")
        )
        ratios = [
            crossing_at(sizes, said[:, 0], level) / crossing_at(sizes, truth[:, 0], level)
            for level in LEVELS
        ]
        print(
            f"{name:13s} {seed:4d}  {words:15s} {known.constant:7.0f}  {ratios[0]:8.2f} "
            f"{ratios[1]:8.2f}   {_row(_rms(said - truth))}"
        )
        inside = np.sum((low <= truth) & (truth <= high) & unseen[:, None])
        print(
            f"    without n = {DEFAULT_SAMPLES}: rms {_row(_rms((said - truth)[unseen]))}; "
            f"{inside} of {unseen.sum() * len(QUANTITIES)} inside their intervals"
        )
        for n, true, value in zip(sizes, truth, said, strict=True):
            print(f"    n = {n:4d}  measured {_row(true)}  predicted {_row(value)}")


def _rms(errors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(errors**2, axis=0))


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
