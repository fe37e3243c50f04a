"""Pictures of two models beside their training images."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from convergen.figures.explorer.answers.pictures import Studio
from convergen.figures.explorer.drawing.gallery import gallery, strip
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.sources.points import Points


def images(count=40, shape=(1, 3, 4), seed=0):
    rows = np.random.default_rng(seed).normal(2.0, 1.0, (count, *shape))
    return Points("mine", rows, shape)


@pytest.fixture
def studio():
    return Studio.of(images(), np.random.default_rng(1))


def test_a_strip_is_the_images_side_by_side(studio):
    points = np.stack([np.full(12, studio.ends[0]), np.full(12, studio.ends[1])])
    head, data = strip(studio, points).split(",")
    assert head == "data:image/png;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels.shape == (3, 9, 3)
    assert np.all(pixels[:, :4] == 0)
    assert np.all(pixels[:, 4:] == 255)


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_stays_colour(channels):
    studio = Studio.of(images(8, (channels, 2, 2)), np.random.default_rng(0))
    red = np.zeros((1, channels, 2, 2)) + studio.ends[0]
    red[:, [0, -1]] = studio.ends[1]
    red[:, 2:3] = studio.ends[0]
    data = strip(studio, red.reshape(1, -1)).split(",")[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert np.all(pixels == [255, 0, 0])


def test_words_hold_measurement_beside_theory(studio):
    result = Labelled()
    result.mark("samples", "samples", [7.0, 100.0])
    result.add("convergence", [0.25, 0.5])
    pair = studio.pair(7)
    text = gallery(studio, pair, result, 7.0)
    assert f"m = {pair.memorisation:.2f}, q = {pair.convergence:.2f} (theory 0.25)" in text
    assert text.count("<img") == 4
    beyond = gallery(studio, studio.pair(100), result, 100.0)
    assert "theory" not in beyond
    assert "The pictures stay at n = 20, half of the data." in beyond


def test_two_channels_are_grey_and_equal_pixels_count_from_black(studio):
    flat = replace(studio, ends=(2.0, 2.0), shape=(2, 1, 1))
    data = strip(flat, np.array([[2.5, 9.0]])).split(",")[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels.tolist() == [[[128, 128, 128]]]


def test_images_stand_apart_by_a_white_line(studio):
    points = np.full((3, 12), studio.ends[0])
    data = strip(studio, points).split(",")[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels.shape == (3, 14, 3)
    assert [x for x in range(14) if np.all(pixels[:, x] == 255)] == [4, 9]


def test_rows_are_named_and_theory_stands_beside_what_it_predicts(studio):
    result = Labelled()
    result.mark("samples", "samples", [7.0, 100.0])
    result.add("memorisation", [0.75, 0.5])
    pair = studio.pair(7)
    text = gallery(studio, pair, result, 7.0)
    assert re.findall('alt="(.*?)"', text) == [
        "model A", "nearest training image of A", "model B", "nearest training image of B",
    ]  # fmt: skip
    assert re.findall('src="(.*?)"', text) == [
        strip(studio, row) for row in (pair.made[0], pair.nearest[0], pair.made[1], pair.nearest[1])
    ]
    assert f"m = {pair.memorisation:.2f} (theory 0.75), q = {pair.convergence:.2f}." in text
    assert "trained on 7 different images" in text
    assert "These 6 columns" in text
    assert "stay at n" not in text
    limited = replace(studio, limited=True)
    text = gallery(limited, limited.pair(100), result, 100.0)
    assert "The pictures stay at n = 20, as many as are used here." in text
