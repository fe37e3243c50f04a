"""An estimate, where the truth lies, and why it is not known better."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.brief import brief
from convergen.theory.common.checks import FloatArray

# Half-width of the interval of a normal variable that leaves 5 % on either side.
_DEVIATE = 1.6449


@dataclass(frozen=True)
class Interval:
    """An estimate and where the truth lies.

    Attributes
    ----------
    value, low, high : ndarray
        Estimate and ends.
    sampling, unseen : ndarray
        Half-widths of the two parts in the logarithm: from the sampling of the pilot, and from
        what a pilot of this size cannot show.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    sampling: FloatArray
    unseen: FloatArray

    __repr__ = brief

    def __getitem__(self, index: slice | int | EllipsisType | NDArray[np.bool_]) -> Interval:
        """The same for some of the numbers."""
        return Interval(
            *(np.asarray(part[index]) for part in (self.value, self.low, self.high)),
            *(np.asarray(part[index]) for part in (self.sampling, self.unseen)),
        )

    def widened(self, error: FloatArray) -> Interval:
        """An interval whose logarithm has one more independent error.

        Parameters
        ----------
        error : ndarray
            Standard error of the logarithm.

        Returns
        -------
        Interval
            It counts as sampling.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            below, above = np.log(self.value / self.low), np.log(self.high / self.value)
            return Interval(
                self.value,
                self.value * np.exp(-np.hypot(below, _DEVIATE * error)),
                self.value * np.exp(np.hypot(above, _DEVIATE * error)),
                np.hypot(self.sampling, _DEVIATE * error), self.unseen,
            )  # fmt: skip

    def overlap(self) -> Interval:
        """Interval of q, where this is one of the odds (1 − q)/q."""
        value, low, high = (1.0 / (1.0 + each) for each in (self.value, self.high, self.low))
        return Interval(value, low, high, self.sampling, self.unseen)
