"""Crops of scikit-learn's two photographs."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convergen.theory.data.reading import load_array


@cache
def photographs():
    """Both, channels last, (2, 427, 640, 3)."""
    folder = Path(find_spec("sklearn").origin).parent / "datasets" / "images"
    return load_array(folder).reshape(2, 427, 640, 3)


def crops(count, side, rng):
    """Squares from random places, by turns of the one and the other, (count, side, side, 3)."""
    found = np.empty((count, side, side, 3), np.float32)
    for number in range(count):
        y, x = rng.integers(0, 427 - side), rng.integers(0, 640 - side)
        found[number] = photographs()[number % 2, y : y + side, x : x + side]
    return found
