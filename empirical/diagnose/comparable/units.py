"""One unit for all sets: plain maps between them are recognised, mended and said.

A map is taken only from a short list of what people do to pixels, and only if it makes the
distribution of values agree much better than none; what fits nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.row_blocks import as_float_rows, row_blocks
from convergen.theory.sources.points import Points

_LOOKED = 500
_LEVELS = np.array([0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995])
UNITS = {
    "[0, 1]": (0.0, 1.0),
    "[-1, 1]": (-1.0, 1.0),
    "[0, 255]": (0.0, 255.0),
    "[0, 65535]": (0.0, 65535.0),
    "[-0.5, 0.5]": (-0.5, 0.5),
    "[-128, 127]": (-128.0, 127.0),
}
# Means and scales of red, green and blue in [0, 1] that networks of others were trained with.
NORMALISATIONS = {
    "ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "CLIP": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}
# Share of a unit's span by which values may leave it, and which they must fill.
_OVER, _FILLED = 0.1, 0.3
# Distributions that differ less agree; a map must halve the difference, and leave little.
_AGREE, _BETTER, _FITS = 0.35, 0.5, 1.0
# Ratios of spreads, and offsets in spreads, beyond which sets cannot be compared.
_SPREAD, _OFFSET = 8.0, 6.0


@dataclass(frozen=True, eq=False)
class Values:
    """How the numbers of a set are distributed.

    Attributes
    ----------
    rows : ndarray, shape (N, d)
        Some of its points.
    low, high : float
        Range of all.
    mean, scale : ndarray, shape (d,)
        Of each coordinate, of the middle nine tenths of all numbers.
    quantiles : ndarray
        Of all numbers.
    spread : float
        Standard deviation of these.
    """

    rows: FloatArray
    low: float
    high: float
    mean: FloatArray
    scale: FloatArray
    quantiles: FloatArray
    spread: float

    @classmethod
    def of(cls, points: Points) -> Values:
        """Look at some hundred points, and at all for the range."""
        step = -(-len(points) // _LOOKED)
        rows = points.flat(slice(None, None, step))
        return cls._of_rows(rows, *points.value_range)

    @classmethod
    def _of_rows(cls, rows: FloatArray, low: float, high: float) -> Values:
        quantiles = np.quantile(rows, _LEVELS)
        ends = (quantiles[1], quantiles[-2]) if quantiles[1] < quantiles[-2] else (low, high)
        middle = np.clip(rows, *ends)  # a few outliers must not pass for a change of units
        mean, scale = middle.mean(axis=0), middle.std(axis=0)
        return cls(rows, low, high, mean, scale, quantiles, float(middle.std()))

    @property
    def words(self) -> str:
        """The range, as messages say it."""
        return f"[{self.low:.4g}, {self.high:.4g}]"

    def in_unit(self, name: str) -> bool:
        """Whether the numbers fill a unit and hardly leave it."""
        low, high = UNITS[name]
        span = high - low
        inside = low - _OVER * span <= self.quantiles[0] and self.quantiles[-1] <= high + (
            _OVER * span
        )
        near = low - 0.5 * span <= self.low and self.high <= high + 0.5 * span
        return bool(inside and near and self.quantiles[-1] - self.quantiles[0] >= _FILLED * span)

    def mapped(self, gain: FloatArray | float, offset: FloatArray | float) -> Values:
        """The same after x → gain·x + offset."""
        ends = np.mean(gain) * np.array([self.low, self.high]) + np.mean(offset)
        return self._of_rows(self.rows * gain + offset, *ends)

    def distance(self, other: Values) -> float:
        """How differently numbers are distributed, in spreads of the other."""
        unit = other.spread or 1.0
        pooled = float(np.abs(self.quantiles - other.quantiles).mean()) / unit
        means = float(np.sqrt(np.mean((self.mean - other.mean) ** 2))) / unit
        scales = float(np.abs(self.scale - other.scale).mean()) / unit
        return pooled + means + scales


@dataclass(frozen=True, eq=False)
class Change:
    """A plain map x → gain·x + offset, and what it is called."""

    words: str
    gain: FloatArray | float
    offset: FloatArray | float


def _changes(given: Values, truth: Values, training: Points) -> Iterator[Change]:
    """Maps that people apply, the plainest first."""
    for source, (low, high) in UNITS.items():
        if not given.in_unit(source):
            continue
        for target, (floor, top) in UNITS.items():
            if target != source and truth.in_unit(target):
                gain = (top - floor) / (high - low)
                yield Change(f"from {source} to {target}", gain, floor - gain * low)
    mean, square = _moments(training)
    groupings = {"": np.zeros(training.dim, np.int64)}
    if len(training.shape) == 3:
        channels = training.shape[0]
        groupings[" in each channel"] = np.repeat(np.arange(channels), training.dim // channels)
    groupings[" in each coordinate"] = np.arange(training.dim)
    for where, group in groupings.items():
        centre, scale = _by_group(mean, square, group)
        yield Change(f"back from the training set's mean and scale{where}", scale, centre)
    if len(training.shape) == 3 and training.shape[0] == 3:
        yield from _normalised(truth, training.dim // 3)
    for source, (low, high) in UNITS.items():
        if given.in_unit(source):
            gain = (truth.high - truth.low) / (high - low)
            words = f"from {source} to the range of the training set"
            yield Change(words, gain, truth.low - gain * low)


def _normalised(truth: Values, pixels: int) -> Iterator[Change]:
    """Back from means and scales that belong to other data."""
    for owner, constants in NORMALISATIONS.items():
        centre, scale = (np.repeat(each, pixels) for each in constants)
        for target, (floor, top) in UNITS.items():
            if truth.in_unit(target):
                words = f"back from the mean and scale of {owner}, to {target}"
                yield Change(words, (top - floor) * scale, floor + (top - floor) * centre)


def _moments(points: Points) -> tuple[FloatArray, FloatArray]:
    """Mean and mean square of each coordinate, over all points."""
    square = np.zeros(points.dim)
    for block in row_blocks(points.rows):
        square += (as_float_rows(block, points.dim) ** 2).sum(axis=0)
    return points.sum() / len(points), square / len(points)


def _by_group(
    mean: FloatArray, square: FloatArray, group: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of groups of coordinates, for each coordinate."""
    sizes = np.bincount(group)
    centre, power = (np.bincount(group, values) / sizes for values in (mean, square))
    scale = np.sqrt(np.maximum(power - centre**2, 0.0))
    return centre[group], scale[group]


