import io
import time

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
