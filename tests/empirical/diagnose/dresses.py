"""What may stand between a generated image and the training image that it repeats.

Each takes points (N, channels, height, width) or (N, d), a generator and the training set.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.fft import dct


def plain(x, rng, training):
    return x


def faint_noise(x, rng, training):
    return x + 0.02 * training.std() * rng.standard_normal(x.shape)


def noise(x, rng, training):
    """5 % of the range."""
    return x + 0.05 * np.ptp(training) * rng.standard_normal(x.shape)


def symmetric_units(x, rng, training):
    return 2.0 * x - 1.0


def bytes_(x, rng, training):
    return np.clip(np.round(255.0 * x), 0, 255).astype(np.uint8)


def standardised(x, rng, training):
    return (x - training.mean()) / training.std()


def standardised_by_channel(x, rng, training):
    axes = (0, 2, 3)
    mean, scale = (f(axis=axes, keepdims=True) for f in (training.mean, training.std))
    return (x - mean) / scale


def of_imagenet(x, rng, training):
    """Standardised with the mean and scale of other data."""
    mean, scale = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    return (x - np.reshape(mean, (3, 1, 1))) / np.reshape(scale, (3, 1, 1))


def signed_bytes(x, rng, training):
    return (bytes_(x, rng, training).astype(np.int64) - 128).astype(np.int8)


def blue_first(x, rng, training):
    return x[:, ::-1]


def all_of(*dresses):
    """One after the other."""

    def dress(x, rng, training):
        for each in dresses:
            x = each(x, rng, training)
        return x

    return dress


def unknown_units(x, rng, training):
    """A scale that nobody can guess."""
    return 37.3 * x + 911.0


def mirrored(x, rng, training):
    return x[..., ::-1]


def shifted(pixels):
    def dress(x, rng, training):
        return np.stack([
            np.roll(image, rng.choice([-pixels, pixels], 2), axis=(1, 2)) for image in x
        ])  # fmt: skip

    return dress


def zoomed(x, rng, training):
    """5 % larger, cut at the edges."""
    side = x.shape[-1]
    cut = 0.5 * side * (1.0 - 1.0 / 1.05)
    grid = np.linspace(cut, side - 1 - cut, side)
    places = np.meshgrid(grid, grid, indexing="ij")
    return np.stack([
        [ndimage.map_coordinates(c, places, order=1) for c in image] for image in x
    ])  # fmt: skip


def brighter(x, rng, training):
    return np.clip(x + 0.2, 0.0, 1.0)


def darker(x, rng, training):
    return 0.8 * x


def inverted(x, rng, training):
    return 1.0 - x


def jpeg(quality):
    def dress(x, rng, training):
        return np.stack([_jpeg(image, quality) for image in x])

    return dress


def _jpeg(image, quality):
    pixels = np.moveaxis(np.clip(np.round(255.0 * image), 0, 255).astype(np.uint8), 0, 2)
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality)
    found = np.asarray(Image.open(file), np.float64).reshape(pixels.shape) / 255.0
    return np.moveaxis(found, 2, 0)


def blurred(x, rng, training):
    return ndimage.gaussian_filter(x, (0, 0, 0.7, 0.7))


def channels_last(x, rng, training):
    return np.moveaxis(x, 1, 3)


def flat(x, rng, training):
    return x.reshape(len(x), -1)


def flat_channels_last(x, rng, training):
    return np.moveaxis(x, 1, 3).reshape(len(x), -1)


def transparent(x, rng, training):
    """A fourth channel that hides nothing."""
    return np.concatenate([x, np.ones_like(x[:, :1])], axis=1)


def grey(x, rng, training):
    return np.tensordot(np.array([0.299, 0.587, 0.114]), x, (0, 1))[:, None]


def sheets(x, rng, training):
    """Contact sheets of 2 × 3 images."""
    count, channels, height, width = x[: len(x) // 6 * 6].shape
    tiles = x[:count].reshape(count // 6, 2, 3, channels, height, width)
    return tiles.transpose(0, 3, 1, 4, 2, 5).reshape(-1, channels, 2 * height, 3 * width)


def squashed(x, rng, training):
    """Two thirds of the height."""
    third = x.shape[2] // 3
    rows = x[:, :, : 3 * third].reshape(*x.shape[:2], third, 3, x.shape[3])
    pairs = [rows[:, :, :, 0] + 0.5 * rows[:, :, :, 1], 0.5 * rows[:, :, :, 1] + rows[:, :, :, 2]]
    return np.stack(pairs, axis=3).reshape(*x.shape[:2], 2 * third, x.shape[3]) / 1.5


def turned(x, rng, training):
    return np.rot90(x, axes=(2, 3))


def low_rank(x, rng, training):
    """The lower half of the frequencies in each direction."""
    side = x.shape[-1]
    axes = dct(np.eye(side), norm="ortho")[:, : side // 2]
    kept = axes @ axes.T
    return kept @ x @ kept


def collapsed(x, rng, training):
    """Three points again and again, hardly varied."""
    return faint_noise(x[rng.integers(3, size=len(x))], rng, training)


def less_varied(x, rng, training):
    """Half way to the mean."""
    return 0.5 * (x + training.mean(axis=0))
