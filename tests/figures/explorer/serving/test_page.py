"""The page without a browser: what a moved slider does to what is shown."""

import re

import numpy as np
import pytest
from bokeh.document import Document

from convergen.figures.explorer.answers import curves
from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving import export
from convergen.figures.explorer.serving.page import Page
from convergen.theory.forecast.subject import Subject


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


def opened(clock, link):
    page = Page(Document(), State.from_query(link))
    page._start()
    clock.tick()
    return page


def numbers(page):
    found = re.findall(r'data-key="(.*?)" data-value="(.*?)"', page.view.numbers.text)
    return {key: float(value) for key, value in found}


SPIKED = {"source": "spiked", "dim": "20", "spikes": "9,4", "n": "20"}


def test_a_frame_then_rest(clock):
    page = opened(clock, SPIKED)
    assert not page.exact
    assert "≈" in page.view.numbers.text
    assert "Limit of large d while moving." in page.view.recovery.legend.text
    assert page.export.text.value == ""
    clock.rest()
    assert page.exact
    assert "≈" not in page.view.numbers.text
    assert "Limit of large d" not in page.view.recovery.legend.text
    assert page.export.link.value == "?source=spiked&dim=20&spikes=9%2C4&n=20"
    assert page.export.text.value.startswith("convergen predict spiked --dim 20 --spike 9,4 ")
    assert page.view.overlaps.source.data["n"] == page.grid
    subject = Subject.of(page.state.open())
    exact, _ = subject.forecast(subject.request(np.array([20.0])), ["convergence"])
    np.testing.assert_allclose(numbers(page)["convergence"], exact["convergence"], rtol=1e-12)


def test_what_was_wrong_with_a_link_stays_until_something_is_done(clock, quick):
    page = Page(Document(), State.from_query(SPIKED), "This link cannot be shown.")
    page._start()
    clock.rest()
    assert page.exact
    assert page.view.message.text == '<p class="refusal">This link cannot be shown.</p>'
    page.view.controls.factors.value = 2
    clock.tick()
    assert page.view.message.text == ""


def test_moving_d_moves_curves_and_numbers(clock):
    page = opened(clock, SPIKED)
    before = numbers(page)
    page.view.controls.dim.value = np.log10(200)
    clock.tick()
    assert page.state.options["dim"] == 200
    assert page.state.options["spikes"] == (9.0, 4.0)
    assert page.subject.spectrum.dim == 200
    assert abs(numbers(page)["convergence"] - before["convergence"]) > 0.01
    assert page.view.overlaps.source.data["n"][-1] == 200 * 64


def test_moving_n_reads_the_same_curves_elsewhere(clock, quick):
    page = opened(clock, SPIKED)
    clock.rest()
    result = page.result
    page.view.samples.value = page.grid.index(100) if 100 in page.grid else 30
    n = page.grid[int(page.view.samples.value)]
    clock.tick()
    assert page.result is result
    assert numbers(page)["convergence"] == result["convergence"][page.grid.index(n)]
    assert page.view.overlaps.cursor.location == n
    assert f"With <b>{n}</b> samples" in page.view.answer.text
    clock.rest()
    assert page.exact
    assert f"n={n}" in page.export.link.value
    assert f",{n}," in page.export.text.value


def test_several_moves_within_a_frame_are_one(clock, monkeypatch):
    page = opened(clock, SPIKED)
    calls = []
    moving = curves.moving
    monkeypatch.setattr(curves, "moving", lambda *a: calls.append(1) or moving(*a))
    for value in (-2.0, -1.0, 0.5):
        page.view.controls.ridge.value = value
    clock.tick()
    assert len(calls) == 1
    unit = page.subject.spectrum.trace / 20
    assert page.state.ridge == float(f"{10**0.5 * unit:.3g}")


def test_what_settles_late_is_forgotten_if_something_moved(clock, quick):
    page = opened(clock, SPIKED)
    clock.tick(1000)  # rests: the work is done, its result waits
    page.view.controls.factors.value = 1
    clock.tick()
    assert not page.exact
    assert page.result["latent_recovery"].shape[1] == 1
    clock.rest()
    assert page.exact
    assert page.result["latent_recovery"].shape[1] == 1


def test_spikes_are_dragged_added_and_removed(clock):
    page = opened(clock, SPIKED)
    page.view.spectrum.dragged.data = {"value": [9.0, 12.3456]}
    clock.tick()
    assert page.state.options["spikes"] == (12.3, 9.0)
    assert page.view.spectrum.spikes.data["value"] == [
        9.0,
        4.0,
    ]  # left to the browser while dragged
    page.visitor._place_spikes()
    assert page.view.spectrum.spikes.data == {"rank": [1.0, 2.0], "value": [12.3, 9.0]}
    page.view.controls.add._trigger_event(_click(page.view.controls.add))
    clock.tick()
    assert page.state.options["spikes"] == (12.3, 9.0, 5.4)
    page.view.controls.remove._trigger_event(_click(page.view.controls.remove))
    clock.tick()
    assert page.state.options["spikes"] == (12.3, 9.0)


def _click(button):
    from bokeh.events import ButtonClick

    return ButtonClick(button)


def test_kinds_have_the_controls_they_need(clock):
    page = opened(clock, SPIKED)
    c = page.view.controls
    shown = lambda: (c.dim.visible, c.alpha.visible, c.spikes.visible, c.data.visible)  # noqa: E731
    assert shown() == (True, False, True, False)
    c.kind.active = 2
    clock.tick()
    assert page.state.source == "power-law"
    assert shown() == (True, True, False, False)
    c.kind.active = 0
    clock.tick()
    assert shown() == (True, False, False, False)
    assert "Nothing to recover" in page.view.recovery.legend.text


def test_data_of_a_file_are_a_sample_unless_they_are_all_there_is(clock, quick, tmp_path):
    rows = np.random.default_rng(0).standard_normal((40, 1, 2, 3)) * [3.0, 2.0, 1.0]
    np.save(tmp_path / "mine.npy", rows)
    page = opened(clock, SPIKED)
    page.view.controls.options.value = "layout=first"
    page.view.controls.path.value = str(tmp_path / "mine.npy")
    clock.rest()
    assert page.view.message.text == ""
    assert "read as a <b>sample</b>" in page.view.about.text
    assert "convergence_low" in page.result
    assert page.view.pictures.visible
    assert page.view.pictures.text.count("<img") == 4
    page.view.controls.reading.active = 1
    clock.rest()
    assert page.state.population
    assert "<b>all there is</b>" in page.view.about.text
    assert "convergence_low" not in page.result


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nan.npy", "80 value(s) that are NaN"),
        ("nowhere.npy", "nowhere.npy"),
        ("sgits", "unknown source"),
    ],
)
def test_bad_data_are_refused_on_the_page(clock, quick, tmp_path, name, words):
    np.save(tmp_path / "nan.npy", np.full((20, 4), np.nan))
    page = opened(clock, SPIKED)
    clock.rest()
    before = numbers(page)
    path = name if "." not in name else str(tmp_path / name)
    page.view.controls.path.value = path
    clock.rest()
    assert words in page.view.message.text
    assert page.view.message.text.startswith('<p class="refusal">')
    assert numbers(page) == before


def test_a_figure_comes_as_a_file(clock, quick):
    import base64
    import json

    page = opened(clock, {**SPIKED, "dim": "6", "spikes": "9", "n": "3"})
    page.export._draw("png")
    file = json.loads(page.export.file.value)
    assert file["name"] == "prediction.png"
    assert base64.b64decode(file["data"]).startswith(b"\x89PNG")
