"""What is decided before a run: rows that stay unseen, grouping, threads."""

import numpy as np
import pytest

from convergen.empirical.experiment.declared import deciding
from convergen.empirical.experiment.declared.deciding import (
    decide,
    divide,
    read_data,
    useful_threads,
)
from convergen.empirical.storage.run_folder import RunFolder
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import experiment


def threads(available, *, grouping="pair", dim=64, batch=32, model="mlp"):
    given = experiment(
        samples=[4, 8, 16], model={"name": model}, training={"batch": batch},
        run={"grouping": grouping},
    )  # fmt: skip
    return useful_threads(given, dim, available)


@pytest.mark.parametrize(
    ("expected", "available", "options"),
    [
        (1, 8, {}),
        (1, 8, {"dim": 1024, "batch": 63}),
        (2, 8, {"dim": 1024, "batch": 64}),
        (3, 8, {"dim": 1024, "batch": 96}),
        # Pairs of three n together: six networks.
        (6, 20, {"dim": 1024, "batch": 32, "grouping": "seed"}),
        (2, 2, {"dim": 1024, "batch": 128}),
        (1, 1, {"dim": 1024, "batch": 128}),
        (8, 8, {"model": "linear"}),
    ],
)
def test_a_thread_for_each_32768_coordinates(expected, available, options):
    assert threads(available, **options) == expected


@pytest.fixture
def asked(monkeypatch):
    """How data are divided."""
    seen = {}

    def split(data, samples, seed, **options):
        seen.update(samples=samples, seed=seed, **options)

    monkeypatch.setattr("convergen.empirical.splits.splits.split", split)
    return seen


def test_rows_stay_unseen_only_where_no_law_draws_new_points(asked):
    given = experiment()
    field = read_data(given, None)
    divide(given, field, 3)
    assert asked == {
        "samples": given.samples, "seed": 3, "held_out": 0,
        "duplicate_limit": given.splits.duplicate_limit,
    }  # fmt: skip
    digits = experiment(data={"kind": "digits"}, splits={"duplicate_limit": False})
    divide(digits, read_data(digits, None), 0)
    assert asked["held_out"] == 16
    assert asked["duplicate_limit"] is None


def decided(tmp_path, given, threads=None, available=4):
    return decide(given, RunFolder(tmp_path / "run"), threads, available)


@pytest.mark.parametrize(
    ("stops", "grouping", "expected"),
    [
        (False, "auto", "seed"), (True, "auto", "pair"), (False, "pair", "pair"),
        (True, "pair", "pair"), (False, "seed", "seed"),
    ],
)  # fmt: skip
def test_networks_that_stop_by_themselves_are_trained_by_themselves(
    tmp_path, stops, grouping, expected
):
    given = experiment(
        training={"images": 320, "batch": 16, "snapshots": 3, "stop_before_copying": stops},
        run={"grouping": grouping, "device": "cpu"},
    )
    plan, _ = decided(tmp_path, given)
    assert plan.experiment["run"]["grouping"] == expected


def test_the_first_that_copies_must_not_stop_the_others(tmp_path):
    changes = {
        "training": {"images": 320, "batch": 16, "snapshots": 3, "stop_before_copying": True},
        "run": {"grouping": "seed", "device": "cpu"},
    }
    with pytest.raises(InputError, match=r"the n that copies first would stop all others"):
        decided(tmp_path, experiment(**changes))
    plan, _ = decided(tmp_path, experiment(samples=[4], **changes))
    assert plan.experiment["run"]["grouping"] == "seed"


def test_a_plan_says_what_was_decided(tmp_path, monkeypatch):
    monkeypatch.setattr(deciding, "git_commit", lambda: "abc")
    given = experiment()
    plan, data = decided(tmp_path, given)
    assert plan.data == {
        "fingerprint": data.fingerprint, "name": data.name, "rows": 64, "shape": [1, 4, 4],
    }  # fmt: skip
    known = {str(seed): divide(given, data, seed).digest for seed in (0, 3)}
    assert plan.splits == known
    assert known["0"] != known["3"]
    assert (plan.threads, plan.commit) == (1, "abc")
    assert len(plan.versions) == 1
    assert decided(tmp_path, given, threads=3)[0].threads == 3
    linear = experiment(model={"name": "linear"})
    assert decided(tmp_path, linear, available=5)[0].threads == 5
    assert np.asarray(data.points).shape == (64, 1, 4, 4)


def test_a_model_that_does_not_suit_is_refused_first(tmp_path):
    with pytest.raises(InputError, match="size"):
        decided(tmp_path, experiment(model={"name": "mlp", "size": "no"}))
