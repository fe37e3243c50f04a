"""Figures by name, in the order of their numbers."""

import sys

import pytest

from convergen.cli import main
from convergen.figures.making import gallery, registry
from convergen.figures.making.registry import figures, load
from convergen.theory.common.checks import InputError


def test_every_figure_has_a_number_of_its_own_in_order():
    found = figures()
    assert [figure.NUMBER for figure in found.values()] == list(range(1, len(found) + 1))
    for name, figure in found.items():
        assert name == figure.NAME
        assert load(name) is figure
        assert figure.TITLE
        assert figure.CAPTION.rstrip().endswith(".")
        assert callable(figure.compute)
        assert callable(figure.draw)


def test_an_unknown_figure_is_refused_with_the_nearest():
    name = next(iter(figures()))
    with pytest.raises(InputError, match=rf"^unknown figure '{name}x'.*{name}.*, or all\.$"):
        load(f"{name}x")


# Quick to compute and to draw.
NAME = "disjoint-training"


DUMMY = """
import xarray as xr

from convergen.figures.looks.style import whole_figure

NAME, NUMBER, TITLE, CAPTION = "dummy", 99, "A dummy", "It shows nothing. It is one file."


def compute(quality, seed):
    return xr.Dataset({"x": ("place", [1.0, float(seed)])})


@whole_figure(2.0)
def draw(dataset, figure):
    figure.subplots().plot(dataset["x"])
"""


def test_a_new_figure_is_one_file(tmp_path, monkeypatch, capsys):
    from convergen.figures.paper import linear

    (tmp_path / "a_dummy.py").write_text(DUMMY)
    monkeypatch.setattr(linear, "__path__", [*linear.__path__, str(tmp_path)])
    registry.figures.cache_clear()
    try:
        for words in (["list"], ["make", "dummy", "--formats", "svg", "--out", str(tmp_path)]):
            monkeypatch.setattr(sys, "argv", ["convergen", "figures", *words])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
        entry = gallery.entries()[-1]
    finally:
        registry.figures.cache_clear()
        del sys.modules["convergen.figures.paper.linear.a_dummy"]
    shown = capsys.readouterr().out.splitlines()
    assert [line.split() for line in shown if line.startswith("99")] == [
        ["99", "dummy", "A", "dummy"]
    ]
    assert (tmp_path / "dummy.svg").is_file()
    assert "## 99. A dummy" in entry
    assert "It is one file." in entry
