"""Lines over n: what they hold, thresholds and their words, the legend, what is left out."""

import math

import numpy as np
import pytest
from bokeh.models import HoverTool

from convergen.figures.explorer.drawing.dress import INK
from convergen.figures.explorer.drawing.lines import Curves

LINES = {"q": ("#111111", "solid", "overlap q"), "m": ("#222222", "dashed", "overlap m")}
N = [1.0, 10.0, 100.0]


@pytest.fixture
def curves():
    return Curves("name", "Title", "axis", LINES)


def test_the_figure_says_what_it_shows(curves):
    figure = curves.figure
    assert (curves.all.name, figure.title.text) == ("name", "Title")
    assert (figure.xaxis[0].axis_label, figure.yaxis[0].axis_label) == (
        "training samples n",
        "axis",
    )
    assert (figure.y_range.start, figure.y_range.end) == (-0.02, 1.04)
    assert figure.yaxis[0].ticker.ticks == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert "Log" in type(figure.x_scale).__name__
    assert "Linear" in type(figure.y_scale).__name__
    assert curves.cursor in figure.center
    assert curves.cursor.dimension == "height"
    assert curves.cursor.line_color == INK
    for key, (colour, dash, _) in LINES.items():
        glyph = curves.drawn[key].glyph
        assert (glyph.x, glyph.y, glyph.line_color) == ("n", key, colour)
        assert glyph.line_dash == {"solid": [], "dashed": [6]}[dash]
        assert 1.0 < glyph.line_width < 3.0
        area = curves.areas[key].glyph
        assert (area.x, area.y1, area.y2) == ("n", f"{key}_low", f"{key}_high")
        assert 0.0 < area.fill_alpha < 0.5
        assert not curves.areas[key].visible
    (hover,) = [tool for tool in figure.tools if isinstance(tool, HoverTool)]
    assert hover.renderers == [curves.drawn["q"]]
    assert hover.tooltips == [
        ("n", "@n{0,0}"), ("overlap q", "@q{0.000}"), ("overlap m", "@m{0.000}"),
    ]  # fmt: skip


def test_a_logarithmic_figure_has_no_thresholds():
    figure = Curves("x", "Title", "axis", LINES, log=True).figure
    assert "Log" in type(figure.y_scale).__name__
    assert len(figure.renderers) == 2 * len(LINES)


def test_what_is_missing_is_left_out(curves):
    bands = {"q_low": [0.1, 0.2, 0.3], "q_high": [0.3, 0.4, np.inf]}
    curves.fill(N, {"q": np.array([0.2, np.nan, 0.4])}, bands, "A note.")
    assert curves.source.data["n"] == N
    np.testing.assert_array_equal(curves.source.data["q"], [0.2, np.nan, 0.4])
    assert np.isnan(curves.source.data["m"]).all()
    np.testing.assert_array_equal(curves.bands.data["q_high"], [0.3, 0.4, np.nan])
    assert np.isnan(curves.bands.data["m_low"]).all()
    assert [curves.drawn[key].visible for key in LINES] == [True, False]
    assert [curves.areas[key].visible for key in LINES] == [True, False]
    assert "overlap q" in curves.legend.text
    assert "overlap m" not in curves.legend.text
    assert "<span>A note.</span>" in curves.legend.text
    assert curves.figure.x_range.start == pytest.approx(0.9)
    assert curves.figure.x_range.end == pytest.approx(110.0)
    curves.fill(N, {"q": [0.2, 0.3, 0.4], "m": [0.1, 0.1, 0.1]}, {})
    assert [curves.areas[key].visible for key in LINES] == [False, False]
    # What cannot be seen is not sent again.
    np.testing.assert_array_equal(curves.bands.data["q_low"], [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("dash", "pattern"), [("solid", ""), ("dashed", "6 4"), ("dotted", "2 3"), ([6, 2], "6 2")]
)
def test_swatches_are_pieces_of_their_lines(dash, pattern):
    curves = Curves("x", "Title", "axis", {"q": ("#111111", dash, "overlap q")})
    curves.fill(N, {"q": [0.1, 0.2, 0.3]}, {})
    assert f'stroke="#111111" stroke-width="2.5" stroke-dasharray="{pattern}"' in curves.legend.text


def test_thresholds_beyond_the_range_are_left_out(curves):
    curves.fill(N, {}, {})
    marks = [(0.5, "below", "a"), (1.0, "first", "b"), (100.0, "last", "c"), (101.0, "beyond", "d")]
    curves.mark([*marks, (math.nan, "unknown", "e")])
    assert curves.marks.data["words"] == ["first", "last"]
    assert curves.marks.data["n"] == [1.0, 100.0]
    assert curves.marks.data["colour"] == ["b", "c"]
    # In the left half words stand right of their line, in the right half left of it.
    assert curves.marks.data["side"] == ["left", "right"]
    assert curves.marks.data["shift"] == [4, -4]


def test_words_of_thresholds_cross_few_lines(curves):
    """The middle is at the root of both ends: 10; left of it the first stands highest."""
    curves.fill(N, {}, {})
    curves.mark([(n, str(n), "a") for n in (20.0, 2.0, 5.0, 10.0)])
    data = curves.marks.data
    assert data["n"] == [2.0, 5.0, 10.0, 20.0]
    assert data["side"] == ["left", "left", "right", "right"]
    rows = [(height - 1.1) / 0.11 for height in data["height"]]
    np.testing.assert_allclose(rows, [3, 2, 0, 1], atol=1e-9)
    top = curves.figure.y_range.end
    assert max(data["height"]) + 0.04 < top < max(data["height"]) + 0.2
    curves.mark([])
    assert 1.04 < curves.figure.y_range.end < 1.1


def test_equal_thresholds_are_not_sent_again(curves):
    curves.fill(N, {}, {})
    sent = []
    curves.marks.on_change("data", lambda attr, old, new: sent.append(1))
    for _ in range(2):
        curves.mark([(5.0, "x", "a")])
    assert len(sent) == 1
