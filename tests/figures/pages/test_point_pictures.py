"""Points as pictures: every pixel, its place and its grey; vectors as curves."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from convergen.figures.pages.point_pictures import picture


def pixels(html):
    data = re.search('src="data:image/png;base64,(.*?)"', html)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_pixels_stand_where_they_belong_and_are_large_and_sharp():
    point = np.arange(6.0)  # two rows of three, from black to white
    found = pixels(picture(point, (1, 2, 3), (0.0, 5.0), "x"))
    assert found.shape == (96, 144)  # the shorter side has 96 pixels
    expected = np.round(51.0 * point.reshape(2, 3)).repeat(48, axis=0).repeat(48, axis=1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("side", "shown"), [(1, 96), (95, 190), (96, 96), (97, 97), (40, 120)])
def test_pictures_are_enlarged_by_whole_factors_and_never_reduced(side, shown):
    assert (
        pixels(picture(np.zeros(side**2), (1, side, side), (0.0, 1.0), "x")).shape == (shown,) * 2
    )


def test_colour_stays_colour_and_further_channels_are_left_out():
    for channels in (3, 4):
        point = np.zeros((channels, 2, 2))
        point[0, 0] = point[3:] = 1.0
        found = pixels(picture(point.ravel(), (channels, 2, 2), (0.0, 1.0), "x"))
        assert found.shape == (96, 96, 3)
        np.testing.assert_array_equal(found[0, 0], [255, 0, 0])
        np.testing.assert_array_equal(found[-1, 0], [0, 0, 0])
    two = np.stack([np.ones((2, 2)), np.zeros((2, 2))])
    found = pixels(picture(two.ravel(), (2, 2, 2), (0.0, 1.0), "x"))
    np.testing.assert_array_equal(found, np.full((96, 96), 255))  # the first of two, in grey


def test_what_lies_beyond_black_and_white_is_black_or_white():
    found = pixels(picture(np.array([-9.0, 2.0, 3.0, 99.0]), (1, 2, 2), (1.0, 3.0), "x"))
    assert found[::48, ::48].tolist() == [[0, 128], [255, 255]]


def test_where_all_points_are_equal_they_count_from_black():
    found = pixels(picture(np.array([2.0, 2.5, 2.0, 9.0]), (1, 2, 2), (2.0, 2.0), "x"))
    assert found[::48, ::48].tolist() == [[0, 128], [0, 255]]


def test_a_vector_is_a_curve_from_left_to_right_with_large_numbers_on_top():
    html = picture(np.array([0.0, 4.0, 1.0]), (3,), (0.0, 4.0), "x")
    assert re.search('points="(.*?)"', html)[1] == "0.0,60.0 50.0,0.0 100.0,45.0"
    assert 'viewBox="0 0 100 60"' in html


@pytest.mark.parametrize("shape", [(1, 2, 2), (4,)])
def test_words_are_escaped(shape):
    html = picture(np.zeros(4), shape, (0.0, 1.0), 'sample "1" <b>')
    assert "&quot;1&quot; &lt;b&gt;" in html
    assert "<b>" not in html
