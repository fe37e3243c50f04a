import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of 6 x 5 pixels."""
    rng = np.random.default_rng(0)
    (tmp_path / "faces").mkdir()
    for number in range(12):
        pixels = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "faces" / f"{number:02d}.png")
    return tmp_path / "faces"
