import pytest

from convergen.empirical.networks.grids import grid_shift, halved_images
from convergen.theory.common.checks import InputError


@pytest.mark.parametrize(
    ("shape", "halvings", "fits"),
    [
        ((3, 8, 16), 2, True), ((3, 8, 12), 2, True), ((3, 8, 10), 2, False),
        ((3, 10, 8), 2, False), ((3, 4, 8), 2, False), ((3, 8, 4), 2, False), ((1, 2, 3), 0, True),
    ],
)  # fmt: skip
def test_sides_are_multiples_of_the_coarsest_pixel_and_more_than_one(shape, halvings, fits):
    if fits:
        halved_images("net", shape, halvings, "fewer")
    else:
        words = (
            rf"'net' on 3 grids .* multiples of 4 and at least 8, .* have {shape[1]} × {shape[2]} "
        )
        with pytest.raises(InputError, match=words + "pixels: crop them, or give fewer"):
            halved_images("net", shape, halvings, "fewer")


def test_only_circular_grids_commute_with_translations():
    assert grid_shift(3, "circular") == 8
    assert grid_shift(0, "circular") == 1
    assert grid_shift(3, "zeros") == 0


def test_vectors_have_no_grid():
    with pytest.raises(InputError, match="net"):
        halved_images("net", (64,), 1, "fewer")
