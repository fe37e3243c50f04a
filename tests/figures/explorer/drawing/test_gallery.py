"""Pictures of two models beside their training images."""

import base64
import io

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


def test_colour_stays_colour():
    studio = Studio.of(images(8, (3, 2, 2)), np.random.default_rng(0))
    red = np.zeros((1, 3, 2, 2)) + studio.ends[0]
    red[:, 0] = studio.ends[1]
    data = strip(studio, red.reshape(1, 12)).split(",")[1]
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
