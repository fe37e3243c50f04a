"""What a visitor does with the widgets of a page."""

from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.events import PanEnd

from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving.controls import LAWS
from convergen.figures.explorer.serving.view import View
from convergen.figures.explorer.serving.visitor import Visitor
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


@pytest.fixture(scope="module")
def stage():
    """A page that only writes down what is wanted of it."""
    page = SimpleNamespace(view=View(), asked=[])
    page.choose = lambda state, load: page.asked.append((state, load))
    page.refuse = lambda text: page.asked.append(text)
    page.show_spectrum = lambda points: page.asked.append(points)
    Visitor(page)
    return page


@pytest.fixture
def page(stage):
    """The same, at a law of two spikes."""
    stage.state = State.of("spiked", {"dim": 20, "spikes": (9.0, 4.0)}, ridge=0.5, factors=3)
    stage.state = stage.state.changed(samples=17)
    stage.spikes, stage.unit, stage.grid = (9.0, 4.0), 2.0, [1, 2, 5]
    stage.setting, stage.points = False, None
    stage.asked.clear()
    return stage


def asked(page):
    """The one thing that was wanted."""
    (found,) = page.asked
    page.asked.clear()
    return found


def test_what_the_page_sets_itself_is_no_act_of_the_visitor(page):
    page.setting = True
    page.view.controls.factors.value = 5
    assert page.asked == []
    page.setting = False
    page.view.controls.factors.value = 2
    state, load = asked(page)
    assert (state.factors, load) == (2, False)
    assert state == page.state.changed(factors=2)


def test_sliders_change_one_thing_each(page):
    c = page.view.controls
    c.ridge.value = -1.0
    state, load = asked(page)
    assert (state, load) == (page.state.changed(ridge=0.2), False)  # in mean variances
    c.dim.value = 1.5
    state, load = asked(page)
    assert state.options == {"dim": 32, "spikes": (9.0, 4.0)}
    assert (state.ridge, state.factors, load) == (0.5, 3, False)
    assert state.samples is None  # n follows d
    page.view.spectrum.dragged.data = {"value": [9.0, 5.0]}
    state, _ = asked(page)
    assert state.samples == 17
    page.state = State.of("power-law", {"dim": 20, "alpha": 1.0})
    c.alpha.value = 1.5
    state, _ = asked(page)
    assert state.options["alpha"] == 1.5
    assert page.points


def test_n_is_read_from_the_grid(page):
    slider = page.view.samples
    slider.end = 9
    for value, n in ((1, 2), (2.4, 5), (9, 5)):
        slider.value = value
        state, load = asked(page)
        assert (state, load) == (page.state.changed(samples=n), False)
    page.grid = []
    slider.value = 1
    assert page.asked == []


def test_each_kind_begins_anew(page):
    for place, (name, (_, options)) in enumerate(LAWS.items()):
        page.view.controls.kind.active = place
        state, load = asked(page)
        assert (state, load) == (State.of(name, options), True)
    page.view.controls.kind.active = len(LAWS)
    assert asked(page) == (State.of("digits"), True)


def test_spikes_are_rounded_sorted_and_kept_in_range(page):
    dragged = page.view.spectrum.dragged
    dragged.data = {"value": [1e-9, 12.3456, 1e9]}
    state, load = asked(page)
    assert state.options["spikes"] == (1e6, 12.3, 1e-3)
    assert (load, page.points) == (False, False)  # the browser holds them meanwhile
    dragged.data = {"value": [4.0, 9.0]}
    assert page.asked == []  # nothing moved


def test_spikes_fall_into_place_at_the_end_of_a_drag(page):
    figure = page.view.spectrum.figure
    figure._trigger_event(PanEnd(figure))
    assert asked(page) is True
    page.state = State.of("isotropic", {"dim": 20})
    figure._trigger_event(PanEnd(figure))
    assert page.asked == []


def test_one_spike_stays(page):
    c = page.view.controls
    for spikes, left in (((9.0, 4.0), (9.0,)), ((9.0,), (10.0,))):
        page.spikes = spikes
        c.remove._trigger_event(_click(c.remove))
        state, load = asked(page)
        assert (state.options["spikes"], load, page.points) == (left, False, True)


def test_data_are_opened_with_the_factors_that_were_followed(page):
    c = page.view.controls
    c.options.value = "count=300"
    c.path.value = " patches "
    state, load = asked(page)
    assert (state.source, state.options["count"], state.factors) == ("patches", 300, 3)
    assert (state.ridge, state.population, load) == (0.0, False, True)
    c.reading.active = 1
    state, _ = asked(page)
    assert state.population
    c.open._trigger_event(_click(c.open))
    assert asked(page) == (state, True)
    c.options.value = "count"
    c.open._trigger_event(_click(c.open))
    assert asked(page).startswith("options cannot read 'count'")
