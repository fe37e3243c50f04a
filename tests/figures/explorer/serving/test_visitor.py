"""What a visitor does with the widgets of a page."""

import numpy as np
import pytest

from tests.figures.explorer.serving.opened import SPIKED, numbers, opened


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
