"""What the stored pilots show of accuracy and of intervals, and that this code still draws them."""

import json

import numpy as np
import pytest

from benchmarks import pilot as benchmark

EVERY = list(benchmark.stored().values())
ROWS = [row for row in EVERY if row["points"] in benchmark.SIZES]
MANY = [row for row in ROWS if row["points"] >= 140]
FEW = [row for row in ROWS if row["points"] == 40]


def column(rows, key):
    return np.array([row[key] for row in rows], dtype=np.float64)


def errors(rows, key="needed"):
    """|log| of n(q = 0.9) over the truth."""
    rows = [row for row in rows if key in row]
    return np.abs(np.log(column(rows, key)[:, 1] / column(rows, "truth")[:, 1]))


def inside(rows):
    truth = column(rows, "truth")
    held = (column(rows, "needed_low") <= truth) & (truth <= column(rows, "needed_high"))
    return held[np.isfinite(truth).all(axis=1)].mean(axis=0)


def test_every_law_has_ten_pilots_of_each_size():
    kinds = [(row["law"], row["points"]) for row in ROWS]
    assert {law for law, _ in kinds} == set(benchmark.LAWS)
    assert all(kinds.count(kind) == 10 for kind in set(kinds))
    assert len(ROWS) == 360
    others = [row for row in EVERY if row["points"] in benchmark.OTHER_SIZES]
    assert len(others) == 190


def test_other_dimensions_and_sizes_are_as_right():
    for points, median, most in ((50, np.log(1.1), np.log(1.35)), (2000, 0.01, 0.03)):
        rows = [row for row in EVERY if row["points"] == points]
        found = errors(rows)
        assert np.median(found) < median
        assert np.quantile(found, 0.9) < most
        assert np.all(inside(rows) >= 0.85)


def test_sample_sizes_are_right_to_ten_per_cent_in_the_median():
    many, few = errors(MANY), errors(FEW)
    assert np.median(many) < np.log(1.1)
    assert np.quantile(many, 0.9) < np.log(1.35)
    assert np.median(few) < np.log(1.25)
    # What the sample itself would promise.
    assert np.median(errors(MANY, "sample")) > 10.0 * np.median(many)
    assert np.median(errors(FEW, "sample")) > 10.0 * np.median(few)


@pytest.mark.parametrize("law", benchmark.LAWS)
def test_forty_points_of_any_law_say_it_to_a_quarter(law):
    assert np.median(errors([row for row in FEW if row["law"] == law])) < np.log(1.25)


@pytest.mark.parametrize("law", [None, *benchmark.LAWS])
def test_intervals_hold_the_truth(law):
    held = inside([row for row in ROWS if law in (None, row["law"])])
    # Of thirty pilots 85 % are 25.5, give or take 2; of all 360 together.
    assert np.all(held >= (0.85 if law is None else 0.8)), held
    if law is None:
        assert np.all(held <= 0.97), held


def test_convergence_is_right_near_the_pilot():
    gap = np.abs(column(MANY, "q") - column(MANY, "truth_q"))
    assert np.median(np.nanmax(gap[:, :4], axis=1)) < 0.015
    assert np.median(np.nanmax(gap, axis=1)) < 0.03


def test_factors_that_are_numbered_start_where_they_are_said_to():
    found = np.concatenate([np.reshape(row["starts"], (-1, 4)) for row in MANY])
    value, low, high, truth = np.maximum(found, 1.0).T
    assert len(found) > 80
    within = (np.abs(np.log(value / truth)) < np.log(1.3)) | (np.abs(value - truth) < 1.0)
    assert np.mean(within) > 0.95
    assert np.mean((low <= truth) & (truth <= high)) > 0.85


def test_no_pilot_claims_more_than_its_halves_show():
    gap, parts = column(EVERY, "gap"), column(EVERY, "parts")
    np.testing.assert_allclose(gap, parts, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "points"), [("power law 1.3, d = 784", 140), ("spiked 20, 5, d = 300", 500)]
)
def test_this_code_draws_the_same_pilots(law, points, monkeypatch):
    monkeypatch.setattr(benchmark, "between", lambda *_: 0.5)  # truths are not drawn again
    monkeypatch.setattr(benchmark, "PEERS", 0)
    stored = benchmark.stored()[law, points, 0]
    drawn = benchmark.pilot(benchmark.LAWS[law](), points, 0)
    again = json.loads(json.dumps({key: benchmark.plain(value) for key, value in drawn.items()}))
    for key in ("needed", "needed_low", "needed_high"):
        np.testing.assert_allclose(again[key], stored[key], rtol=0.02)
