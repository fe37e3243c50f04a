"""Each change that is ignored, on images that were changed by hand."""

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import INVARIANCES, Orbit

SHAPE = (3, 12, 12)
IMAGE = np.random.default_rng(0).random((1, *SHAPE))


def shifted(down, right):
    return np.roll(IMAGE, (down, right), (2, 3))


@pytest.mark.parametrize(
    ("name", "changed", "forms"),
    [
        ("mirror", [IMAGE, IMAGE[..., ::-1]], 2),
        ("turn", [np.rot90(IMAGE, k, (2, 3)) for k in range(4)], 4),
        ("shift", [shifted(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)], 9),
        ("brightness", [IMAGE + 0.3, IMAGE - 0.2], 1),
        ("contrast", [0.5 * IMAGE + 0.3, 2.0 * IMAGE], 1),
        ("grey", [np.tensordot(
            IMAGE, [0.299, 0.587, 0.114], (1, 0))[:, None].repeat(3, 1)], 1),
    ],
)  # fmt: skip
def test_a_changed_image_is_one_of_the_forms(name, changed, forms):
    orbit = Orbit.of(SHAPE, [name])
    pictures = orbit.pictures(IMAGE)
    assert len(pictures) == orbit.count == forms
    plain = orbit.plain(IMAGE)
    np.testing.assert_array_equal(pictures[0], plain)
    used = set()
    for other in changed:
        apart = [np.abs(form - orbit.plain(other)).max() for form in pictures]
        assert min(apart) < 1e-12
        used.add(int(np.argmin(apart)))
    assert len(used) == min(len(changed), forms)


def test_other_images_are_none_of_them():
    other = np.random.default_rng(1).random((1, *SHAPE))
    for name in INVARIANCES:
        orbit = Orbit.of(SHAPE, [name])
        assert min(np.abs(form - orbit.plain(other)).max() for form in orbit.pictures(IMAGE)) > 0.1
