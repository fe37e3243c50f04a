"""The linear denoiser of each training set."""

from convergen.theory.denoisers.wiener import LinearDenoiser
from tests.empirical.models.solvable.fits import POINTS, check_row, fitted, same


def test_linear_models_take_their_points_for_centred():
    same(fitted("linear"), [LinearDenoiser.fit(each, center=False) for each in POINTS])


def test_the_row():
    check_row("linear", (0, (3, 1, 1, 1, 1, 1)))
