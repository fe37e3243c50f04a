"""Points as they are."""

from __future__ import annotations

from pathlib import Path

from convergen.empirical.diagnose.features.table import Encoder, register
from convergen.empirical.diagnose.features.view import Given, View


def encode(given: Given, weights: Path | None = None) -> View:
    """Compare the numbers themselves.

    Parameters
    ----------
    given : Given
        The sets.
    weights : Path, optional
        None: there are none.

    Returns
    -------
    View
    """
    words = "pixels" if len(given.training.shape) == 3 else "values"
    return View(
        given.samples, given.training, given.reference, given.orbit, "pixels", words, theory=True
    )


register(Encoder("pixels", "points as they are", encode))
