"""The page without a browser: what a moved slider does to what is shown."""

import numpy as np
from bokeh.document import Document

from convergen.figures.explorer.answers import curves
from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving.page import Page
from convergen.theory.forecast.subject import Subject
from tests.figures.explorer.serving.opened import SPIKED, numbers, opened


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
    subject, request = page.export.current()  # what a figure would draw
    assert subject is page.subject
    assert request.samples.tolist() == page.grid
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
