"""A page without a browser: callbacks run when the test says so."""

import pytest
from bokeh.document import Document

from convergen.figures.explorer.answers import curves
from convergen.figures.explorer.serving import export


class Clock:
    """Callbacks of a document, run when the test says so, long work at once."""

    def __init__(self, monkeypatch):
        self.waiting = []
        monkeypatch.setattr(
            Document, "add_timeout_callback", lambda _, act, wait: self.waiting.append((wait, act))
        )
        monkeypatch.setattr(
            Document, "add_next_tick_callback", lambda _, act: self.waiting.append((0, act))
        )
        monkeypatch.setattr("convergen.figures.explorer.serving.background.Thread", Now)

    def tick(self, longest=100):
        now, self.waiting = self.waiting, []
        for wait, act in now:
            if wait <= longest:
                act()
            else:
                self.waiting.append((wait, act))

    def rest(self):
        while self.waiting:
            self.tick(1000)


class Now:
    def __init__(self, target, daemon):
        assert daemon
        self.start = target


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def quick(monkeypatch):
    """All that settles but memorisation, which takes a second."""
    names = ["convergence", "latent_recovery", "thresholds", *curves.DISTANCES]
    monkeypatch.setattr(curves, "settled", lambda s, request: s.forecast(request, names)[0])
    monkeypatch.setattr(export, "main_names", lambda: names)
