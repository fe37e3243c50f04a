"""The figure of the spectrum: steps by rank, spikes that can be dragged, and its ranges."""

import numpy as np
import pytest
from bokeh.models import PointDrawTool

from convergen.figures.explorer.drawing.spectrum import SpectrumFigure, corners


def test_steps_have_both_of_their_ends():
    rank, value = corners(np.array([9.0, 4.0, 1.0]), np.array([1, 2, 7]))
    assert rank.tolist() == [1, 1, 2, 3, 4, 10]
    assert value.tolist() == [9.0, 9.0, 4.0, 4.0, 1.0, 1.0]


def test_nothing_is_drawn_of_vanishing_eigenvalues():
    rank, value = corners(np.array([9.0, 0.0]), np.array([1, 5]))
    assert rank.tolist() == [1, 1]
    assert value.tolist() == [9.0, 9.0]


def test_of_many_eigenvalues_some_are_drawn_and_both_ends():
    size = 5000
    rank, value = corners(1.0 / np.arange(1, size + 1), np.ones(size, int))
    assert rank[0] == 1
    assert rank[-1] == size
    assert 2 * 100 < len(rank) <= 2 * 160
    np.testing.assert_allclose(value, 1.0 / rank)
    assert np.all(np.diff(rank[::2]) > 0)


@pytest.fixture
def figure():
    return SpectrumFigure()


RANK, VALUE = np.array([3.0, 3.0, 4.0, 40.0]), np.array([2.0, 2.0, 1.0, 1.0])


def test_spikes_are_points_that_can_be_dragged(figure):
    figure.show(RANK, VALUE, [9.0, 4.0])
    assert figure.bulk.data == {"rank": RANK.tolist(), "value": VALUE.tolist()}
    assert figure.spikes.data == {"rank": [1.0, 2.0], "value": [9.0, 4.0]}
    (tool,) = [each for each in figure.figure.tools if isinstance(each, PointDrawTool)]
    assert not tool.add  # spikes are added by their button
    assert tool.renderers[0].data_source is figure.spikes
    assert figure.figure.toolbar.active_tap is tool
    assert tool.renderers[0].glyph.size > 10  # a finger finds them


def test_there_is_room_for_larger_spikes(figure):
    figure.show(RANK, VALUE, [9.0, 4.0])
    assert (figure.figure.y_range.start, figure.figure.y_range.end) == (0.5, 36.0)
    assert (figure.figure.x_range.start, figure.figure.x_range.end) == (0.8, 50.0)
    figure.show(RANK, VALUE, [])
    assert figure.figure.y_range.end == pytest.approx(3.2)


def test_tiny_eigenvalues_do_not_stretch_the_axis(figure):
    figure.show(RANK, np.array([1.0, 1.0, 1e-30, 0.0]), [])
    assert figure.figure.y_range.start == pytest.approx(0.5e-12, abs=0.0)


def test_short_spectra_have_room_beside_them(figure):
    figure.show(np.array([1.0]), np.array([1.0]), [])
    assert figure.figure.x_range.end == 2.5
    before = figure.figure.x_range.end
    figure.show(np.array([]), np.array([]), [3.0])
    assert figure.figure.x_range.end == before


def test_while_one_is_dragged_points_and_their_axis_stay(figure):
    figure.show(RANK, VALUE, [9.0, 4.0])
    figure.show(RANK[1:], VALUE[1:], [900.0, 4.0], points=False)
    assert figure.spikes.data["value"] == [9.0, 4.0]
    assert figure.figure.y_range.end == 36.0
    assert figure.bulk.data["rank"] == RANK[1:].tolist()


def test_an_equal_line_is_not_sent_again(figure):
    sent = []
    figure.bulk.on_change("data", lambda attr, old, new: sent.append(1))
    for _ in range(2):
        figure.show(RANK, VALUE, [])
    assert len(sent) == 1
