"""What draft quality draws: every shipped data file, on a page of the right width."""

import matplotlib
import pytest

from convergen.figures.looks import style
from convergen.figures.making import data_files as record
from convergen.figures.making import registry
from convergen.figures.making.make import Job, make

SHIPPED = [name for name in registry.figures() if record.shipped(name)]
AT_ONCE = ("pilot", "summary")


@pytest.mark.parametrize(
    "name",
    [name if name in AT_ONCE else pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED],
)
def test_shipped_data_are_drawn_whole_and_without_computing(name, tmp_path, monkeypatch):
    module = registry.load(name)
    monkeypatch.setattr(module, "compute", lambda *_: pytest.fail("shipped data were not used"))
    made = make(Job(name, tmp_path, "draft", formats=()))
    assert made.origin.startswith("shipped data of ")
    before = dict(matplotlib.rcParams)
    figure = module.draw(record.load_record(made.files[0].path, name))
    assert dict(matplotlib.rcParams) == before
    width, height = figure.get_size_inches()
    assert width in (style.COLUMN, style.PAGE)
    with style.style():
        figure.draw_without_rendering()  # lays everything out
        box = figure.get_tightbbox()
    # No label or legend is cut off at the edge.
    assert box.x0 > -0.02
    assert box.y0 > -0.02
    assert box.x1 < width + 0.02
    assert box.y1 < height + 0.02


def test_shipped_data_belong_to_a_figure():
    files = {path.stem for path in record.SHIPPED.glob("*.nc")}
    assert files <= set(registry.figures())
