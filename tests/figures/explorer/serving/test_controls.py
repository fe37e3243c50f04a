"""Widgets show the state, and what is typed or moved is read as it is meant."""

import math

import pytest

from convergen.figures.explorer.answers.state import State
from convergen.figures.explorer.serving.controls import (
    LAWS,
    Controls,
    another_spike,
    options_of,
    ridge_of,
)
from convergen.theory.common.checks import InputError
from convergen.theory.sources.table import kinds


@pytest.fixture(scope="module")
def controls():
    return Controls()


def test_laws_begin_with_three_hundred_dimensions():
    assert {name: options for name, (_, options) in LAWS.items()} == {
        "isotropic": {"dim": 300},
        "spiked": {"dim": 300, "spikes": (20.0, 5.0)},
        "power-law": {"dim": 300, "alpha": 1.0},
    }


def shown(controls):
    parts = {"dim": controls.dim, "alpha": controls.alpha, "spikes": controls.spikes,
             "data": controls.data}  # fmt: skip
    return {name for name, part in parts.items() if part.visible}


@pytest.mark.parametrize(
    ("link", "kind", "parts"),
    [
        ({"source": "isotropic", "dim": "50"}, 0, {"dim"}),
        ({"source": "spiked", "dim": "50", "spikes": "9"}, 1, {"dim", "spikes"}),
        ({"source": "power-law", "dim": "50", "alpha": "1.5"}, 2, {"dim", "alpha"}),
        ({"source": "digits"}, 3, {"data"}),
    ],
)
def test_each_kind_has_what_it_needs(controls, link, kind, parts):
    controls.show(State.from_query(link), 1.0)
    assert controls.kind.active == kind
    assert controls.kind.labels[kind] == (["isotropic", "spiked", "power law", "your data"][kind])
    assert shown(controls) == parts
    if kind < 3:
        assert controls.dim.value == pytest.approx(math.log10(50))


def test_values_are_those_of_the_state(controls):
    link = {"source": "power-law", "dim": "50", "alpha": "1.5", "ridge": "0.02", "factors": "3"}
    controls.show(State.from_query(link), 0.2)
    assert controls.alpha.value == 1.5
    assert controls.ridge.value == pytest.approx(-1.0)  # a tenth of the mean variance
    assert controls.factors.value == 3
    controls.show(State.from_query({**link, "alpha": "4", "ridge": "1e9", "dim": "2"}), 0.2)
    assert controls.alpha.value == 3.0
    assert controls.ridge.value == 1.0
    assert controls.dim.value == pytest.approx(math.log10(4))
    for ridge in ("0", "1e-9"):
        controls.show(State.from_query({**link, "ridge": ridge}), 0.2)
        assert controls.ridge.value == -4.0


def test_a_data_source_shows_its_options(controls):
    link = {"source": "patches", "size": "8", "contrast": "true", "count": "300"}
    state = State.from_query({**link, "population": "1"})
    controls.show(state, 1.0)
    assert controls.path.value == "patches"
    typed = controls.options.value
    assert set(typed.split(", ")) == {"size=8", "contrast=true", "count=300"}
    assert options_of(typed, state) == state.options
    assert controls.reading.active == 1
    controls.show(State.from_query({"source": "digits"}), 1.0)
    assert controls.reading.active == 0
    assert controls.options.value == ""


def test_sliders_have_the_ranges_that_can_be_computed(controls):
    assert (controls.dim.start, controls.dim.end) == (math.log10(4), math.log10(20_000))
    assert (controls.alpha.start, controls.alpha.end) == (0.0, 3.0)
    assert (controls.ridge.start, controls.ridge.end) == (-4.0, 1.0)
    assert (controls.factors.start, controls.factors.end, controls.factors.step) == (1, 5, 1)
    for slider in (controls.dim, controls.alpha, controls.ridge):
        assert 0.0 < slider.step < 0.1
    assert "tick <= -4.0 ? '0'" in controls.ridge.format.code


def test_sources_that_need_no_options_are_named(controls):
    text = controls.data.children[0].text
    assert text.startswith("Built in: ")
    named = text.removeprefix("Built in: ").rstrip(".").split(", ")
    assert {"digits", "patches"} <= set(named)
    assert not {"isotropic", "spiked", "power-law"} & set(named)
    for name in named:
        kind = kinds()[name]
        assert kind.opens is None
        assert not any(option.required for option in kind.options)


@pytest.mark.parametrize(
    ("position", "ridge"), [(-4.0, 0.0), (-4.5, 0.0), (-3.95, 0.000224), (0.0, 2.0), (1.0, 20.0)]
)
def test_the_ridge_is_in_mean_variances_and_short(position, ridge):
    assert ridge_of(position, 2.0) == ridge


def test_options_are_read_by_their_types():
    state = State("patches")
    assert options_of(" size = 8 , contrast=true,, count=300,", state) == {
        "size": 8, "contrast": True, "count": 300,
    }  # fmt: skip
    assert options_of("", state) == {}
    assert options_of("unknown=x=y", state) == {"unknown": "x=y"}  # refused by its source
    with pytest.raises(InputError, match="cannot read 'size': write NAME=VALUE, such as size=32"):
        options_of("size", state)


def test_another_spike_stands_below_the_others():
    assert another_spike((9.0, 4.0)) == (9.0, 4.0, 2.4)
    assert another_spike((9.0, 1.7)) == (9.0, 1.7, 1.5)
    assert another_spike(()) == (6.0,)
    assert another_spike((1.0 / 0.3,)) == (1.0 / 0.3, 2.0)
    many = tuple(range(20, 0, -1))
    full = next(many[:k] for k in range(1, 21) if len(another_spike(many[:k])) == k)
    assert len(full) >= 5
    assert len(another_spike(full[:-1])) == len(full)
