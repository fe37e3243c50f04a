"""Training that ends at the last snapshot at which no network copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.measure.intervals import wilson
from convergen.empirical.measure.memorisation import CHANCE
from convergen.empirical.storage.cell_folder import CellFailed

if TYPE_CHECKING:
    from torch import Tensor

    from convergen.empirical.training.trainer import Trainer

# Marks the tensors of the kept state in a checkpoint.
_PREFIX = "before-copying/"


class LastWithoutCopies:
    """The state of training at the last snapshot without copies, kept in every checkpoint.

    Attributes
    ----------
    images : int
        Images seen by then; 0 before the first snapshot.
    """

    def __init__(self) -> None:
        self.images = 0
        self._state: dict[str, Tensor] = {}

    def keep(self, trainer: Trainer) -> None:
        """Take the state as it is now.

        Parameters
        ----------
        trainer : Trainer
            At a snapshot.
        """
        self.images = trainer.images
        self._state = {name: value.clone() for name, value in trainer.state().items()}

    def go_back(self, trainer: Trainer) -> None:
        """Put the trainer back to what was kept.

        Parameters
        ----------
        trainer : Trainer
            Past it.

        Raises
        ------
        CellFailed
            If nothing was kept, since copies were there at the first snapshot.
        """
        if not self.images:
            raise CellFailed(
                f"copies appear at the first snapshot, after {trainer.images} images: ask for more "
                "snapshots (--set training.snapshots=…), or train with more samples."
            )
        trainer.restore(self._state, self.images)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds of it.

        Returns
        -------
        dict of Tensor
        """
        return {_PREFIX + name: value for name, value in self._state.items()}

    def take_from(self, tensors: dict[str, Tensor], images: int) -> dict[str, Tensor]:
        """Take what a checkpoint holds of it.

        Parameters
        ----------
        tensors : dict of Tensor
            Of a checkpoint.
        images : int
            Images seen at the kept state.

        Returns
        -------
        dict of Tensor
            The others.
        """
        self.images = images
        self._state = {
            name.removeprefix(_PREFIX): value
            for name, value in tensors.items()
            if name.startswith(_PREFIX)
        }
        return {name: value for name, value in tensors.items() if not name.startswith(_PREFIX)}


def copies_appear(entry: dict[str, Any], draws: int) -> bool:
    """Whether a network copies more than chance may at a snapshot.

    Parameters
    ----------
    entry : dict
        From `convergen.empirical.measure.measure.snapshot`.
    draws : int
        Points that each network generated.

    Returns
    -------
    bool
        The 95 % interval of the copied share of some network (Wilson) lies above the share that is
        allowed to chance, 1 %.
    """
    shares = np.asarray(entry["fraction_memorised"], np.float64).ravel()
    return any(wilson(round(share * draws), draws).low > CHANCE for share in shares.tolist())
