"""Networks that halve the grid of an image: sides that they take, and their symmetry."""

from __future__ import annotations

from typing import Literal, get_args

from convergen.empirical.networks.table import Shape, images_only
from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import TEXT, Option

Padding = Literal["zeros", "circular"]
PADDING = Option("padding", TEXT, "what lies beyond the edges", "zeros", choices=get_args(Padding))


def halved_images(name: str, shape: Shape, halvings: int, remedy: str) -> None:
    """Refuse sides that the grids do not divide.

    Parameters
    ----------
    name : str
        Of the network.
    shape : tuple of int
        Shape of one point.
    halvings : int
        How often the grid is halved.
    remedy : str
        What to give for fewer.

    Raises
    ------
    InputError
        If a point is no image, or a side is no multiple of the coarsest pixel, or only one of them.
    """
    images_only(name, shape)
    factor = 2**halvings
    if shape[1] % factor or shape[2] % factor or min(shape[1:]) < 2 * factor:
        raise InputError(
            f"model {name!r} on {halvings + 1} grids needs sides that are multiples of {factor} "
            f"and at least {2 * factor}, but images have {shape[1]} × {shape[2]} pixels: crop "
            f"them, or give {remedy}."
        )


def grid_shift(halvings: int, padding: Padding) -> int:
    """Translations that such a network commutes with.

    Parameters
    ----------
    halvings : int
        How often the grid is halved.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.

    Returns
    -------
    int
        Pixels of the coarsest grid for a circular one, else 0.
    """
    return {"circular": 2**halvings, "zeros": 0}[padding]
