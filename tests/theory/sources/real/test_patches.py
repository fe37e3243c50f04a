import importlib.machinery
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.sources.real import patches as module
from convergen.theory.sources.real.patches import photographs
from convergen.theory.sources.table import find, load_source
from tests.options import ranges


def test_photographs_are_those_of_scikit_learn():
    found = photographs()
    assert found.shape == (2, 427, 640)
    images = Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "images"
    for grey, name in zip(found, ("china.jpg", "flower.jpg"), strict=True):
        luma = np.asarray(Image.open(images / name)) @ np.array([0.299, 0.587, 0.114]) / 255.0
        assert np.abs(grey - luma).max() < 1.0 / 255.0


def raw_patches(size, stride):
    """Patches by plain loops over blocks, with the pixels that each covers."""
    rows, pixels = [], []
    block = 4 * size
    for number, photograph in enumerate(photographs()):
        for top in range(0, 427 - block + 1, block):
            for i in range(0, block - size + 1, stride):
                for left in range(0, 640 - block + 1, block):
                    for j in range(0, block - size + 1, stride):
                        y, x = top + i, left + j
                        rows.append(photograph[y : y + size, x : x + size])
                        pixels.append((number, y, x))
    return np.array(rows), pixels


@pytest.mark.parametrize("contrast", [False, True])
def test_patches_against_plain_loops(contrast):
    data = load_source("patches", size=16, contrast=contrast).points
    rows, places = raw_patches(16, 8)
    rows = rows - rows.mean(axis=(1, 2), keepdims=True)
    if contrast:
        rows /= np.sqrt(rows.var(axis=(1, 2), keepdims=True) + 10.0 / 255.0**2)
    assert data.shape == (1, 16, 16)
    np.testing.assert_allclose(data.flat().reshape(-1, 16, 16), rows, atol=1e-12)
    assert len(places) == 5880


@pytest.mark.parametrize(("size", "stride"), [(8, None), (16, 7), (32, 9)])
def test_groups_share_no_pixel(size, stride):
    data = load_source("patches", size=size, stride=stride).points
    _, places = raw_patches(size, stride or size // 2)
    owner = np.full((2, 427, 640), -1)
    for group, (number, y, x) in zip(data.groups, places, strict=True):
        covered = owner[number, y : y + size, x : x + size]
        assert np.all((covered == -1) | (covered == group))
        covered[:] = group
    # A block of each photograph is one group, and no group is empty.
    blocks = 2 * (427 // (4 * size)) * (640 // (4 * size))
    np.testing.assert_array_equal(np.unique(data.groups), np.arange(blocks))


def test_numbers_of_the_default():
    source = load_source("patches")
    assert len(source.points) == 25480
    assert len(np.unique(source.points.groups)) == 520
    assert source.spectrum.rank == 63


def test_count_takes_random_places():
    whole = load_source("patches").points
    few = load_source("patches", count=500, seed=1).points
    other = load_source("patches", count=500, seed=2).points
    assert len(few) == 500
    assert np.abs(few.rows - other.rows).max() > 0.01
    assert len(np.unique(few.groups)) > 250
    group = {row.tobytes(): g for row, g in zip(whole.rows, whole.groups, strict=True)}
    assert [group[row.tobytes()] for row in few.rows] == few.groups.tolist()
    # Unless another seed is given it is 0.
    first, default = load_source("patches", count=3, seed=0), load_source("patches", count=3)
    np.testing.assert_array_equal(default.points.rows, first.points.rows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 1}, "at least 2"),
        ({"size": 107}, "at most 106"),
        ({"stride": 0}, "stride must be"),
        ({"count": 0}, "count must be"),
        ({"count": 30000}, "the grid has 25480"),
        ({"seed": -1, "count": 3}, "seed must be"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(InputError, match=words):
        load_source("patches", **options).points  # noqa: B018


def test_photographs_of_scikit_image():
    skimage = pytest.importorskip("skimage.data")
    data = load_source("patches", pictures="scikit-image", size=32, stride=32).points
    assert data.name == "patches 32x32 of scikit-image"
    # Blocks of 128 pixels, 16 patches each: as many as fit whole in each photograph.
    blocks = [4 * 4, 4 * 4, 4 * 4, 2 * 3, 3 * 4, 4 * 4, 4 * 4, 3 * 5, 3 * 5]
    assert len(data) == 16 * sum(blocks)
    np.testing.assert_array_equal(np.unique(data.groups), np.arange(sum(blocks)))
    camera = skimage.camera()[:32, 32:64] / 255.0
    first = 16 * (blocks[0] + blocks[1])
    np.testing.assert_allclose(data.rows[first + 1].reshape(32, 32), camera - camera.mean())


def test_what_is_taken_and_usual():
    row = find("patches")
    assert ranges(row.options) == {
        "size": (8, 2, None, 106), "pictures": ("scikit-learn", None, None, None),
        "contrast": (False, None, None, None), "stride": (None, 1, None, None),
        "count": (None, 1, None, None), "seed": (0, 0, None, 2**63 - 1),
    }  # fmt: skip
    assert not any(option.drawing or option.required for option in row.options)
    names = [
        load_source("patches", **options).name
        for options in ({}, {"contrast": True, "size": 9}, {"pictures": "scikit-image"})
    ]
    assert names == [
        "patches 8x8", "patches 9x9, contrast normalised", "patches 8x8 of scikit-image",
    ]  # fmt: skip


def test_blocks_that_do_not_fit_are_left_out():
    picture = np.arange(9.0 * 21.0).reshape(9, 21)
    # Blocks of 8 pixels, two beside each other; patches of 2 at steps of 3 within each.
    rows, groups = module._cut(picture, 2, 3)
    places = [(y, x) for y in (0, 3, 6) for x in (0, 3, 6, 8, 11, 14)]
    expected = [picture[y : y + 2, x : x + 2].ravel() for y, x in places]
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(groups, [x // 8 for _, x in places])
    rows, groups = module._cut(np.arange(16.0 * 8.0).reshape(16, 8), 2, 6)
    np.testing.assert_array_equal(groups, [0, 0, 0, 0, 1, 1, 1, 1])
    assert rows[-1].tolist() == [118.0, 119.0, 126.0, 127.0]


def test_all_that_there_are_may_be_asked_for():
    np.testing.assert_array_equal(module._choose(5, 5, 0), np.arange(5))
    chosen = module._choose(50, 3, 7)
    np.testing.assert_array_equal(chosen, np.sort(np.random.default_rng(7).permutation(50)[:3]))
    with pytest.raises(InputError, match=r"^6 patches were asked for, but the grid has 5: lower c"):
        module._choose(5, 6, 0)


@pytest.mark.parametrize("spec", [None, importlib.machinery.ModuleSpec("sklearn", None)])
def test_photographs_need_scikit_learn(monkeypatch, spec):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(InputError, match=r"come with scikit-learn, which is missing"):
        photographs()
