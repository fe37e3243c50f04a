"""Small data sets of many sorts, each cut at random into disjoint sets of one law."""

from functools import cache

import numpy as np
from scipy.signal import lfilter
from skimage import data as pictures

from convergen.theory.data.sets.digits import load_digits

_PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket", "retina", "hubble_deep_field")
_DIM = 64


@cache
def _digits():
    images = np.asarray(load_digits(), np.float64).reshape(-1, 1, 8, 8)
    return images / images.max()


@cache
def _faces():
    """Faces and other pictures, 25 × 25 grey."""
    return np.asarray(pictures.lfw_subset(), np.float64)[:, None]


@cache
def _patches(side, step):
    """Disjoint patches of photographs, (N, 3, side, side), after shrinking by `step`."""
    found = []
    for name in _PHOTOGRAPHS:
        image = np.asarray(getattr(pictures, name)(), np.float64)[..., :3] / 255.0
        height, width = (s // step // side * side for s in image.shape[:2])
        blocks = image[: height * step, : width * step].reshape(height, step, width, step, 3)
        small = blocks.mean(axis=(1, 3))
        tiles = small.reshape(height // side, side, width // side, side, 3)
        found.append(tiles.transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side))
    every = np.concatenate(found)
    # Sky and black margins hold no picture that could be recognised.
    return every[every.std(axis=(1, 2, 3)) > 0.05]


def _subset(rows, count, rng):
    return rows[rng.permutation(len(rows))[:count]]


def digits(count, rng):
    return _subset(_digits(), count, rng)


def faces(count, rng):
    return _subset(_faces(), count, rng)


def colour(count, rng):
    return _subset(_patches(8, 2), count, rng)


def larger_colour(count, rng):
    return _subset(_patches(16, 1), count, rng)


def power_law(count, rng):
    return rng.standard_normal((count, _DIM)) / np.sqrt(np.arange(1, _DIM + 1))


def heavy_tails(count, rng):
    """Gaussian directions whose amplitudes have three degrees of freedom."""
    return power_law(count, rng) / np.sqrt(rng.chisquare(3.0, (count, 1)) / 3.0)


def one_hot(count, rng):
    return np.eye(12)[rng.integers(12, size=count)]


def sparse_binary(count, rng):
    return (rng.random((count, 100)) < np.geomspace(0.3, 0.02, 100)).astype(np.float64)


def audio(count, rng):
    """Resonant noise with an envelope: frames of a sound."""
    noise = rng.standard_normal((count, 256))
    tone = lfilter([1.0], [1.0, -1.6, 0.9], noise, axis=1)[:, 128:]
    return 0.05 * tone * np.exp(-np.linspace(0.0, 3.0, 128) * rng.random((count, 1)))


def tabular(count, rng):
    """Columns of several units, some rounded, driven by three hidden ones."""
    hidden = rng.standard_normal((count, 3))
    columns = hidden @ rng_fixed().standard_normal((3, 8)) + 0.5 * rng.standard_normal((count, 8))
    columns[:, 0] = np.round(40.0 + 12.0 * columns[:, 0])
    columns[:, 1] = np.round(np.exp(3.0 + 0.4 * columns[:, 1]), 2)
    return columns


def ring(count, rng):
    """Eight clouds in a plane, on a circle."""
    angle = 0.25 * np.pi * rng.integers(8, size=count)
    centres = 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return centres + 0.1 * rng.standard_normal((count, 2))


def rng_fixed():
    """Constants of the law, the same for every draw."""
    return np.random.default_rng(12345)
