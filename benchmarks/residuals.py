"""How much of what a theory missed on a pair counts at other n: what the digits say.

For the U-Nets on digits that come with the package, each calibrated on its pair at n = 16, prints
the errors in q, m and the share of copies at all other n: of the theory alone, with what it missed
at the end of the pair, and with what it missed where the pair had seen as many images a point, by
the power of n/16 with which that falls. Last, how far pairs that differ in their seed alone scatter
in what is missed, which intervals hold: root mean square over the snapshots that all of them have,
counted from the end. docs/forecast.md has the table.

    python benchmarks/residuals.py [SEED …]     (default 0 1 2; forty seconds of one processor each)
"""

from __future__ import annotations

import sys
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from convergen.empirical.forecast import residuals
from convergen.empirical.forecast.calibrate import Calibration, calibrate, end_of_training
from convergen.empirical.forecast.pairs import QUANTITIES, TheoryPair
from convergen.empirical.forecast.residuals import CARRIED, Residuals
from convergen.empirical.models.table import forecasting_theory
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run

NAME, FALLS = "digits-unet", (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 8, 0.0)


def show(words: str, errors: list[np.ndarray]) -> None:
    """Print the root mean square of each order parameter."""
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    print(f"{words:48s} {'  '.join(f'{value:.4f}' for value in rms)}", flush=True)


def scatter(pairs: list[Calibration]) -> np.ndarray:
    """Standard deviation between pairs of the log-odds that are missed."""
    missed = []
    for known in pairs:
        pair = known.residuals
        assert isinstance(pair, Residuals)
        theory = pair.theory(pair.weighted / known.constant)[:, :CARRIED]
        missed.append(residuals._odds(pair.measured) - residuals._odds(theory))
    common = min(map(len, missed))
    variances = np.var([each[-common:] for each in missed], axis=0, ddof=1)
    return np.asarray(np.sqrt(variances.mean(axis=0)))


def main(seeds: list[int]) -> None:
    """Print the table."""
    run, result = shipped_run(NAME), shipped_result(NAME)
    theory, images = forecasting_theory("unet").theory, end_of_training(run)
    pairs = []
    found: list[tuple[Calibration, int, np.ndarray, np.ndarray]] = []
    for seed in seeds:
        known = calibrate(run, result, theory, seed=seed)
        pairs.append(known)
        for n in run.experiment.samples:
            if n == known.samples:
                continue
            one = result.sel(samples=n, seed=seed)
            truth = np.array([float(one[name].mean()) for name in QUANTITIES])[:CARRIED]
            pair = TheoryPair(theory, run.subjects(seed, (n,)), known.orbit)
            found.append((known, n, pair.at(images / known.constant), truth))

    def errors(carried: bool, end: bool = False) -> list[np.ndarray]:
        """Of every n and seed."""
        out = []
        for known, n, said, truth in found:
            pair = known.residuals
            assert isinstance(pair, Residuals)
            if end:
                pair = replace(pair, weighted=pair.weighted[-1:], measured=pair.measured[-1:])
            moved = pair.corrected(said, n, images, known.constant) if carried else said
            out.append(moved[:CARRIED] - truth)
        return out

    print(
        f"{NAME}, seeds {seeds}; n other than the pair's; rms of {', '.join(QUANTITIES[:CARRIED])}"
    )
    show("theory alone", errors(False))
    for fall in FALLS:
        with patch.object(residuals, "_FALL", fall):
            show(f"end of the pair, falling by the power {fall:.3f}", errors(True, end=True))
            show(f"as many images a point, by the power {fall:.3f}", errors(True))
    if len(pairs) > 1:
        found_between = "  ".join(f"{value:.4f}" for value in scatter(pairs))
        print(f"{'scatter between pairs, in log-odds':48s} {found_between}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0, 1, 2])
