import io
import time
from typing import ClassVar

import pytest

from convergen.theory.messages import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard error a terminal; to be called in the test, since pytest sets it before."""
    monkeypatch.setattr(progress, "_QUIET", 0.05)
    monkeypatch.setattr(progress, "_INTERVAL", 0.02)

    def begin():
        screen = Terminal()
        monkeypatch.setattr("sys.stderr", screen)
        return screen

    return begin


def test_a_long_step_shows_its_name_and_how_far_it_is(terminal):
    screen = terminal()
    with progress.phase("sorting points", 4) as done:
        done(1)
        time.sleep(0.2)
        done(1)
        time.sleep(0.2)
    assert "sorting points" in screen.getvalue()
    assert "1/4" in screen.getvalue()
    assert "2/4" in screen.getvalue()


def test_a_step_of_unknown_length_shows_its_time(terminal):
    screen = terminal()
    with progress.phase("reading the data"):
        time.sleep(0.2)
    assert "reading the data: 00:00" in screen.getvalue()


def test_short_steps_and_pipes_are_silent(terminal, monkeypatch):
    screen = terminal()
    with progress.phase("adding", 3) as done:
        done(3)
    assert "adding" not in screen.getvalue()
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with progress.phase("reading the data", 2) as done:
        time.sleep(0.2)
        done(1)
    assert pipe.getvalue() == ""


class Clock:
    """An event that comes at the third look."""

    waits: ClassVar = []

    def wait(self, seconds):
        self.waits.append(seconds)
        return len(self.waits) == 3

    def set(self):
        self.waits.append("set")


class Watcher:
    """A thread whose work is done at once."""

    def __init__(self, *, target, daemon):
        assert daemon, "an error must not wait for it"
        self.start = target

    def join(self):
        Clock.waits.append("joined")


class Bar:
    made: ClassVar = []
    refreshed = 0

    def __init__(self, **options):
        self.made.append(options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def refresh(self):
        Bar.refreshed += 1

    def update(self, done):
        pass


def test_a_bar_comes_after_a_second_is_looked_at_twice_a_second_and_goes(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setattr("tqdm.tqdm", Bar)
    monkeypatch.setattr(progress.threading, "Event", Clock)
    monkeypatch.setattr(progress.threading, "Thread", Watcher)
    with progress.phase("sorting points", 4, "point"):
        assert Clock.waits == [1.0, 0.5, 0.5]
    assert Clock.waits[3:] == ["set", "joined"]
    assert Bar.refreshed == 2
    as_wide_as_the_terminal = {"dynamic_ncols": True}
    assert Bar.made == [
        {"total": 4, "desc": "sorting points", "unit": "point", "delay": 1.0, "leave": False,
         "bar_format": None, **as_wide_as_the_terminal}
    ]  # fmt: skip