def one_unit(
    training: Points, others: list[Points], *, mend: bool = True
) -> tuple[list[Points], list[str]]:
    """Bring sets to the units of the training set.

    Parameters
    ----------
    training : Points
        Stays as it is.
    others : list of Points
        Samples and reference, of the same shape.
    mend : bool
        Whether units that differ by a plain map are changed; otherwise all stay as given.

    Returns
    -------
    sets : list of Points
        The others.
    notes : list of str
        What was done, as sentences.

    Raises
    ------
    InputError
        If the units of a set fit neither as they are nor by a plain map.
    """
    if not mend:
        return others, ["Units were left as given."]
    truth = Values.of(training)
    found, notes = [], []
    for each in others:
        given = Values.of(each)
        change = _chosen(given, truth, training)
        if change is not None:
            notes.append(
                f"{each.name} was brought to the units of the training set: {change.words} "
                f"(its values span {given.words}, those of the training set {truth.words})."
            )
            rows = (each.flat() * change.gain + change.offset).reshape(-1, *training.shape)
            found.append(replace(each, rows=rows))
            continue
        if not _comparable(given, truth):
            raise InputError(
                f"values of {each.name} span {given.words}, those of {training.name} "
                f"{truth.words}, and no plain change of units makes them agree: give both in the "
                "same units."
            )
        found.append(each)
    return found, notes


def _chosen(given: Values, truth: Values, training: Points) -> Change | None:
    """The plainest map that makes the values agree, if they do not as they are."""
    plain = given.distance(truth)
    if plain < _AGREE or given.low == given.high:  # of one value no unit can be told
        return None
    tried = [
        (given.mapped(each.gain, each.offset).distance(truth), each)
        for each in _changes(given, truth, training)
    ]
    best = min((distance for distance, _ in tried), default=np.inf)
    if best > min(_FITS, _BETTER * plain):
        return None
    return next(each for distance, each in tried if distance <= 1.02 * best)


def _comparable(given: Values, truth: Values) -> bool:
    if truth.spread == 0.0 or given.spread == 0.0:
        return True
    if _one_span(given, truth):  # dark images, say: few points, but the same units
        return True
    ratio = given.spread / truth.spread
    offset = abs(float(given.quantiles[3] - truth.quantiles[3]))
    return 1.0 / _SPREAD < ratio < _SPREAD and offset < _OFFSET * (truth.spread + given.spread)


def _one_span(given: Values, truth: Values) -> bool:
    """Whether the ranges of two sets differ little."""
    ends = np.array([[given.low, given.high], [truth.low, truth.high]])
    apart, spans = np.abs(ends[0] - ends[1]).max(), ends[:, 1] - ends[:, 0]
    return bool(apart <= _OVER * spans.min())
