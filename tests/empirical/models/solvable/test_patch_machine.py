"""Local score machines with windows of fixed size."""

import numpy as np
import pytest

from convergen.empirical.models.table import SOLVABLE
from convergen.theory.common.checks import InputError
from convergen.theory.networks.local.patch_machine import PatchMachine
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import squares
from tests.empirical.models.solvable.fits import POINTS, SHAPE, X, check_row, fitted, same


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_patch_machines_know_the_place_of_their_patches_or_not(padding):
    placed = fitted("patch-machine", padding=padding)
    windows = squares(SHAPE, 3, periodic=padding == "circular")
    same(placed, [WindowDenoiser(each, windows) for each in POINTS])
    anywhere = fitted("patch-machine", side=3, positions="all", padding=padding)
    same(anywhere, [PatchMachine(each, 3, padding) for each in POINTS])
    assert np.abs(placed[0](X, 0.3) - anywhere[0](X, 0.3)).max() > 0.1


@pytest.mark.parametrize(
    ("shape", "side", "words"),
    [((1, 4, 4, 4), 3, "needs images, but a point has shape"),
     ((24,), 3, r"needs images, but a point has shape \(24,\)"),
     (SHAPE, 2, "needs a side that is odd and at most 4, not 2"),
     (SHAPE, 5, "needs a side that is odd and at most 4, not 5")],
)  # fmt: skip
def test_patches_must_fit_into_the_images(shape, side, words):
    with pytest.raises(InputError, match=words):
        SOLVABLE.find("patch-machine").resolve(shape, {"side": side})


@pytest.mark.parametrize(("shape", "side"), [((1, 3, 9), 3), ((1, 9, 3), 3), ((2, 5, 5), 5)])
def test_a_window_may_be_as_large_as_the_image(shape, side):
    given = SOLVABLE.find("patch-machine").resolve(shape, {"side": side})
    assert given == {"side": side, "positions": "same", "padding": "zeros"}
    with pytest.raises(InputError, match=f"odd and at most {side}, not {side + 2}"):
        SOLVABLE.find("patch-machine").resolve(shape, {"side": side + 2})


def test_the_row():
    options = {
        "side": (3, 1, None, 1001),
        "positions": ("same", None, None, None),
        "padding": ("zeros", None, None, None),
    }
    check_row("patch-machine", (0, (1, 3)), options, compared=False)
