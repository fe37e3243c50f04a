"""What checkpoints say: one column for each number that was measured, one row for each step."""

import json

import numpy as np
import pytest

from convergen.empirical.diagnose.checkpoints.onset import Onset
from convergen.empirical.diagnose.checkpoints.report import (
    FOLLOWED,
    checkpoint_rows,
    checkpoints_dataset,
    checkpoints_json,
    checkpoints_text,
)
from convergen.empirical.diagnose.verdict.words import with_interval
from tests.empirical.diagnose.checkpoints.made import checkpoints, estimate

# Shares that are not beyond chance are none: 0 up to the upper end.
VALUES = {
    "copied": (0.0, 0.0, 0.25), "f_mem": (0.25, 0.375, 0.5), "m": (0.5, 0.625, 0.75),
    "nearer": (0.625, 0.75, 0.875), "variance": (2.0, 2.125, 2.25), "q": (-1.0, -0.875, -0.75),
}  # fmt: skip


def test_rows_over_training():
    head, rows = checkpoint_rows(checkpoints())
    assert head == ["step", *FOLLOWED, "verdict"]
    assert [row[0] for row in rows] == ["10", "100", "1000"]
    assert [row[-1] for row in rows] == ["not memorising"] * 2 + ["memorising"]
    assert rows[2][1:-1] == [with_interval(estimate(VALUES[key][2])) for key in FOLLOWED]
    alone, _ = checkpoint_rows(checkpoints(reference=False, pair=False))
    assert alone == ["step", "copied", "f_mem", "m", "variance", "verdict"]


def test_the_text_explains_each_column_and_says_each_note_once():
    found = checkpoints(pair=False)
    lines = checkpoints_text(found).splitlines()
    assert lines[0].startswith("Copying begins between steps 100 and 1000")
    text = " ".join(lines)
    for key, words in FOLLOWED.items():
        assert (f"{key}: {words}." in text) == (key != "q")
    assert lines[-3:] == ["", "Note: always", "Note: late"]
    for each in found.found:
        each.judgement.notes.clear()
    bare = checkpoints_text(found).splitlines()
    assert bare == lines[:-3]


def test_numbers_by_their_names():
    said = json.loads(json.dumps(checkpoints_json(checkpoints())))
    assert (said["train"], said["reference"]) == ("t2", "u2")
    assert said["copying_begins"] == {"after": 100, "by": 1000, "seemed_to_copy_before": [10]}
    assert said["attributes"]["seed"] == 7
    assert said["notes"] == ["always", "late"]
    rows = said["checkpoints"]
    assert [row["step"] for row in rows] == [10, 100, 1000]
    assert [row["draws"] for row in rows] == [20, 21, 22]
    assert [row["samples"] for row in rows] == [
        [f"a{step}", f"b{step}"] for step in (10, 100, 1000)
    ]
    assert [row["suspected"] for row in rows] == [[], [0], [0, 1]]
    assert [row["smallest_visible_share"] for row in rows] == [0.0, 0.0625, 0.125]
    assert [row["verdict"] for row in rows] == ["not memorising"] * 2 + ["memorising"]
    for key, values in VALUES.items():
        assert tuple(row[key]["value"] for row in rows) == values
    assert rows[2]["m"] == {"value": 0.75, "low": 0.5, "high": 1.0}
    alone = checkpoints_json(checkpoints(reference=False, pair=False))
    assert alone["reference"] is None
    assert "q" not in alone["checkpoints"][0]


def test_curves_are_labelled():
    found = checkpoints_dataset(checkpoints())
    assert found["step"].values.tolist() == [10, 100, 1000]
    for key, values in VALUES.items():
        np.testing.assert_array_equal(found[key], values)
        assert found[key].attrs == {"long_name": FOLLOWED[key], "units": "1"}
        ends = [found[f"{key}_{end}"] for end in ("low", "high")]
        assert [end.attrs["long_name"] for end in ends] == [
            f"{end} end of the 95 % interval of {key}" for end in ("low", "high")
        ]
        if key != "copied":
            np.testing.assert_array_equal(ends[0], np.subtract(values, 0.25))
            np.testing.assert_array_equal(ends[1], np.add(values, 0.25))
    assert found["verdict"].values.tolist() == ["not memorising"] * 2 + ["memorising"]
    assert found.attrs["train"] == "t2"
    assert found.attrs["seed"] == 7
    assert "q" not in checkpoints_dataset(checkpoints(pair=False))


@pytest.mark.parametrize(("after", "by"), [(None, 10), (1000, None), (0, 10), (100, 0)])
def test_an_onset_that_was_not_seen_is_left_out(after, by):
    """netCDF has no None."""
    attributes = checkpoints_dataset(checkpoints(onset=Onset(after, by))).attrs
    assert attributes.get("copying_begins_after") == after
    assert attributes.get("copying_begins_by") == by
    assert ("copying_begins_after" in attributes) == (after is not None)
    assert ("copying_begins_by" in attributes) == (by is not None)
