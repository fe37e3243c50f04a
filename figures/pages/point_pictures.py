"""Single points as small pictures inside a page: images as PNG, vectors as curves."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from numpy.typing import NDArray

# Pixels of the shorter side, so that small images stay sharp on large screens.
_SIDE = 96


def picture(
    point: NDArray[np.float64], shape: tuple[int, ...], ends: tuple[float, float], words: str
) -> str:
    """One point as HTML.

    Parameters
    ----------
    point : ndarray, shape (d,)
        Its numbers.
    shape : tuple of int
        (channels, height, width), or (d,) for a vector.
    ends : tuple of float
        What is black and what is white.
    words : str
        What it shows, for those who cannot see it.

    Returns
    -------
    str
        An ``img`` or ``svg`` element.
    """
    low, high = ends
    scaled = np.clip((point - low) / (high - low if high > low else 1.0), 0.0, 1.0)
    if len(shape) == 3:
        return _image(scaled.reshape(shape), words)
    return _curve(scaled, words)


def _image(values: NDArray[np.float64], words: str) -> str:
    from PIL import Image

    pixels = np.round(255.0 * np.moveaxis(values, 0, 2)).astype(np.uint8)
    grey = pixels.shape[2] < 3
    image = Image.fromarray(pixels[..., 0] if grey else pixels[..., :3])
    factor = max(1, -(-_SIDE // min(image.size)))
    large = image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
    file = io.BytesIO()
    large.save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'


def _curve(values: NDArray[np.float64], words: str) -> str:
    x = np.linspace(0.0, 100.0, len(values))
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, 60.0 * (1.0 - values), strict=True))
    return (
        f'<svg role="img" aria-label="{escape(words)}" viewBox="0 0 100 60">'
        f'<polyline points="{line}"/></svg>'
    )
