"""Words, lines and results of trained networks."""

import pytest

from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate.shipped_results import shipped_names, shipped_result
from convergen.figures.looks import trained_networks as looks


def test_the_linear_law_has_one_name_and_a_solid_line():
    assert looks.theory_look("law") == ("linear law", "-")
    assert looks.theory_look("linear law") == ("linear law", "-")
    words, line = looks.theory_look("linear law of orbits")
    assert words == "linear law of orbits"
    assert line == looks.LAWS[words] != "-"


def test_solvable_models_bring_their_words_and_lines():
    for row in SOLVABLE.rows():
        assert looks.theory_look(row.name) == (row.words, row.line)


def test_every_shipped_result_has_its_words():
    found = {name.split("-")[0] for name in shipped_names()}
    assert found <= {*looks.DATA, *looks.POWER_LAWS}
    assert {name.split("-")[1] for name in shipped_names()} <= set(looks.MODELS)
    assert set(looks.MODEL_MARKERS) == set(looks.MODELS)
    assert len(set(looks.MODEL_MARKERS.values())) == len(looks.MODELS)
    assert set(looks.OWN_THEORIES) <= set(looks.MODELS)


def test_results_come_in_the_order_that_is_asked_for_and_others_are_left_out():
    found = looks.results(["patches", "nothing", "digits"], ["unet", "mlp", "nothing"])
    assert list(found) == ["patches", "digits"]
    shipped = set(shipped_names())
    for data, networks in found.items():
        assert list(networks) == [m for m in ("unet", "mlp") if f"{data}-{m}" in shipped]
        for model, result in networks.items():
            assert result.identical(shipped_result(f"{data}-{model}"))


@pytest.mark.parametrize("data", [looks.POWER_LAWS])
def test_power_laws_are_asked_for_by_name(data):
    assert set(looks.results(data, ["linear"])) <= set(data)
    assert not set(looks.DATA) & set(data)
