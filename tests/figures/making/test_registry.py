"""Figures by name, in the order of their numbers."""

import pytest

from convergen.figures.making.registry import figures, load
from convergen.theory.common.checks import InputError


def test_every_figure_has_a_number_of_its_own_in_order():
    found = figures()
    assert [figure.NUMBER for figure in found.values()] == list(range(1, len(found) + 1))
    for name, figure in found.items():
        assert name == figure.NAME
        assert load(name) is figure
        assert callable(figure.compute)
        assert callable(figure.draw)


def test_an_unknown_figure_is_refused_with_the_nearest():
    name = next(iter(figures()))
    with pytest.raises(InputError, match=rf"^unknown figure '{name}x'.*{name}.*, or all\.$"):
        load(f"{name}x")
