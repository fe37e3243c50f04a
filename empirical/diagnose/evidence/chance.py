"""What chance gives: how close unseen points of the law come to one real point alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray

# The lowest tenth of the values of real points, at least so many, shows how chance falls off.
_TAIL, _LEAST = 0.1, 10
# A real point is a repeat of another if its value is below this, and as improbable.
_REPEAT_RATIO, _REPEAT = 1.0 / 3.0, 0.05
# Standard errors of its decay by which the tail is taken to be heavier.
_DOUBT = 1.5
# No chance is taken for less.
_FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class Chance:
    """How small ratios, or shares of gaps, become by chance, from real points.

    Attributes
    ----------
    ratios : ndarray, shape (N,)
        Or shares of gaps, of real points that are no repeats, sorted.
    repeats : float
        Share of unseen points that repeat a training point, as this law makes them.
    start, decay : float
        The tail: below ratio `start` the probability falls like the ratio to the power 1/`decay`.
    """

    ratios: FloatArray
    repeats: float
    start: float
    decay: float

    @classmethod
    def of(cls, found: FloatArray, repeats: float = 0.0) -> Chance:
        """Fit the tail to ratios of real points.

        Parameters
        ----------
        found : ndarray, shape (N,)
            Ratios, or shares of gaps, of real points.
        repeats : float
            Share of repeats that belongs to the law.

        Returns
        -------
        Chance
        """
        values = np.sort(np.maximum(found, _FLOOR))
        start, decay = _tail(values)
        share = max(_TAIL, min(1.0, _LEAST / values.size))
        # Twice: repeats would make the tail look heavy.
        for _ in range(2):
            expected = values.size * share * np.minimum(values / start, 1.0) ** (1.0 / decay)
            values = values[(expected > _REPEAT) | (values > _REPEAT_RATIO)]
            start, decay = _tail(values)
        return cls(values, repeats, start, decay)

    def probability(self, found: FloatArray) -> FloatArray:
        """Chance that an unseen point of the law has a value as small.

        Parameters
        ----------
        found : ndarray, shape (m,)
            The same of any points.

        Returns
        -------
        ndarray, shape (m,)
        """
        count = self.ratios.size
        body = (np.searchsorted(self.ratios, found, side="right") + 1.0) / (count + 1.0)
        share = (np.searchsorted(self.ratios, self.start, side="right") + 1.0) / (count + 1.0)
        part = np.minimum(found / self.start, 1.0)
        # What no real point happened to show may still be as frequent as half a point.
        tail = share * part ** (1.0 / self.decay) + 0.5 * part / (count + 1.0)
        chance = np.where(found < self.start, tail, body)
        return np.clip(self.repeats + (1.0 - self.repeats) * chance, _FLOOR, 1.0)


def _tail(values: FloatArray) -> tuple[float, float]:
    """Where the tail starts, and its mean decay, at the upper end of what the points allow."""
    count = int(np.clip(round(_TAIL * values.size), min(_LEAST, values.size), values.size))
    start = min(float(values[count - 1]), 1.0)
    logs = np.log(start / np.minimum(values[:count], start))
    # Half of an exponential law lies beyond ln 2 means; the median does not feel repeats.
    mean = min(float(logs.mean()), float(np.median(logs)) / np.log(2.0) * 1.5)
    return start, max(mean * (1.0 + _DOUBT / np.sqrt(count)), 0.01)
