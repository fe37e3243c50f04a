"""When a wide dense network generalises and memorises, from the data alone: nothing is calibrated.

The bulks of the tangent kernel give times of descent; one number, measured on the shipped MLPs on
digits, turns them into images of training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convergen.empirical.forecast.calibrate import TOLERATED, Calibration
from convergen.theory.networks.symmetry.orbits import NO_ORBIT
from convergen.theory.networks.wide.gram_bulks import gram_bulks

if TYPE_CHECKING:
    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.models.table import SolvableModel

# Noise level of the times, in standard deviations of the data: about where copying is decided.
SIGMA = 1.0
# Learning-rate-weighted images of one unit of time: at σ = 1 half of the best linear answer was
# found after 2891 of them by MLPs of size small on 768 digits, learning rate 1e-3, where
# `generalising_time(0.5)` is 15.8.
IMAGES_PER_TIME = 183.0
# Measured over predicted onsets of memorisation were 0.95 to 1.48 on four data sets.
_SPREAD = 1.5


@dataclass(frozen=True, kw_only=True)
class KernelClock(Calibration):
    """Times of a wide network; its constant c is that of the noised copies.

    Attributes
    ----------
    generalising : float
        Learning-rate-weighted images after which a tenth of the best linear answer is missing.
    onset : float
        Those a training point after which a tenth of what single points add is learnt.
    """

    generalising: float
    onset: float

    def tenth(self) -> tuple[float, float, float]:
        """Learning-rate-weighted images a point until a tenth of what points add is learnt.

        Returns
        -------
        tuple of float
            With the ends of its interval.
        """
        return self.onset, self.onset / _SPREAD, self.onset * _SPREAD

    def words(self, weighted: float) -> str:
        """What a forecast rests on, and when the network learns what.

        Parameters
        ----------
        weighted : float
            Learning-rate-weighted images of the training.

        Returns
        -------
        str
        """
        copies = weighted / self.constant
        return (
            f"Regression with the tangent kernel of a wide network on {copies:.0f} noised copies "
            f"at each noise level, one for {self.constant:.0f} images of training, "
            "weighed by the learning rate over its largest; nothing was calibrated on these data. "
            f"In such images, at noise of {SIGMA:g} standard deviation: the linear structure of "
            f"the population is learnt to nine tenths after {self.generalising:.0f}, what is "
            f"peculiar to single training points to one tenth after {self.onset:.0f} n; this "
            f"training has {weighted:.0f}, so that m has begun to rise below n = "
            f"{weighted / self.onset:.0f} (within a factor of {_SPREAD:g}); copies come later."
        )


def kernel_clock(row: SolvableModel, data: DataSet) -> KernelClock:
    """The times of a data set.

    Parameters
    ----------
    row : SolvableModel
        The theory, with its images for each copy.
    data : DataSet
        Its covariance is used.

    Returns
    -------
    KernelClock
    """
    bulks = gram_bulks(data.spectrum(), SIGMA)
    assert row.images_each is not None
    each = float(row.images_each)
    onset = bulks.memorising_time([1.0], missing=1.0 - TOLERATED).item()
    return KernelClock(
        constant=each, low=each, high=each, samples=0, snapshots=0, misfit=float("nan"),
        orbit=NO_ORBIT, source="no pair",
        generalising=IMAGES_PER_TIME * bulks.generalising_time(),
        onset=IMAGES_PER_TIME * onset,
    )  # fmt: skip
