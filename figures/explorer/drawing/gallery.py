"""Pictures of two models beside their nearest training images, as HTML."""

from __future__ import annotations

import base64
import io

import numpy as np

from convergen.figures.explorer.answers.curves import at
from convergen.figures.explorer.answers.pictures import Pair, Studio
from convergen.theory.common.checks import FloatArray
from convergen.theory.quantities.labelled import Labelled

_GAP = 1


def gallery(studio: Studio, pair: Pair, result: Labelled, n: float) -> str:
    """Four rows: what each model makes of the same noise, and the training image it is nearest to.

    Parameters
    ----------
    studio : Studio
        The images.
    pair : Pair
        What was made.
    result : Labelled
        Curves, for what theory says.
    n : float
        Number of samples that was asked for.

    Returns
    -------
    str
    """
    rows = (
        ("model A", pair.made[0]),
        ("nearest training image of A", pair.nearest[0]),
        ("model B", pair.made[1]),
        ("nearest training image of B", pair.nearest[1]),
    )
    images = "".join(
        f'<figure><figcaption>{words}</figcaption><img alt="{words}" src="{strip(studio, row)}">'
        "</figure>"
        for words, row in rows
    )
    said = ", ".join(
        f"{symbol} = {value:.2f}" + (f" (theory {float(at(result, key, n)):.2f})" if key in result
                                     and pair.samples == n else "")
        for symbol, value, key in (
            ("m", pair.memorisation, "memorisation"), ("q", pair.convergence, "convergence")
        )
    )  # fmt: skip
    limit = ""
    if pair.samples < n:
        why = "as many as are used here" if studio.limited else "half of the data"
        limit = f" The pictures stay at n = {pair.samples}, {why}."
    return (
        '<section class="studio"><h2>Two linear models, the same noise</h2>'
        f"<p>A and B are trained on {pair.samples} different images each. Memorised: a model "
        "equals its nearest training image, or its negative. Converged: A equals B. "
        f"These {studio.noise.shape[0]} columns: {said}.{limit}</p>"
        f'<div class="strips">{images}</div></section>'
    )


def strip(studio: Studio, points: FloatArray) -> str:
    """Images side by side as one PNG in a data URL.

    Parameters
    ----------
    studio : Studio
        Shape and range of values.
    points : ndarray, shape (count, d)
        The images.

    Returns
    -------
    str
    """
    from PIL import Image

    low, high = studio.ends
    scaled = np.clip((points - low) / (high - low if high > low else 1.0), 0.0, 1.0)
    images = np.moveaxis(scaled.reshape(len(points), *studio.shape), 1, 3)
    images = images[..., :3] if images.shape[3] >= 3 else images[..., :1].repeat(3, axis=3)
    padded = np.pad(images, ((0, 0), (0, 0), (0, _GAP), (0, 0)), constant_values=1.0)
    wide = np.concatenate(list(padded), axis=1)[:, :-_GAP]
    file = io.BytesIO()
    Image.fromarray(np.round(255.0 * wide).astype(np.uint8)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
