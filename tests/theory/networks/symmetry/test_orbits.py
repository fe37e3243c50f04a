"""Orbits against explicit translations and mirror images."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit

IMAGES = np.random.default_rng(0).standard_normal((3, 2, 4, 8))


def test_an_orbit_holds_every_translation_of_each_point_together():
    orbit = Orbit(shift=2)
    found = orbit.of(IMAGES).reshape(3, orbit.order((2, 4, 8)), 2, 4, 8)
    assert found.shape[1] == 2 * 4
    np.testing.assert_array_equal(found[:, 0], IMAGES)
    np.testing.assert_array_equal(found[:, 5], np.roll(IMAGES, (2, 2), axis=(2, 3)))
    assert len({image.tobytes() for image in found[1]}) == 8


def test_mirror_images_double_the_orbit():
    orbit = Orbit(shift=4, mirrored=True)
    found = orbit.of(IMAGES).reshape(3, orbit.order((2, 4, 8)), 2, 4, 8)
    assert found.shape[1] == 4
    np.testing.assert_array_equal(found[:, 2], IMAGES[..., ::-1])


def test_no_symmetry_leaves_points_of_any_shape_alone():
    points = np.ones((5, 7))
    assert Orbit().trivial
    assert Orbit().order((7,)) == 1
    assert Orbit().of(points) is points
    assert "none known" in Orbit().words()
    assert Orbit(4, mirrored=True).words() == (
        "periodic translations by multiples of 4 pixels and mirror images"
    )
    assert "all pixels" in Orbit(1).words()


@pytest.mark.parametrize(
    ("shape", "shift", "said"), [((7,), 2, "give images"), ((1, 6, 8), 4, "must be multiples")]
)
def test_what_has_no_orbit_is_refused(shape, shift, said):
    with pytest.raises(InputError, match=said):
        Orbit(shift).order(shape)


def test_a_negative_shift_is_refused():
    with pytest.raises(InputError, match="shift"):
        Orbit(-1)


def test_mirror_images_alone_are_two_of_each():
    orbit = Orbit(mirrored=True)
    assert orbit.order((2, 4, 8)) == 2
    assert not orbit.trivial
    found = orbit.of(IMAGES).reshape(3, 2, 2, 4, 8)
    np.testing.assert_array_equal(found, np.stack([IMAGES, IMAGES[..., ::-1]], axis=1))
    assert orbit.words() == "mirror images"


def test_every_translation_comes_once_in_the_order_of_its_rows():
    found = Orbit(shift=2).of(IMAGES).reshape(3, 8, 2, 4, 8)
    for k in range(8):
        moved = np.roll(IMAGES, (2 * (k // 4), 2 * (k % 4)), axis=(2, 3))
        np.testing.assert_array_equal(found[:, k], moved)


@pytest.mark.parametrize("shape", [(1, 6, 8), (1, 8, 6)])
def test_both_sides_must_be_multiples_of_the_shift(shape):
    said = f"images of {shape[1]} × {shape[2]} pixels have no orbit under translations by 4: "
    with pytest.raises(InputError, match=said):
        Orbit(4).order(shape)
