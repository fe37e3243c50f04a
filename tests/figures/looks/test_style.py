"""The style of all figures."""

import threading

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from convergen.figures.looks import style
from convergen.theory.quantities.rows import BLACK, BLUE
from convergen.theory.quantities.table import quantities, quantity
from tests.figures.drawn import bars_of


def test_drawing_in_threads_leaves_the_settings_of_the_user():
    """Each puts back what it found, which must not be what the other one had set."""
    before = dict(matplotlib.rcParams)
    inside, left = threading.Event(), threading.Event()

    def first():
        with style.style():
            inside.set()
            left.wait(0.3)  # the other one would enter now

    def second():
        inside.wait(5.0)
        with style.style():
            left.set()
            one.join(5.0)

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    for thread in (one, two):
        thread.start()
    for thread in (one, two):
        thread.join(5.0)
    assert dict(matplotlib.rcParams) == before


def test_members_of_a_family_differ_without_colour():
    looks = style.family("convergence", 5)
    assert len({look.line for look in looks}) == 5
    assert len({look.marker for look in looks}) == 5
    assert style.family("convergence", 1)[0].colour.lower() == BLUE.lower()


def test_shades_of_a_family_go_from_near_black_to_no_lighter_than_can_be_read():
    base = np.array(to_rgb(style.look_of("convergence").colour))
    shades = np.array([to_rgb(look.colour) for look in style.family("convergence", 3)])
    np.testing.assert_allclose(shades[0], 0.45 * base, atol=1 / 255)
    np.testing.assert_allclose(shades[-1], base + 0.4 * (1.0 - base), atol=1 / 255)
    # Darker shades scale the hue, lighter ones mix it with white: halfway is −0.075.
    np.testing.assert_allclose(shades[1], 0.925 * base, atol=1 / 255)
    bright = shades.sum(axis=1)
    assert np.all(np.diff(bright) > 0.1)


@pytest.mark.parametrize("key", [row.key for row in quantities() if row.colour])
def test_members_of_a_family_differ_in_shade_whatever_its_hue(key):
    """Black, too, which has no darker shade."""
    shades = [sum(to_rgb(look.colour)) for look in style.family(key, 5)]
    assert np.all(np.diff(shades) > 0.1)
    assert shades[-1] < 2.4  # no lighter than can be read on paper


def test_a_family_beside_a_solid_line_begins_with_another():
    first, second = style.family("memorisation", 2, start=1)
    whole = style.family("memorisation", 2)
    assert (first.line, first.marker) == (whole[1].line, whole[1].marker)
    assert (first.line, first.marker) != (second.line, second.marker)
    assert first.colour == whole[0].colour
    assert first.label == ""


def test_looks_come_from_the_table_of_quantities():
    for row in quantities():
        look = style.look_of(row.key)
        assert look.colour == (row.colour or BLACK)
        assert (look.line, look.marker) == (row.line, row.marker)
        assert look.label == row.label or not row.label
    plain = quantity("convergence")
    assert style.look_of("convergence").label == f"{plain.words} ${plain.latex}$"
    wordy = next(row for row in quantities() if not row.latex and not row.label)
    assert style.look_of(wordy.key).label == wordy.words


@pytest.fixture
def axes():
    return Figure().subplots()


LOOK = style.Look("#123456", "--", "s", "its name")


def test_predictions_are_lines(axes):
    style.predicted(axes, [1, 2], [0.3, 0.4], LOOK)
    style.predicted(axes, [1, 2], [0.5, 0.6], LOOK, label="other", linestyle=":")
    first, second = axes.lines
    assert first.get_xydata().tolist() == [[1.0, 0.3], [2.0, 0.4]]
    assert (first.get_color(), first.get_linestyle()) == ("#123456", "--")
    assert first.get_marker() == "None"
    assert first.get_label() == "its name"
    assert (second.get_label(), second.get_linestyle()) == ("other", ":")


