"""A trained network at sample sizes at which it was not trained."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.forecast.calibrate import Calibration
from convergen.empirical.forecast.pairs import QUANTITIES, TheoryPair
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.messages.progress import phase
from convergen.theory.networks.training_time.clock import budget_of
from convergen.theory.quantities.labelled import coordinate_attributes
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.models.table import SolvableModel
    from convergen.empirical.splits.splits import Splits
    from convergen.empirical.training.settings import TrainingSettings

logger = logging.getLogger(__name__)

# Levels of q whose n is forecast.
LEVELS = (0.5, 0.8)
# Values of the training images and their orbit, beyond which a theory takes long.
LARGEST = 2**18
# n may exceed that of the calibration by this factor without a warning.
_FAR = 1000
# Images below which networks have hardly begun to learn.
_SHORT = 2000


def forecast(
    data: DataSet,
    training: TrainingSettings,
    measure: MeasureSettings,
    calibration: Calibration,
    row: SolvableModel,
    memorised: float,
    samples: Sequence[int] | None = None,
    seed: int = 0,
    splits: Splits | None = None,
) -> xr.Dataset:
    """Order parameters of a trained network at each n, with 90 % intervals.

    Parameters
    ----------
    data : DataSet
        Its data; two disjoint sets of the largest n must fit.
    training : TrainingSettings
        Noise range.
    measure : MeasureSettings
        How samples are drawn.
    calibration : Calibration
        c and its interval.
    row : SolvableModel
        The theory.
    memorised : float
        s, learning-rate-weighted images of the training.
    samples : sequence of int, optional
        n ≥ 2; default powers of four as far as the data go.
    seed : int
        Of the splits and of the seeds of generation.
    splits : Splits, optional
        Which points are trained on; default random ones.

    Returns
    -------
    xarray.Dataset
        Along ``samples``: convergence, memorisation, share of copies and variance, each with
        ``_low`` and ``_high``; ``samples_for`` along ``level``, the n at q = 0.5 and 0.8, NaN
        where q does not cross it between the n.

    Raises
    ------
    InputError
        If an n does not fit into the data or takes too long.
    """
    import xarray as xr

    from convergen.empirical.splits.splits import split

    sizes = _sizes(data, calibration, samples)
    if calibration.samples and sizes[-1] > _FAR * calibration.samples:
        logger.warning(
            "warning: n = %d is more than %d times the n = %d of the calibration: intervals say "
            "nothing of what changes over such a distance.",
            sizes[-1], _FAR, calibration.samples,
        )  # fmt: skip
    images = float(budget_of(memorised, training.schedule))
    if images < _SHORT:
        logger.warning(
            "warning: after %.0f images networks have hardly begun to learn, and the theory knows "
            "no such stage: give a training of at least %d images.",
            images, _SHORT,
        )  # fmt: skip
    if splits is None:
        splits = split(data, sizes, seed, held_out=0 if data.truth is not None else 1)
    ends = (calibration.constant, calibration.low, calibration.high)
    rows: list[list[FloatArray]] = []
    noise: list[FloatArray] = []
    for n in sizes:
        with phase(f"forecasting n = {n}", len(set(ends)), "budget") as done:
            subjects = Subjects(data, splits, (n,), training, measure)
            pair = TheoryPair(row.theory, subjects, calibration.orbit, done)
            at = {c: pair.at(memorised / c) for c in dict.fromkeys(ends)}
        known = calibration.residuals
        if known is not None:
            at = {c: known.corrected(said, n, memorised, c) for c, said in at.items()}
            noise.append(known.noise(at[calibration.constant], n, memorised))
        rows.append([at[c] for c in ends])
    values = np.array(rows)
    axes = (("samples", list(sizes)), ("level", list(LEVELS)))
    out = xr.Dataset(coords={k: (k, given, coordinate_attributes(k)) for k, given in axes})
    low, high = _interval(values, np.hypot(row.own_error, np.array(noise or 0.0)))
    for k, name in enumerate(QUANTITIES):
        words = quantity(name).attributes
        for suffix, part in (("", values[:, 0]), ("_low", low), ("_high", high)):
            out[f"{name}{suffix}"] = ("samples", part[:, k], words)
    for suffix, part in (("", values[:, 0]), ("_low", high), ("_high", low)):
        crossed = [crossing_at(sizes, part[:, 0], level) for level in LEVELS]
        words = {"long_name": "training samples at which q reaches the level", "units": "1"}
        out[f"samples_for{suffix}"] = ("level", crossed, words)
    out.attrs = {
        "constant": calibration.constant,
        "constant_low": calibration.low,
        "constant_high": calibration.high,
        "calibrated_on": calibration.source,
        "calibrated_at": calibration.samples,
        "theory": row.name,
        "exponent": list(calibration.exponent),
        "orbit": calibration.orbit.words(),
        "rests_on": calibration.words(memorised),
        "trust": row.trust,
        **dict(zip(("tenth", "tenth_low", "tenth_high"), calibration.tenth(), strict=True)),
        "weighted_images": float(memorised),
        "images": images,
        "seed": seed,
        "data_fingerprint": data.fingerprint,
    }
    return out


def _sizes(
    data: DataSet, calibration: Calibration, samples: Sequence[int] | None
) -> tuple[int, ...]:
    """The n of the forecast."""
    order = calibration.orbit.order(data.shape)
    largest = LARGEST // (order * data.dim)
    if samples is None:
        fit = min(largest, (len(data) - 1) // 2 if data.truth is None else len(data) // 2)
        found = tuple(4**k for k in range(1, fit.bit_length()) if 4**k <= fit)
        if len(found) < 2:
            raise InputError(
                f"the {len(data)} points of {data.name} hold no two disjoint sets of 16 that can "
                "be forecast: give more points."
            )
        return found
    found = tuple(sorted(set(samples)))
    if found[0] < 2:
        raise InputError(f"n = {found[0]} leaves nothing to compare: give n of at least 2.")
    if found[-1] > largest:
        images = f" and their {order} images each" * (order > 1)
        raise InputError(
            f"n = {found[-1]} points of {data.dim} coordinates{images} are too many for the "
            f"theory of trained networks: give n of at most {largest}."
        )
    return found


def _interval(values: FloatArray, own_error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What the interval of c makes of each quantity, and the error of the theory itself."""
    best, own = values[:, 0], 1.645 * own_error
    low = best - np.hypot(best - values.min(axis=1), own)
    high = best + np.hypot(values.max(axis=1) - best, own)
    top = np.array([1.0, 1.0, 1.0, np.inf])
    return np.maximum(low, 0.0), np.minimum(high, top)


def crossing_at(samples: Sequence[int], q: FloatArray, level: float) -> float:
    """Where q first reaches a level, linear in log n.

    Parameters
    ----------
    samples : sequence of int
        n, ascending.
    q : ndarray, shape (len(samples),)
        Convergence at each.
    level : float
        Between 0 and 1.

    Returns
    -------
    float
        n; NaN where q does not reach the level between two of them.
    """
    logs = np.log(samples)
    for k in range(len(q) - 1):
        if q[k] < level <= q[k + 1]:
            share = (level - q[k]) / (q[k + 1] - q[k])
            return float(np.exp(logs[k] + share * (logs[k + 1] - logs[k])))
    return float("nan")
