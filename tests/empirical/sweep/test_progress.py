import io
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep import progress
from convergen.empirical.sweep.progress import Bar, Seen, look, watched
from convergen.empirical.sweep.sweep import sweep
from tests.empirical.sweep.fake_cell import FakeCell, work

NAMES = ["one", "two", "three"]


@pytest.fixture
def run(tmp_path):
    """One cell is finished, one measures, one has not begun."""
    folder = RunFolder(tmp_path / "run", "digest")
    folder.path.mkdir()
    sweep(folder, [FakeCell("one", 1)], work)
    with folder.cell("two").lock():
        folder.cell("two").report("measuring", images=200, done=0.25)
    return folder


def test_finished_and_running_cells_count(run):
    assert look(run, NAMES, 300) == Seen(500, 1, ("two measuring 25%",))
    run.cell("two").report("training", images=250, done=0.5)
    assert look(run, NAMES, 300) == Seen(550, 1, ())
    run.cell("two").report("reading the data")
    assert look(run, NAMES, 300) == Seen(300, 1, ("two reading the data",))


def test_a_terminal_shows_what_is_done_and_a_pipe_nothing(run, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen, pipe = Terminal(), io.StringIO()
    monkeypatch.setattr(progress, "_INTERVAL", 0.02)
    before = set(threading.enumerate())
    for stream in (screen, pipe):
        monkeypatch.setattr("sys.stderr", stream)
        with watched(run, NAMES, Bar(300)):
            time.sleep(0.3)
            begun = set(threading.enumerate()) - before
            assert all(thread.daemon for thread in begun)  # a bar keeps no process from ending
    assert "500/900" in screen.getvalue()
    assert "1/3 cells, two measuring 25%" in screen.getvalue()
    assert pipe.getvalue() == ""


def test_a_fit_that_sees_no_images_shows_its_share_of_the_cells(run, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    run.cell("two").report("fitting", images=0.25, done=0.25)
    with watched(run, NAMES, Bar(1, "cells")):
        pass
    assert "fitting:" in sys.stderr.getvalue()
    assert "1.25/3.00" in sys.stderr.getvalue()
    assert "1/3 cells, two fitting 25%" in sys.stderr.getvalue()
    monkeypatch.setattr("sys.stderr", Terminal())
    with watched(run, NAMES, Bar(1, "cells", shown=False)):
        pass
    assert sys.stderr.getvalue() == ""


def test_a_bar_is_told_what_there_is_to_do_and_looks_twice_a_second(run, monkeypatch):
    waited, bars = [], []

    class Event(threading.Event):
        def wait(self, seconds=None):
            waited.append(seconds)
            return True

    class Told:
        def __init__(self, **options):
            self.options, self.n = options, options["initial"]
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def set_postfix_str(self, words):
            self.words = words

    monkeypatch.setattr("tqdm.tqdm", Told)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(
        progress, "threading", SimpleNamespace(Event=Event, Thread=threading.Thread)
    )
    for name in ("three", "two"):
        with run.cell(name).lock():
            run.cell(name).report("measuring", images=100)
    with watched(run, [*NAMES, "two"], Bar(300)):
        pass
    (bar,) = bars
    assert bar.options == {
        "total": 1200, "initial": 600.0, "unit": " images", "unit_scale": True,
        "dynamic_ncols": True, "desc": "training",
    }  # fmt: skip
    assert bar.n == 600.0
    assert bar.words == "1/4 cells, two measuring, three measuring"
    assert waited == [0.5]
    assert progress.NO_BAR == (0, "images", False)
