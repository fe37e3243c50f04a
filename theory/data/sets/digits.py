"""The handwritten digits that scikit-learn ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from convergen.theory.common.checks import FloatArray


def load_digits() -> FloatArray:
    """Load scikit-learn's handwritten digits, without their labels.

    Returns
    -------
    ndarray of float64, shape (1797, 64)
        8 × 8 grey images, one a row, with values 0 to 16.
    """
    # Importing scikit-learn takes over a second; its data file takes milliseconds.
    spec = importlib.util.find_spec("sklearn")
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            return np.loadtxt(file, delimiter=",", usecols=range(64))
    from sklearn import datasets

    return np.asarray(datasets.load_digits().data, dtype=np.float64)