def test_measurements_are_points_with_bars_of_two_standard_errors(axes):
    style.measured(axes, [1, 2], [0.3, 0.4], [0.1, np.nan], LOOK, label="measured")
    x, y, low, high = bars_of(axes, "measured")
    np.testing.assert_allclose([x, y], [[1, 2], [0.3, 0.4]])
    np.testing.assert_allclose(low, [0.1, 0.4])  # no error is known: no bar
    np.testing.assert_allclose(high, [0.5, 0.4])
    points = axes.containers[0].lines[0]
    assert points.get_linestyle() == "None"
    assert (points.get_color(), points.get_marker()) == ("#123456", "s")
    assert points.get_markerfacecolor() == "white"
    assert points.get_zorder() > 2  # above lines
    style.measured(axes, [1], [0.3], [0.1], LOOK, zorder=7)
    assert int(axes.containers[1].lines[0].get_zorder()) == 7
    assert axes.get_legend_handles_labels()[1] == ["measured"]  # unless it is named


def test_panels_have_letters(axes):
    style.panel(axes, "b", "Convergence")
    assert axes.get_title(loc="left") == "(b) Convergence"
    assert axes.get_title() == ""


@pytest.mark.parametrize(("high", "plain"), [(99.0, True), (100.0, False), (1e4, False)])
def test_short_log_axes_have_plain_numbers(axes, high, plain):
    axes.set_xscale("log")
    axes.set_xlim(1.0, high)
    style.plain_ticks(axes.xaxis)
    assert isinstance(axes.xaxis.get_major_formatter(), ScalarFormatter) == plain
    assert isinstance(axes.xaxis.get_minor_formatter(), NullFormatter)
    if plain:
        ticks = list(axes.xaxis.get_major_locator().tick_values(1.0, high))
        assert {1.0, 2.0, 5.0, 10.0, 20.0, 50.0} <= {*np.round(ticks, 6)}
        assert not {3.0, 4.0, 6.0} & {*np.round(ticks, 6)}


def test_a_layout_is_made_where_there_is_none():
    figure = Figure()
    part = figure.subfigures(1, 2)[0]
    assert style.laid_out(part) is part
    assert type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"
    other = Figure(layout="tight")
    engine = other.get_layout_engine()
    style.laid_out(other)
    assert other.get_layout_engine() is engine


def test_a_whole_figure_is_a_page_as_high_as_its_data_ask_for():
    data = xr.Dataset({"x": ("place", [1.0, 2.0, 3.0])})

    @style.whole_figure(lambda found: 1.0 + found.sizes["place"])
    def draw(found, figure):
        figure.subplots().plot(found["x"])

    @style.whole_figure(2.5)
    def flat(found, figure):
        """What it shows."""

    figure = draw(data)
    assert tuple(figure.get_size_inches()) == (style.PAGE, 4.0)
    assert draw.height(data) == 4.0
    assert flat.height(data) == 2.5
    assert tuple(flat(data).get_size_inches()) == (style.PAGE, 2.5)
    assert flat.__doc__ == "What it shows."
    given = Figure(figsize=(3.0, 3.0))
    assert draw(data, given) is given
    assert tuple(given.get_size_inches()) == (3.0, 3.0)
    assert given.axes[0].lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0]


def test_the_style_is_ours_inside_and_that_of_the_user_outside():
    with matplotlib.rc_context({"font.size": 17.0, "axes.labelcolor": "red"}):
        with style.style():
            assert matplotlib.rcParams["font.size"] == 8.0
            assert matplotlib.rcParams["axes.labelcolor"] == "black"  # nothing of the user's
        assert matplotlib.rcParams["font.size"] == 17.0
    assert tuple(style.new_figure().get_size_inches()) == (style.PAGE, 2.9)


@pytest.mark.parametrize("ending", ["svg", "PDF"])
def test_files_hold_no_date_and_say_whether_they_replace_another(tmp_path, ending):
    figure = style.new_figure(0.5, 0.5)
    path = tmp_path / f"a.{ending}"
    first, second = style.save(figure, path), style.save(figure, path)
    assert (first.path, first.replaced, second.replaced) == (path, False, True)
    content = path.read_bytes()
    assert b"Date" not in content
    assert b"dc:date" not in content
