"""Images as trained networks want them: three channels, values from 0 to 1, one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.diagnose.comparable.units import UNITS, Values
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points

if TYPE_CHECKING:
    import torch

# From the narrowest to the widest: what fits the first fits others, too.
_UNITS = sorted(UNITS, key=lambda name: UNITS[name][1] - UNITS[name][0])


def unit_interval(training: Points) -> tuple[float, float]:
    """Values of the training set that are black and white.

    Parameters
    ----------
    training : Points
        Images.

    Returns
    -------
    low, high : float
        Ends of the plain unit that its values fill; else its least and largest value.
    """
    values = Values.of(training)
    for name in _UNITS:
        low, high = UNITS[name]
        if low <= values.low and values.high <= high and values.in_unit(name):
            return low, high
    if values.high == values.low:
        raise InputError(f"{training.name} holds one colour alone: nothing can be compared.")
    return values.low, values.high


def need_images(training: Points, name: str) -> None:
    """Refuse what no network for images takes.

    Parameters
    ----------
    training : Points
        Training set.
    name : str
        What messages call the encoder.

    Raises
    ------
    InputError
        If its points are no images of one or three channels.
    """
    shape = training.shape
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise InputError(
            f"{name} looks at images of 1 or 3 channels, but points of {training.name} have shape "
            f"{shape}: give images (--shape CHANNELS,HEIGHT,WIDTH), or use whitened or pixels."
        )


def prepared(
    images: NDArray[np.float32], ends: tuple[float, float], side: int, device: torch.device
) -> Any:
    """Images in [0, 1], with three channels, of one size.

    Parameters
    ----------
    images : ndarray, shape (N, 1 or 3, height, width)
        In the units of the training set.
    ends : tuple of float
        Values that become 0 and 1.
    side : int
        To which both sides are resized, bicubic with antialiasing.
    device : torch.device
        Where they go.

    Returns
    -------
    Tensor, shape (N, 3, side, side)
    """
    import torch
    from torch.nn import functional

    x = torch.from_numpy((images - ends[0]) / (ends[1] - ends[0])).to(device, torch.float32)
    x = x.expand(-1, 3, -1, -1)
    x = functional.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False)
    return x.clamp(0.0, 1.0)
