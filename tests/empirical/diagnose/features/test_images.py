import numpy as np
import pytest

from convergen.empirical.diagnose.features.images import need_images, prepared, unit_interval
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points

torch = pytest.importorskip("torch")


def points(rows):
    return Points("mine", rows, rows.shape[1:])


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (0.0, 1.0, (0.0, 1.0)), (-1.0, 1.0, (-1.0, 1.0)), (0.0, 255.0, (0.0, 255.0)),
        (-3.0, 7.0, (-3.0, 7.0)),
    ],
)  # fmt: skip
def test_black_and_white_are_the_ends_of_the_unit_that_is_filled(low, high, ends):
    rows = low + (high - low) * np.random.default_rng(0).random((30, 1, 6, 5))
    rows[0, 0, 0, :2] = low, high
    if high == 255.0:
        rows = np.round(rows)
    assert unit_interval(points(rows)) == ends


def test_one_colour_alone_is_refused():
    with pytest.raises(InputError, match="mine holds one colour alone: nothing can be compared"):
        unit_interval(points(np.full((4, 1, 3, 3), 7.5)))


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((1, 5, 5), True),
        ((3, 5, 4), True),
        ((2, 5, 5), False),
        ((75,), False),
        ((3,), False),
        ((3, 4, 4, 4), False),
    ],
)
def test_networks_for_images_take_one_or_three_channels(shape, fits):
    training = points(np.zeros((2, *shape)))
    if fits:
        need_images(training, "net")
    else:
        with pytest.raises(InputError, match="net looks at images of 1 or 3 channels, but points"):
            need_images(training, "net")


def test_images_become_three_channels_in_the_unit_interval():
    images = np.random.default_rng(1).random((2, 1, 4, 6)).astype(np.float32) * 4.0 - 1.0
    same = prepared(images[..., :4], (-1.0, 3.0), 4, torch.device("cpu"))
    assert same.shape == (2, 3, 4, 4)
    expected = np.repeat((images[..., :4] + 1.0) / 4.0, 3, axis=1)
    np.testing.assert_allclose(same.numpy(), expected, atol=1e-6)
    found = prepared(images, (0.0, 1.0), 8, torch.device("cpu"))
    assert found.shape == (2, 3, 8, 8)
    assert found.min() == 0.0
    assert found.max() == 1.0
    # A flat image stays flat at any size.
    flat = prepared(np.full((1, 3, 4, 6), 0.25, np.float32), (0.0, 1.0), 9, torch.device("cpu"))
    np.testing.assert_allclose(flat.numpy(), 0.25, atol=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (0.05, 0.95, (0.0, 1.0)), (-0.9, 0.95, (-1.0, 1.0)), (-0.45, 0.4, (-0.5, 0.5)),
        (3.0, 250.0, (0.0, 255.0)), (-0.01, 1.0, (-1.0, 1.0)), (0.0, 300.0, (0.0, 300.0)),
        (-2.0, 0.9, (-2.0, 0.9)),
    ],
)  # fmt: skip
def test_black_and_white_are_the_ends_of_the_unit_that_holds_all_values(low, high, ends):
    rows = np.linspace(low, high, 900).reshape(100, 1, 3, 3)
    assert unit_interval(Points("t", rows, (1, 3, 3))) == pytest.approx(ends)


def test_smaller_images_are_means_and_no_samples_of_the_larger_ones():
    """One pixel of four is white, a quarter of the size: a quarter of white, but for the ends."""
    stripes = np.resize(np.float32([1.0, 0.0, 0.0, 0.0]), (1, 1, 64, 64))
    found = prepared(stripes, (0.0, 1.0), 16, torch.device("cpu")).numpy()
    np.testing.assert_allclose(found[..., 2:-2], 0.25, atol=0.03)


def test_a_ramp_stays_a_ramp_about_the_centres_of_its_pixels():
    """Pixel i of twice as many lies at (i + 1/2)/2 − 1/2 of the others."""
    ramp = np.resize(np.arange(16.0, dtype=np.float32), (1, 1, 16, 16))
    found = prepared(ramp, (0.0, 16.0), 32, torch.device("cpu")).numpy()[0, 0, 8]
    expected = ((np.arange(32) + 0.5) / 2.0 - 0.5) / 16.0
    np.testing.assert_allclose(found[4:-4], expected[4:-4], atol=1e-5)
