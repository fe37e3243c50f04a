"""The figure of a validation: every theory has its line, every panel its points."""

import numpy as np
import xarray as xr

from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate.theories.linear_laws import LAW
from convergen.figures.looks.trained_networks import theory_look
from convergen.figures.plots import validation
from convergen.theory.quantities.table import compared

THEORIES = [LAW, *(row.name for row in SOLVABLE.rows() if row.compared)]


def _found(stderr, theories=THEORIES):
    n = [4, 16, 64]
    found = xr.Dataset(coords={"samples": n, "theory": theories})
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
        heights = np.linspace(0.1, 0.9, len(theories))
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


def test_what_has_no_neighbours_is_a_dot_and_all_else_a_line():
    """A theory says nothing at the n it was calibrated at, and much on both sides of it."""
    found = _found(0.1)
    found["convergence_predicted"][{"theory": -1, "samples": 1}] = np.nan
    found["convergence_predicted"][{"theory": -2, "samples": 0}] = np.nan
    axes = validation.draw(found).axes[0]
    lines = [line for line in axes.get_lines() if line.get_linestyle() != "None"]
    dots = [line.get_markevery() for line in lines[: len(THEORIES)]]
    assert dots == [*([] for _ in THEORIES[:-1]), [0, 2]]


def test_the_legend_of_all_theories_is_no_wider_than_the_figure():
    every = [LAW, *(row.name for row in SOLVABLE.rows())]
    figure = validation.draw(_found(0.1, every))
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0.0
    assert box.x1 <= figure.bbox.width
