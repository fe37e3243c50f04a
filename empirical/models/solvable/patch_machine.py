"""Local score machines with windows of fixed size, at the same or at all positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.networks.local.patch_machine import PatchMachine
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import squares
from convergen.theory.sources.options import TEXT, WHOLE, Option


def fit(sets: TrainingSets, side: int, positions: str, padding: str) -> list[Denoiser]:
    """Fit one to each training set.

    Parameters
    ----------
    sets : TrainingSets
        Centred images.
    side : int
        Pixels along a side of the window.
    positions : {'same', 'all'}
        Whether a patch is compared with those at its own place, or wherever they lie.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.

    Returns
    -------
    list of Denoiser
    """
    if positions == "all":
        return [PatchMachine(points, side, padding) for points in sets.points]
    return [
        WindowDenoiser(points, squares(points.shape[1:], side, periodic=padding == "circular"))
        for points in sets.points
    ]


def refusal(shape: tuple[int, ...], truth: object, options: Mapping[str, Any]) -> str:
    """Why it does not suit: points that are no images have no patches.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point.
    truth : object
        Law of the data where it is known.
    options : mapping
        ``side``.

    Returns
    -------
    str
    """
    if len(shape) != 3:
        return f"needs images, but a point has shape {shape}."
    side, largest = options["side"], min(shape[1:])
    if side % 2 == 0 or side > largest:
        return f"needs a side that is odd and at most {largest}, not {side}."
    return ""


SOLVABLE.register(
    SolvableModel(
        name="patch-machine",
        description="posterior mean of each pixel on a window of fixed size (side)",
        words="patch machine",
        fit=fit,
        line=(0, (1, 3)),
        order=9,
        options=(
            Option("side", WHOLE, "pixels along a side of the window, odd", 3, least=1, most=1001),
            Option(
                "positions",
                TEXT,
                "training patches that count: at the same place, or at all",
                "same",
                choices=("same", "all"),
            ),
            Option(
                "padding",
                TEXT,
                "what lies beyond the edges",
                "zeros",
                choices=("zeros", "circular"),
            ),
        ),
        refusal=refusal,
        compared=False,
    )
)
