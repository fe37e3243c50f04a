"""Denoisers beside each other, with the interface of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.denoisers.protocol import Denoiser


class Separate:
    """Denoisers that are evaluated one after the other.

    Parameters
    ----------
    models : sequence of Denoiser
        One for each member.
    """

    # None of them is homogeneous.
    origin = None

    def __init__(self, models: Sequence[Denoiser]) -> None:
        self.models = list(models)
        self.members = len(self.models)

    def denoiser(self, member: int) -> Denoiser:
        """One member.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        Denoiser
        """
        return self.models[member]

    def denoisers(self) -> Denoiser:
        """All members as one denoiser.

        Returns
        -------
        Denoiser
            x of shape (M · batch, *shape), the points of the first member first.
        """

        def together(x: NDArray[Any], sigma: ArrayLike, /) -> NDArray[Any]:
            levels = np.broadcast_to(np.asarray(sigma), len(x))
            parts = zip(
                np.split(x, self.members), np.split(levels, self.members), self.models, strict=True
            )
            return np.concatenate([model(points, level) for points, level, model in parts])

        return together
