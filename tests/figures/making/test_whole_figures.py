"""Figures of the paper from Python: on a new page, on a page of the user's, on a part of one."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

import convergen as cg
from convergen.figures.looks import style
from convergen.figures.making import data_files, registry

NAME = "order-parameters"


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def drawn(axes):
    """What the panels hold."""
    return [
        (
            each.get_title(loc="left"),
            each.get_xlabel(),
            len(each.images),
            [str(line.get_xydata().tolist()) for line in each.lines],
        )
        for each in axes
    ]


@pytest.mark.parametrize(
    "name",
    [
        name if name == "disjoint-training" else pytest.param(name, marks=pytest.mark.slow)
        for name in registry.figures()
    ],
)
def test_a_figure_is_the_same_beside_panels_of_the_user(name):
    module = registry.load(name)
    dataset = data_files.load_record(data_files.shipped(name), name)
    alone = module.draw(dataset)
    before = dict(matplotlib.rcParams)
    figure = Figure(figsize=(12, 6))
    left, right = figure.subfigures(1, 2)
    mine = right.subplots()
    panels = cg.plot.figure(name, axes=left)
    assert dict(matplotlib.rcParams) == before
    assert drawn(panels) == drawn(axes for axes in alone.axes if axes.axison)
    assert mine not in panels
    assert drawn([mine]) == [("", "", 0, [])]


def test_its_legend_stands_below_its_panels_and_within_its_part():
    figure = Figure(figsize=(2.0 * style.PAGE, 2.9))
    left = figure.subfigures(1, 2)[0]
    panels = cg.plot.figure(NAME, axes=left)
    with style.style():
        figure.draw_without_rendering()
    (legend,) = left.legends
    below = legend.get_window_extent()
    boxes = [axes.get_tightbbox() for axes in panels]
    assert not any(below.overlaps(box) for box in boxes)
    assert max(box.x1 for box in boxes) < left.bbox.x1


def test_a_new_figure_is_a_page_of_pyplot():
    panels = cg.plot.figure(NAME)
    assert panels[0].figure.number in plt.get_fignums()  # notebooks show it
    assert tuple(panels[0].figure.get_size_inches()) == (style.PAGE, 2.9)


def test_data_of_the_user_are_drawn_from_memory_or_file(tmp_path):
    data = data_files.load_record(data_files.shipped(NAME), NAME)
    data["convergence_limit"] = 0.5 * data["convergence_limit"]
    data.to_netcdf(tmp_path / "mine.nc", engine="h5netcdf")
    half = data["convergence_limit"].values.tolist()
    for given in (data, str(tmp_path / "mine.nc")):
        panels = cg.plot.figure(NAME, given, axes=Figure())
        assert panels[1].lines[0].get_ydata().tolist() == half


def test_a_layout_of_the_user_is_kept():
    figure = Figure(layout="compressed")
    engine = figure.get_layout_engine()
    cg.plot.figure("disjoint-training", axes=figure)
    assert figure.get_layout_engine() is engine


def test_what_cannot_be_drawn_is_refused():
    data = data_files.load_record(data_files.shipped("blindness"), "blindness")
    for arguments, axes, words in (
        (("order-parameter",), None, "did you mean 'order-parameters'"),
        ((NAME,), Figure().subplots(), "but axes is a Axes: give a matplotlib Figure or Sub"),
        ((NAME, data), None, "dataset holds the data of the figure 'blindness', not of 'order-"),
        ((NAME, data.drop_attrs()), None, "dataset holds no data of a figure"),
        ((NAME, "missing.nc"), None, "no data file missing.nc"),
    ):
        with pytest.raises(cg.InputError, match=words):
            cg.plot.figure(*arguments, axes=axes)
    assert plt.get_fignums() == []


def test_a_figure_without_data_says_how_to_make_them(monkeypatch):
    monkeypatch.setattr("convergen.figures.making.whole_figures.shipped", lambda name: None)
    with pytest.raises(cg.InputError, match=f"convergen figures make {NAME} writes"):
        cg.plot.figure(NAME)
