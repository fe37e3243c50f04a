"""Which lines the figures over n show, and what fills them."""

import numpy as np
import pytest

from convergen.figures.explorer.drawing import plots
from convergen.figures.looks.style import family, look_of
from convergen.theory.messages.text import about
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity

N = [10.0, 100.0, 1000.0]
SHORT = {"memorisation_baseline": "m of fresh data", "convergence_to_truth": "q* to the truth"}


def made(*, exact=True, interval=False, starts=(20.0, 200.0)):
    """Curves of a law of two factors; their numbers are made up."""
    result = Labelled()
    result.mark("samples", "samples", N)
    result.mark("factor", "factor", [1, 2])
    result.mark("level", "level", [0.5, 0.9])
    result.attributes |= {"dimension": 40}
    for place, key in enumerate((*plots.OVERLAPS, *plots.DISTANCES)):
        result.add(key, np.array([0.2, 0.5, 0.8]) + 0.01 * place)
    ends = {"": 0.0, "_low": -0.05, "_high": 0.05}
    if interval:
        for end in ("_low", "_high"):
            result.variables[f"convergence{end}"] = ("samples",), np.array(N) / 2000 + ends[end], {}
    name = "latent_recovery_finite_size" if exact else "latent_recovery"
    factors = np.array([[0.3, 0.1], [0.6, 0.4], [0.9, 0.7]])
    for end in ends if interval else ("",):
        result.variables[f"{name}{end}"] = ("samples", "factor"), factors + ends[end], {}
    result.add("convergence_samples", [60.0, 600.0])
    result.add("recovery_threshold", list(starts))
    result.mark("multiplicity", "factor", [1, 1])
    return result


@pytest.fixture(scope="module")
def figures():
    return plots.overlap_curves(), plots.recovery_curves(), plots.distance_curves()


def test_figures_have_the_lines_of_the_table_of_quantities(figures):
    overlaps, recovery, distances = figures
    assert list(overlaps.lines) == list(plots.OVERLAPS)
    for key, (colour, _, label) in overlaps.lines.items():
        row = quantity(key)
        assert colour == row.colour
        short = {
            "memorisation_baseline": "m of fresh data",
            "convergence_to_truth": "q* to the truth",
        }
        assert label == short.get(key, f"{row.words} {row.symbol}")
    assert [dash for _, dash, _ in overlaps.lines.values()] == [
        "solid",
        "dotted",
        "solid",
        "dashed",
    ]
    looks = family("latent_recovery", 5)
    assert [line[0] for line in recovery.lines.values()] == [look.colour for look in looks]
    assert [line[2] for line in recovery.lines.values()] == [f"factor {k}" for k in range(1, 6)]
    dashes = [line[1] for line in recovery.lines.values()]
    assert dashes[:3] == ["solid", "dashed", "dashdot"]
    assert dashes[3] == [round(2 * part) for part in looks[3].line[1]]
    assert list(distances.lines) == list(plots.DISTANCES)
    assert distances.lines[plots.DISTANCES[0]][0] == look_of(plots.DISTANCES[0]).colour
    assert len({line[0] for line in distances.lines.values()}) == 2
    assert "Log" in type(distances.figure.y_scale).__name__
    titles = [each.figure.title.text for each in figures]
    assert titles == [
        "Memorisation and convergence", "Recovery of latent factors", "Distance from the truth",
    ]  # fmt: skip


@pytest.mark.parametrize("interval", [False, True])
def test_settled_curves_fill_all_three(figures, interval):
    overlaps, recovery, distances = figures
    result = made(interval=interval)
    plots.fill_all(*figures, result, exact=True)
    for key in plots.OVERLAPS:
        np.testing.assert_array_equal(overlaps.source.data[key], result[key])
    found = result["latent_recovery_finite_size"]
    for k in range(2):
        np.testing.assert_array_equal(recovery.source.data[f"Q{k + 1}"], found[:, k])
        if interval:
            for end in ("low", "high"):
                expected = result[f"latent_recovery_finite_size_{end}"][:, k]
                np.testing.assert_array_equal(recovery.bands.data[f"Q{k + 1}_{end}"], expected)
    assert [recovery.areas[f"Q{k}"].visible for k in (1, 2, 3)] == [interval, interval, False]
    assert [recovery.drawn[f"Q{k}"].visible for k in (1, 2, 3)] == [True, True, False]
    assert overlaps.areas["convergence"].visible == interval
    assert not overlaps.areas["memorisation"].visible
    for key in plots.DISTANCES:
        np.testing.assert_array_equal(distances.source.data[key], result[key])
    assert "follows" not in distances.legend.text
    assert "<span></span>" in recovery.legend.text


def test_thresholds_are_marked_with_their_n(figures):
    overlaps, recovery, _ = figures
    plots.fill_all(*figures, made(), exact=True)
    assert overlaps.marks.data["words"] == [
        f"q = 0.5 from n = {about(60.0)}", f"q = 0.9 from n = {about(600.0)}",
    ]  # fmt: skip
    assert overlaps.marks.data["colour"] == [quantity("convergence").colour] * 2
    assert recovery.marks.data["words"] == [
        f"factor 1 from n = {about(20.0)}", f"factor 2 from n = {about(200.0)}",
    ]  # fmt: skip
    assert recovery.marks.data["colour"] == [x.colour for x in family("latent_recovery", 5)[:2]]


def test_while_something_moves_the_limit_is_drawn_and_said(figures):
    _, recovery, distances = figures
    result = made(exact=False)
    moving = Labelled()
    for key in ("samples", "factor", "level", "multiplicity"):
        moving.mark(key, key, result[key])
    moving.attributes |= result.attributes
    for key in ("convergence", "latent_recovery", "convergence_samples", "recovery_threshold"):
        moving.add(key, result[key])
    moving.add(plots.DISTANCES[1], [1.0, 2.0, 3.0])
    plots.fill_all(*figures, moving, exact=False)
    np.testing.assert_array_equal(recovery.source.data["Q2"], result["latent_recovery"][:, 1])
    assert "Limit of large d while moving." in recovery.legend.text
    assert "W₂² follows when the slider rests." in distances.legend.text


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ((np.nan, 200.0), "Too close to each other to say from when: factor 1."),
        ((np.nan, np.nan), "Too close to each other to say from when: factors 1, 2."),
    ],
)
def test_factors_that_cannot_be_told_apart_are_named(figures, starts, said):
    plots.fill_all(*figures, made(starts=starts), exact=True)
    assert said in figures[1].legend.text


def test_what_comes_later_is_said(figures):
    said = plots._recovery_note(made(), [0, 1], {}, exact=False)
    assert said == "Follows when the slider rests."
    said = plots._recovery_note(made(), [], {}, exact=True)
    assert said == "Nothing to recover: all directions are alike."
