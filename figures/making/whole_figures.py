"""The figures of the paper from Python: on a page of their own, or as a part of another figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.figures.looks.style import PAGE
from convergen.figures.making import registry
from convergen.figures.making.data_files import check_figure, load_record, shipped
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import os

    import xarray as xr


def figure(
    name: str, data: xr.Dataset | str | os.PathLike[str] | None = None, *, axes: Any = None
) -> NDArray[Any]:
    """Draw a figure of the paper, with all of its panels.

    Parameters
    ----------
    name : str
        As ``convergen figures list`` calls it.
    data : xarray.Dataset, str or path-like, optional
        From ``convergen figures make``, or its netCDF file; default the data that come with the
        package.
    axes : Figure or SubFigure, optional
        What to fill, beside panels of yours if it is a SubFigure; default a new figure.

    Returns
    -------
    ndarray of Axes, shape (panels,)
        In the order in which they were drawn.

    Raises
    ------
    InputError
        If there is no such figure, the data are not those of this figure, or `axes` is neither a
        Figure nor a SubFigure.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import convergen as cg
    >>> left, right = plt.figure(figsize=(12, 3)).subfigures(1, 2, width_ratios=(3, 1))
    >>> panels = cg.plot.figure("order-parameters", axes=left)
    >>> [axes.get_title(loc="left") for axes in panels]
    ['(a) Memorisation', '(b) Convergence', '(c) Latent recovery']
    >>> _ = right.subplots().set_title("mine")
    """
    from matplotlib.figure import FigureBase

    module = registry.load(name)
    dataset = _data(name, data)
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.figure(figsize=(PAGE, module.draw.height(dataset)))  # type: ignore[attr-defined]
    elif not isinstance(axes, FigureBase):
        raise InputError(
            f"the figure {name!r} has several panels and a legend, but axes is a "
            f"{type(axes).__name__}: give a matplotlib Figure or SubFigure, or nothing for a new "
            "figure."
        )
    before = set(axes.figure.axes)
    module.draw(dataset, axes)
    return np.array([each for each in axes.figure.axes if each not in before and each.axison])


def _data(name: str, given: Any) -> xr.Dataset:
    if given is None:
        path = shipped(name)
        if path is None:
            raise InputError(
                f"no data of the figure {name!r} come with the package: give those that convergen "
                f"figures make {name} writes."
            )
        return load_record(path, name)
    if hasattr(given, "attrs"):
        check_figure(given, name, "the dataset")
        return given
    return load_record(Path(given), name)
