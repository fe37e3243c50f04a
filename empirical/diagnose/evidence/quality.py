"""What samples are like, apart from copying: blurred, less varied, outside the data.

A generator may copy nothing and be worthless; each remark here says in which way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.layout import roughness
from convergen.empirical.measure.intervals import Estimate, average
from convergen.empirical.measure.overlaps import leading_axes
from convergen.theory.common.checks import FloatArray
from convergen.theory.common.row_blocks import as_float_rows, mean_row, row_blocks
from convergen.theory.messages.progress import phase
from convergen.theory.sources.points import Points

# Points of each set that are looked at.
_LOOKED = 1000
# No image is smoother than this.
_FLAT = 1e-6
# Points from which variety and sharpness can be told.
_FEWEST = 20
# Share of its variance below which a factor is lost.
_LOST = 0.3
# Standard errors from 1 beyond which a ratio is taken for real.
_SURE = 4.0


@dataclass(frozen=True)
class Remark:
    """A property of samples beside that of real points.

    Attributes
    ----------
    key, words : str
        Name, and what is compared.
    ratio : Estimate
        Samples over real points; 1 is as it should be.
    low, high : str
        What samples are called if the ratio is below or above its bounds.
    bounds : tuple of float
        Ratios that are unremarkable.
    """

    key: str
    words: str
    ratio: Estimate
    low: str
    high: str
    bounds: tuple[float, float]

    @property
    def finding(self) -> str:
        """What samples are called; empty if nothing is remarkable."""
        least, most = self.bounds
        sure = abs(self.ratio.value - 1.0) > _SURE * self.ratio.stderr
        if sure and self.ratio.value < least:
            return self.low
        return self.high if sure and self.ratio.value > most else ""


def remarks(
    compared: tuple[Points, Points],
    given: tuple[Points, Points],
    distances: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
) -> list[Remark]:
    """Compare samples with real points.

    Parameters
    ----------
    compared : tuple of Points
        Samples and training set as they are compared.
    given : tuple of Points
        The same in pixels: sharpness is a property of images.
    distances : tuple of ndarray
        Of samples and of true points to the training set.
    rng : numpy.random.Generator
        Chooses points where there are many.

    Returns
    -------
    list of Remark
    """
    own, true = distances
    x, y = (_some(each, _LOOKED, rng) for each in compared)
    found = []
    if len(x) > 1 and y.var(axis=0).any():
        found.append(
            Remark("variance", "variance", _ratio(_power(x), _power(y)), "too alike",
                   "too varied", (0.7, 1.5))
        )  # fmt: skip
    if min(len(x), len(y)) >= _FEWEST:
        pixels, _ = given
        shape = pixels.shape
        if len(shape) == 3 and min(shape[1:]) > 3:
            images = (x, y) if given == compared else [_some(each, _LOOKED, rng) for each in given]
            showing = [each[each.std(axis=1).astype(bool)] for each in images]
            if min(map(len, showing)) > 1:  # blank images are neither
                sharp = [_sharpness(each, shape) for each in showing]
                found.append(
                    Remark("sharpness", "difference of neighbouring pixels", _ratio(*sharp),
                           "blurred", "grainy", (0.8, 1.25))
                )  # fmt: skip
        count = min(len(x), len(y))
        apart = [_spacing(each[:count]) for each in (x, y)]
        found.append(
            Remark("variety", "distance between one sample and the next", _ratio(*apart),
                   "less varied than the data", "more scattered than the data", (0.7, 1.4))
        )  # fmt: skip
    if len(own) > 1 and len(true) > 1:
        near = _ratio(_middle(own), _middle(true))
        found.append(
            Remark("nearness", "distance to the training set", near, "",
                   "outside the data", (0.0, 1.3))
        )  # fmt: skip
    return found


def lost_factors(
    samples: NDArray[Any],
    law: NDArray[Any],
    beside: NDArray[Any],
    count: int,
    axes: FloatArray | None = None,
) -> list[int]:
    """Leading factors of real data along which samples hardly vary.

    That the axes of the samples differ from the factors says nothing of it: factors of nearly equal
    variance change places in every draw.

    Parameters
    ----------
    samples : ndarray or memmap, shape (draws, …)
        Generated points.
    law : ndarray or memmap, shape (n, …)
        Real points, whose leading axes are the factors.
    beside : ndarray or memmap, shape (r, …)
        Other real points: how much they vary along these axes is what samples should.
    count : int
        Leading factors that are looked at.
    axes : ndarray, shape (d, k), optional
        Leading axes of `law` where they are known.

    Returns
    -------
    list of int
        Their numbers, from 1 on.
    """
    if min(len(samples), len(law), len(beside)) < _FEWEST:
        return []
    with phase("factors that samples lack"):
        if axes is None:
            axes = leading_axes(law, count, center=True)
        own, real = (
            [average(each) for each in (_along(rows, axes) ** 2).T] for rows in (samples, beside)
        )
    return [
        k
        for k, (mine, theirs) in enumerate(zip(own, real, strict=True), start=1)
        if mine.value + 2.0 * mine.stderr < _LOST * (theirs.value - 2.0 * theirs.stderr)
    ]


def _along(rows: NDArray[Any], axes: FloatArray) -> FloatArray:
    """Points about their mean along some axes, shape (N, k), block by block."""
    mean = mean_row(rows)
    return np.concatenate([
        (as_float_rows(block, len(mean)) - mean) @ axes for block in row_blocks(rows)
    ])  # fmt: skip


def _some(points: Points, count: int, rng: np.random.Generator) -> FloatArray:
    if len(points) <= count:
        return points.flat()
    return points.flat(np.sort(rng.choice(len(points), count, replace=False)))


def _ratio(own: Estimate, other: Estimate) -> Estimate:
    """Quotient of independent estimates, its error to first order."""
    if not other.value:
        return Estimate(1.0, 1.0, 1.0, 0.0)
    value = own.value / other.value
    error = np.hypot(own.stderr, value * other.stderr) / other.value
    return Estimate(value, max(value - 2.0 * error, 0.0), value + 2.0 * error, float(error))


def _power(rows: FloatArray) -> Estimate:
    """Variance of points about their own mean, all coordinates together."""
    squares = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1)
    return average(squares * len(rows) / (len(rows) - 1))


def _sharpness(rows: FloatArray, shape: tuple[int, ...]) -> Estimate:
    """How much neighbouring pixels differ over how much an image varies; geometric mean."""
    found = np.array([roughness(image[None]) for image in rows.reshape(-1, *shape)])
    logs = average(0.5 * np.log(np.maximum(found, _FLAT)))
    value = float(np.exp(logs.value))
    return Estimate(
        value, float(np.exp(logs.low)), float(np.exp(logs.high)), value * logs.stderr
    )  # fmt: skip


def _spacing(rows: FloatArray) -> Estimate:
    """Distance of points to the nearest other one."""
    squares = np.einsum("ij,ij->i", rows, rows)
    apart = squares[:, None] + squares - 2.0 * rows @ rows.T
    np.fill_diagonal(apart, np.inf)
    return _middle(np.sqrt(np.maximum(apart.min(axis=1), 0.0)))


def _middle(distances: FloatArray) -> Estimate:
    """Median, and its error from the quartiles."""
    low, value, high = np.quantile(distances, (0.25, 0.5, 0.75))
    error = 0.93 * (high - low) / np.sqrt(len(distances))
    return Estimate(float(value), float(value - 2 * error), float(value + 2 * error), float(error))
