"""The figure of a validation: every theory has its line, every panel its points."""

import numpy as np
import xarray as xr

from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate.linear_laws import LAW
from convergen.figures.looks.trained_networks import theory_look
from convergen.figures.plots import validation
from convergen.theory.quantities.table import compared

THEORIES = [LAW, *(row.name for row in SOLVABLE.rows() if row.compared)]


def _found(stderr):
    n = [4, 16, 64]
    found = xr.Dataset(coords={"samples": n, "theory": THEORIES})
    for name in (
        "convergence",
        "memorisation",
        "memorisation_baseline",
        "latent_recovery",
        "fraction_memorised",
    ):
        dims = ("samples", "factor") if name == "latent_recovery" else ("samples",)
        shape = (3, 2)[: len(dims)]
        found[name] = dims, np.full(shape, 0.5)
        found[f"{name}_stderr"] = dims, np.full(shape, stderr)
        heights = np.linspace(0.1, 0.9, len(THEORIES))
        predicted = heights.reshape(-1, *(1,) * len(dims)) * np.ones(shape)
        found[f"{name}_predicted"] = ("theory", *dims), predicted
    return found


def test_theories_are_told_apart_without_colour():
    assert len({theory_look(name)[1] for name in THEORIES}) == len(THEORIES)
    figure = validation.draw(_found(0.1))
    for axes in figure.axes:
        drawn = [line for line in axes.get_lines() if line.get_linestyle() != "None"]
        heights = sorted(float(line.get_ydata()[0]) for line in drawn)
        np.testing.assert_allclose(heights, np.linspace(0.1, 0.9, len(THEORIES)))
        assert len(axes.containers) == 1


def test_error_bars_are_named_where_there_are_any():
    for stderr, expected in (
        (0.1, "trained models ± 2 s.e. over seeds"),
        (np.nan, "trained models"),
    ):
        figure = validation.draw(_found(stderr))
        (legend,) = figure.legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert expected in labels
        assert len(labels) == len(THEORIES) + 1


def test_fresh_data_are_named_where_they_are_drawn():
    """They belong to memorisation alone."""
    figure = validation.draw(_found(0.1))
    (named,) = [axes for axes in figure.axes if axes.get_legend() is not None]
    assert named.get_ylabel().startswith("memorisation")
    assert [text.get_text() for text in named.get_legend().get_texts()] == ["on fresh data"]
    for row in (row for row in compared() if row.leads):
        (legend,) = validation.draw_one(_found(0.1), row).legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert ("on fresh data" in labels) == (row.key == "memorisation")
