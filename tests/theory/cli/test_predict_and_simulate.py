"""What `predict` and `simulate` hand on."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from convergen.theory.cli import predict_and_simulate
from convergen.theory.forecast.predict import LEVELS


def test_only_an_address_brings_a_scheduler_in(convergen, monkeypatch):
    asked = []

    class Executor(ThreadPoolExecutor):
        def map(self, *arguments):
            asked.append("used")
            return super().map(*arguments)

    def found(address):
        asked.append(address)
        return Executor(1)

    monkeypatch.setattr(predict_and_simulate, "_dask", found)
    command = ("simulate", "isotropic", "--dim", "6", "--samples", "4", "--repeats", "2", "--json")
    code, alone, _ = convergen(*command)
    assert (code, asked) == (0, [])
    code, spread, _ = convergen(*command, "--scheduler", "tcp://there:1")
    assert (code, asked) == (0, ["tcp://there:1", "used"])
    assert spread == alone


def test_no_scheduler_is_one_line(convergen):
    pytest.importorskip("distributed")
    code, said, errors = convergen(
        "simulate", "isotropic", "--dim", "6", "--samples", "4", "--scheduler", "nonsense://x"
    )
    assert (code, said) == (2, "")
    assert "no Dask scheduler answers at 'nonsense://x'" in errors


@pytest.mark.parametrize(("flags", "levels"), [(("--level", "0.3"), (0.3,)), ((), LEVELS)])
def test_levels_that_are_given_replace_the_usual_ones(convergen, flags, levels):
    _, said, _ = convergen("predict", "isotropic", "--dim", "6", "--samples", "4", "--json", *flags)
    found = json.loads(said)["thresholds"]["convergence"]
    assert list(found) == [f"{level:g}" for level in levels]
