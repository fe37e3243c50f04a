"""What a page holds, and how each part shows what it is given."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.figures.explorer.serving import view as module
from convergen.figures.explorer.serving.view import View
from convergen.theory.spectra.spectrum import Spectrum


@pytest.fixture(scope="module")
def view():
    return View()


def test_every_part_is_there_by_its_name(view):
    names = [root.name for root in view.roots]
    assert names == [
        "message", "controls", "samples", "about", "answer", "numbers", "overlaps", "recovery",
        "distances", "spectrum", "pictures",
    ]  # fmt: skip


def test_the_slider_runs_over_the_grid(view):
    view.show_grid([1, 2, 5, 10], 5)
    slider = view.samples
    assert (slider.start, slider.end, slider.step, slider.value) == (0, 3, 1, 2)
    assert slider.format.args == {"grid": [1, 2, 5, 10]}


def test_spikes_are_left_out_of_the_line(view):
    view.show_spectrum(Spectrum.spiked(10, [9.0, 4.0]), (4.0, 9.0), points=True)
    assert view.spectrum.bulk.data == {"rank": [3, 10], "value": [1.0, 1.0]}
    assert view.spectrum.spikes.data == {"rank": [1.0, 2.0], "value": [9.0, 4.0]}


def test_remarks_come_once_all_rests(view, monkeypatch):
    monkeypatch.setattr(module.words, "subject_words", lambda subject: "about")
    monkeypatch.setattr(module.words, "remarks_words", lambda subject, result: " remarks")
    view.show_about(None, None, exact=False)
    assert view.about.text == "about"
    view.show_about(None, None, exact=True)
    assert view.about.text == "about remarks"


def test_numbers_are_read_at_the_cursor(view, monkeypatch):
    monkeypatch.setattr(module.words, "answer_words", lambda result, n: f"at {n}")
    monkeypatch.setattr(module.words, "number_table", lambda result, n, exact: f"{n} {exact}")
    view.show_numbers(None, 12, exact=True)
    assert [f.cursor.location for f in (view.overlaps, view.recovery, view.distances)] == [12] * 3
    assert (view.answer.text, view.numbers.text) == ("at 12", "12 True")


def studio(work):
    return SimpleNamespace(work=lambda n: work, pair=lambda n, ridge: (n, ridge))


def test_pictures_that_take_longer_than_a_frame_wait(view, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "gallery", lambda *given: drawn.append(given) or "pictures")
    view.pictures.text, view.pictures.visible = "old", False
    view.show_pictures(studio(257), object(), 9, 0.1, quick=True)
    assert (view.pictures.text, view.pictures.visible) == ("old", False)
    for work, quick in ((256, True), (257, False)):
        made, result = studio(work), object()
        view.show_pictures(made, result, 9, 0.1, quick=quick)
        assert (view.pictures.text, view.pictures.visible) == ("pictures", True)
        assert drawn.pop() == (made, (9, 0.1), result, 9)


@pytest.mark.parametrize("given", [(None, object()), (studio(1), None)])
def test_a_law_has_no_pictures(view, given):
    view.pictures.visible = True
    view.show_pictures(*given, 9, 0.1, quick=False)
    assert not view.pictures.visible


def test_refusals_are_escaped_and_vanish(view):
    view.refuse("<b>")
    assert view.message.text == '<p class="refusal">&lt;b&gt;</p>'
    view.busy("Reading a&amp;b …")
    assert view.message.text == '<p class="busy">Reading a&amp;b …</p>'
    view.refuse("")
    assert view.message.text == ""


def test_curves_fill_their_figures(view, monkeypatch):
    seen = []
    monkeypatch.setattr(module.plots, "fill_all", lambda *given, exact: seen.append((given, exact)))
    result = np.zeros(1)
    view.show_curves(result, exact=False)
    assert seen == [((view.overlaps, view.recovery, view.distances, result), False)]
