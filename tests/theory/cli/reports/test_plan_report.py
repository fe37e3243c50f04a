"""What the tables of a plan say."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.cli.reports.plan_report import (
    gained_rows,
    gained_title,
    plan_json,
    plan_words,
    reached_rows,
    wish_rows,
)
from convergen.theory.pilot.interval import Interval
from convergen.theory.quantities.labelled import Labelled

NAN = np.nan


@pytest.fixture
def request_():
    return SimpleNamespace(
        pilot=None, have=100.0, affordable=300.0, cost=2.5, priced=True, factors=3, sigma=0.1234,
        wishes=[SimpleNamespace(name="convergence=0.9"), SimpleNamespace(name="factor=2")],
        spectrum=SimpleNamespace(dim=7),
    )  # fmt: skip


@pytest.fixture
def result():
    found = Labelled(attributes={"seed": np.int64(3)})
    found.mark("samples", "samples", [100.0, 400.0])
    found.add("wish_level", [0.9, 2.0])
    found.add("convergence", [0.5, 0.75])
    found.add("convergence_gain", [0.0, 0.25])
    for key, values in {
        "convergence_low": [0.25, 0.5], "convergence_high": [0.625, 0.875],
        "convergence_gain_low": [0.0, 0.125], "convergence_gain_high": [0.0, 0.375],
    }.items():  # fmt: skip
        found.variables[key] = ("samples",), np.array(values), {}
    found.add("test_error_excess_left", [1.0, 0.3])
    found.add("wish_samples", [250.0, np.inf])
    found.add("together_samples", np.inf)
    return found


def test_what_is_reached_takes_no_more(convergen):
    _, out, _ = convergen(
        "plan", "spiked", "--spike", "20,5", "--dim", 120, "--have", 9000,
        "--want", "convergence=0.5",
    )  # fmt: skip
    (row,) = [line.split() for line in out.splitlines() if line.startswith("convergence=0.5")]
    assert row[2:] == ["0", "reached"]
    parts = out.rstrip().split("\n\n")
    assert parts[1].startswith("spiked")
    assert [part.split()[0] for part in parts[2:]] == ["n", "×:", "Gained", "n", "wish", "This"]
    # Without a wish there is no table of them.
    _, out, _ = convergen("plan", "power-law", "--dim", 8, "--have", 20)
    assert [part.split()[0] for part in out.split("\n\n")[2:]] == ["n", "×:", "Gained", "n", "This"]


def test_rows_have_sizes_times_and_cost_and_intervals_without_a_title(request_, result):
    assert reached_rows(request_, result) == (
        ["n", "×", "cost", "q", ""],
        [
            ["100", "1", "0", "0.5000", "(0.2500–0.6250)"],
            ["400", "4", "750", "0.7500", "(0.5000–0.8750)"],
        ],
    )
    request_.priced = False
    assert gained_rows(request_, result) == (
        ["n", "×", "q", "", "excess"],
        [["400", "4", "+0.2500", "(0.1250–0.3750)", "× 0.300"]],
    )
    assert gained_title(request_).startswith("Gained over the 100 at hand")


def answer(wishes, together):
    columns = [np.array(column, float) for column in zip(*wishes, strict=True)]
    zero = np.zeros(len(wishes))
    return SimpleNamespace(
        wishes=Interval(*columns, zero, zero),
        together=Interval(*map(np.asarray, together), zero[0], zero[0]),
    )


def test_a_wish_has_its_samples_what_is_missing_and_the_cost(request_):
    found = answer([(250.25, 200.0, 300.0), (NAN, NAN, NAN)], (np.inf,) * 3)
    assert wish_rows(request_, found) == (
        ["wish", "n", "more", "cost", ""],
        [
            ["convergence=0.9", "250", "151", "378", "within the budget"],
            ["factor=2", "–", "–", "–", "unseen in the pilot"],
            ["all of these", "–", "–", "–", "at no n"],
        ],
    )
    del request_.wishes[1]
    request_.pilot, request_.priced = object(), False
    assert wish_rows(request_, answer([(90.0, 80.0, 95.0)], (90.0, 80.0, 95.0))) == (
        ["wish", "n", "", "more", ""],
        [["convergence=0.9", "90", "(80–95)", "0", "reached"]],
    )
    request_.wishes.clear()
    assert wish_rows(request_, answer([(1.0, 1.0, 1.0)], (NAN,) * 3))[1] == []


def test_columns_that_are_there_are_explained(request_, result):
    assert list(plan_words(request_, result)) == ["×", "q", "q*", "error"]
    result.add("recovered_factors", [1.0, 2.0])
    words = plan_words(request_, result)
    assert words["factors"] == "Σ Qk, recovered out of the 3 leading ones"
    assert "at noise σ = 0.123 over" in words["error"]
    request_.pilot = object()
    assert plan_words(request_, result)["factors"].endswith("leading ones that show")


def test_json_has_every_size_and_wish_and_what_the_samples_cost(request_, result):
    found = plan_json("mine", request_, result)
    assert json.loads(json.dumps(found)) == found
    assert (found["source"], found["dimension"], found["have"]) == ("mine", 7, 100)
    assert found["cost"] == [0, 750]
    assert found["convergence_low"] == [0.25, 0.5]
    assert found["together_samples"] is None
    assert "wish_samples" not in found
    assert found["wishes"] == [
        {"wish": "convergence=0.9", "wish_level": 0.9, "wish_samples": 250},
        {"wish": "factor=2", "wish_level": 2, "wish_samples": None},
    ]
    assert found["attributes"] == {"seed": 3}
