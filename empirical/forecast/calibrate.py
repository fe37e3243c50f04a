"""How many images a network needs to memorise one point, read off the history of one pair.

From the snapshot on at which the test error is least, a network only memorises. There its
convergence and its memorisation are matched by the theory at N = s/c points; c is the one number
that fits all of these snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.forecast.exponent import UNKNOWN, exponent
from convergen.empirical.forecast.pairs import NODES, QUANTITIES, TheoryPair
from convergen.empirical.forecast.residuals import CARRIED, Residuals
from convergen.empirical.models.by_name import is_blind, orbit_of
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.messages.progress import phase
from convergen.theory.messages.text import rounded
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.networks.training_time.budget import POWER, memorised_points
from convergen.theory.networks.training_time.clock import weighted_images

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run

DEFAULT_SAMPLES = 16
# The share of its training set that a network may have memorised when one had better stop.
TOLERATED = 0.1
# Standard deviation of log c between pairs that differ in their seed alone, see docs/networks.md.
PAIR_SPREAD = 0.1
# Largest share of an interval's ends in log c that are looked at, and the grid between them.
_REACH, _GRID = np.log(200.0), 801


@dataclass(frozen=True)
class Calibration:
    """Images that a network needs to memorise one point.

    Attributes
    ----------
    constant : float
        c, learning-rate-weighted images a point.
    low, high : float
        Ends of its 90 % interval.
    samples : int
        Training points n of the pair.
    snapshots : int
        Snapshots that were used.
    misfit : float
        Root mean square of what is left of q and m.
    orbit : Orbit
        Symmetry that the theory was given.
    source : str
        Where it comes from.
    exponent : tuple of float
        p that this history alone gives, and the ends of its 90 % interval; NaN where it gives none.
    power : float
        p of the theory, with which c was fitted.
    residuals : Residuals or None
        What the pair showed beyond the theory; None where no pair was trained.
    """

    constant: float
    low: float
    high: float
    samples: int
    snapshots: int
    misfit: float
    orbit: Orbit
    source: str
    exponent: tuple[float, float, float] = UNKNOWN
    power: float = POWER
    residuals: Residuals | None = field(default=None, compare=False)

    def tenth(self) -> tuple[float, float, float]:
        """Learning-rate-weighted images a point until a tenth of the points is memorised.

        Returns
        -------
        tuple of float
            With the ends of its interval.
        """
        # N/n at which exp(−(N/n)^p) of the points are not memorised yet, and N = s/c.
        ratio = float(memorised_points(1.0 - TOLERATED, 1.0))
        return ratio * self.constant, ratio * self.low, ratio * self.high

    def words(self, weighted: float) -> str:
        """What a forecast rests on.

        Parameters
        ----------
        weighted : float
            Learning-rate-weighted images of the training.

        Returns
        -------
        str
        """
        free, low, high = self.exponent
        own = (
            ""
            if np.isnan(free)
            else f" The exponent of the share that is copied would be {free:.2f} ({low:.2f} to "
            f"{high:.2f}) by this history alone; {self.power:g} is used."
        )
        carried = (
            ""
            if self.residuals is None
            else " What the theory misses on this pair in q, m and copies is carried on to other "
            "n, the less the farther they are."
        )
        return (
            f"To memorise one point this network takes c = {rounded(self.constant, 2)} "
            f"({rounded(self.low, 2)} to {rounded(self.high, 2)}) images of training, each weighed "
            f"by the learning rate over its largest: calibrated on {self.source}. The training has "
            f"{rounded(weighted)} of them. "
            f"Symmetry of the network: {self.orbit.words()}.{own}{carried}"
        )


def calibrate(
    run: Run, result: xr.Dataset, theory: Any, samples: int | None = None, seed: int | None = None
) -> Calibration:
    """Calibrate a theory on one trained pair.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        Its result, with snapshots.
    theory : type
        Of `convergen.empirical.models.table.SolvableModel`.
    samples : int, optional
        n of the pair; default 16, or else the largest below it, or the smallest there is.
    seed : int, optional
        Of the pair; default the first.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If the run has no snapshots or no such pair, or the pair has not begun to memorise.
    """
    if is_blind(run.experiment.model):
        raise InputError(
            "networks that do not see the noise level do not follow this theory, not even where it "
            "is calibrated, so that nothing is forecast of them: use a U-Net."
        )
    trained = run.experiment.samples
    n = _chosen(trained, samples)
    number = run.experiment.seeds[0] if seed is None else seed
    if number not in run.experiment.seeds:
        raise InputError(
            f"seed {number} was not trained: choose from "
            f"{', '.join(map(str, run.experiment.seeds))}."
        )
    if "images" not in result.dims or result.sizes["images"] < 2:
        raise InputError(
            "this run has no snapshots on the way, by which a pair is calibrated: train it with "
            "--set training.snapshots=8."
        )
    orbit = orbit_of(run.experiment.model, run.data.shape)
    pair = result.sel(samples=n, seed=number)
    seen, first = _clock(run, pair), _least_error(pair)
    if first >= len(seen) - 1:
        raise InputError(
            f"the pair at n = {n} has not begun to memorise: its test error still falls at the end "
            "of the training. Calibrate on a smaller n (--calibrate-at), or train longer."
        )
    measured = np.stack([_path(pair, name) for name in QUANTITIES[:CARRIED]], axis=1)[first:]
    target = measured[:, :2]
    log_c = np.log(seen[-1] / n) + np.linspace(-_REACH, _REACH, _GRID)
    with phase(f"calibrating on the pair of n = {n}", len(NODES), "budget") as done:
        fitted = TheoryPair(theory, run.subjects(number, (n,)), orbit, done)
        said = fitted.along(seen[first:] / np.exp(log_c)[:, None])[..., :2]
    loss = np.sum((said - target) ** 2, axis=(1, 2))
    count = len(seen) - first
    best, spread = _minimum(log_c, loss, count)
    free = exponent(
        lambda ratio: fitted.along(n * ratio)[..., :2],
        seen[first:] / (n * np.exp(log_c[::4]))[:, None], target, theory.power,
    )  # fmt: skip
    reach = 1.645 * np.hypot(spread, PAIR_SPREAD)
    return Calibration(
        constant=float(np.exp(best)),
        low=float(np.exp(best - reach)),
        high=float(np.exp(best + reach)),
        samples=n,
        snapshots=count,
        misfit=float(np.sqrt(loss.min() / (2 * count))),
        orbit=orbit,
        source=f"the pair of n = {n}, seed {number}",
        exponent=free,
        power=theory.power,
        residuals=Residuals(n, seen[first:], measured, fitted.along),
    )


def end_of_training(run: Run) -> float:
    """Learning-rate-weighted images of the whole training.

    Parameters
    ----------
    run : Run
        What was trained.

    Returns
    -------
    float
        s.
    """
    training = run.experiment.training
    return float(weighted_images(training.images, training.images, training.schedule))


def _chosen(trained: tuple[int, ...], samples: int | None) -> int:
    """The n of the pair."""
    if samples is None:
        below = [n for n in trained if 2 <= n <= DEFAULT_SAMPLES]
        found = max(below) if below else min(trained)
    else:
        found = samples
    if found not in trained or found < 2:
        raise InputError(
            f"no pair was trained at n = {found} of at least 2: choose from "
            f"{', '.join(map(str, trained))}."
        )
    return found


def _clock(run: Run, pair: xr.Dataset) -> FloatArray:
    """Weighted images at each snapshot, and at the end."""
    training = run.experiment.training
    images = np.append(pair["images"].values, training.images).astype(np.float64)
    return np.asarray(weighted_images(images, training.images, training.schedule))


def _path(pair: xr.Dataset, name: str) -> FloatArray:
    """A quantity along the snapshots and at the end, mean over sides."""
    values = []
    for part in (pair[f"history_{name}"], pair[name].expand_dims("images")):
        mean = part.mean("side") if "side" in part.dims else part
        values.append(mean.transpose("images", ...).values)
    return np.concatenate(values)


def _least_error(pair: xr.Dataset) -> int:
    """Snapshot of least test error, noise levels weighed as in training."""
    errors = _path(pair, "test_error")
    return int(np.argmin(errors @ (1.0 + pair["sigma"].values ** -2.0)))


def _minimum(log_c: FloatArray, loss: FloatArray, count: int) -> tuple[float, float]:
    """Where the loss is least, and the standard deviation that its curvature and size allow."""
    k = int(np.clip(np.argmin(loss), 1, len(loss) - 2))
    step = log_c[1] - log_c[0]
    # Curvature over about a third of c on each side: finer, it is that of the interpolation.
    wide = max(int(0.3 / step), 1)
    low, high = max(k - wide, 0), min(k + wide, len(loss) - 1)
    rise, fall = (loss[high] - loss[k]) / (high - k), (loss[k] - loss[low]) / (k - low)
    bend = 2.0 * (rise - fall) / ((high - low) * step**2)
    scale = loss[k] / (2 * count - 1)
    return float(log_c[k]), float(np.sqrt(2.0 * scale / bend)) if bend > 0.0 else 1.0
