"""Local denoisers against the empirical score, and against fits without a point."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import Windows, squares
from convergen.theory.networks.symmetry.orbits import Orbit

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((9, 2, 4, 4))
NOISY = IMAGES[:5] + 0.4 * RNG.standard_normal((5, 2, 4, 4))
LEVELS = np.array([0.1, 0.4, 0.4, 1.0, 20.0])
WINDOWS = squares((2, 4, 4), 3)


def test_a_window_of_everything_is_the_empirical_score():
    everything = Windows.of(np.ones((32, 32), dtype=bool))
    found = WindowDenoiser(IMAGES, everything, Orbit(2))(NOISY, LEVELS)
    np.testing.assert_allclose(found, EmpiricalScore(Orbit(2).of(IMAGES))(NOISY, LEVELS), rtol=1e-9)


@pytest.mark.parametrize("orbit", [Orbit(), Orbit(2)])
def test_leaving_out_is_a_fit_without_the_point_and_its_images(orbit):
    own = np.array([3, 0, 8, 3, 5])
    found = WindowDenoiser(IMAGES, WINDOWS, orbit).leave_one_out(NOISY, LEVELS, own)
    for i, row in enumerate(own):
        without = WindowDenoiser(np.delete(IMAGES, row, axis=0), WINDOWS, orbit)
        np.testing.assert_allclose(
            found[i : i + 1], without(NOISY[i : i + 1], LEVELS[i]), rtol=1e-10
        )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: squares((16,), 3), "give images"),
        (lambda: squares((1, 4, 4), 2), "odd"),
        (lambda: WindowDenoiser(np.ones((0, 3)), WINDOWS), "points of shape"),
        (lambda: WindowDenoiser(IMAGES[:1], WINDOWS).leave_one_out(NOISY, 1.0, [0] * 5), "two"),
        (lambda: WindowDenoiser(IMAGES, WINDOWS).leave_one_out(NOISY, 1.0, [9] * 5), "0 to 8"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
