"""The tables of a validation, from numbers made for them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate import report
from convergen.empirical.validate.theories.linear_laws import LAW, LAW_WORDS
from convergen.theory.messages.text import wrapped
from convergen.theory.quantities.table import compared, quantity

OTHER = next(row.name for row in SOLVABLE.rows() if row.name != LAW)
NAN = np.nan


@pytest.fixture
def found():
    data = xr.Dataset(coords={"samples": [4, 16], "theory": [LAW, OTHER]})
    for row in compared():
        further = tuple(dim for dim in row.dims[1:] if dim != "side")
        sizes = {"factor": 2, "sigma": 1}
        shape = (2, *(sizes[dim] for dim in further))
        values = np.linspace(0.25, 0.75, 2).reshape(2, *[1] * len(further)) * np.ones(shape)
        data[row.key] = ("samples", *further), values
        data[f"{row.key}_stderr"] = ("samples", *further), np.full(shape, 0.125)
        along = ("theory", "samples", *further)
        data[f"{row.key}_predicted"] = along, np.stack([values + 0.125, np.full(shape, NAN)])
        data[f"{row.key}_z"] = along, np.stack([np.full(shape, 1.0), np.full(shape, NAN)])
        data[f"{row.key}_rms"] = "theory", [0.125, NAN]
    data["variance_ratio"] = "samples", [0.504, 1.2]
    return data.assign(holds=(("theory", "samples"), [[True, False], [False, False]]))


def test_each_n_has_measurement_error_prediction_and_score(found):
    head, rows = report.comparison(found, quantity("convergence"))
    assert head == ["n", "measured", LAW, OTHER]
    assert rows == [
        [("4", ""), ("0.250", "± 0.125"), ("0.375", "(+1.0)"), ("–", "")],
        [("16", ""), ("0.750", "± 0.125"), ("0.875", "(+1.0)"), ("–", "")],
    ]
    found["latent_recovery"][:, 1] = 0.0
    for end in ("_stderr", "_z"):
        found[f"latent_recovery{end}"][...] = NAN
    _, rows = report.comparison(found, quantity("latent_recovery"))
    assert rows[0] == [("4", ""), ("0.250", ""), ("0.375", ""), ("–", "")]


def test_headings_name_the_leading_factor_and_scores_only_where_there_are_some(found):
    assert report.heading(quantity("convergence"), found) == (
        "convergence q, measured and predicted (z)"
    )
    found["convergence_stderr"][0] = NAN
    assert report.errors(found).startswith("±: standard error over the seeds; z: difference over")
    found["convergence_stderr"][...] = NAN
    assert report.heading(quantity("latent_recovery"), found) == (
        "latent recovery Q1 of the leading factor, measured and predicted"
    )
    assert report.heading(quantity("fraction_memorised"), found) == (
        "share of copies, measured and predicted"
    )
    assert report.errors(found).startswith("One seed: how far such networks scatter is not known")


def test_theories_have_their_meanings(found):
    assert report.theory_meanings(found) == {
        LAW: LAW_WORDS[LAW],
        OTHER: SOLVABLE.find(OTHER).description,
    }


def test_variance_has_one_number_where_its_ends_are_alike(found):
    assert report.spread(found) == (
        "Variance of generated over true samples: 0.50 to 1.20; 1 is right."
    )
    found["variance_ratio"][:] = [0.999, 1.001]
    assert report.spread(found) == "Variance of generated over true samples: 1.00; 1 is right."


def test_a_calibration_says_where_and_within_what(found):
    assert report.calibrations(found) == []
    note = {
        "calibrated_at": 16,
        "constant": 1234.0,
        "constant_low": 1040.0,
        "constant_high": 2010.0,
    }
    found.attrs["calibrations"] = json.dumps({OTHER: note})
    assert report.calibrations(found) == [
        f"{OTHER} was calibrated on one pair at n = 16, and is not held against it: a point is "
        "memorised by 1,200 (1,000 to 2,000) images of training, each weighed by the learning rate "
        "over its largest."
    ]


EXPERIMENT = SimpleNamespace(
    name="mine", model={"name": "/a/b/net.py:Net"}, data={"kind": "digits"}
)


def test_the_report_has_every_part(found):
    text = report.validation_text(EXPERIMENT, found)
    assert "mine: net.py:Net on digits" in text
    assert wrapped(f"{LAW}: {LAW_WORDS[LAW]}.", indent=2) in text
    lines = [line.split() for line in text.splitlines()]
    assert ["4", "0.250", "±", "0.125", "0.375", "(+1.0)", "–"] in lines
    for row in compared():
        assert (f"{row.words}{' ' * bool(row.symbol)}{row.symbol}" in text) == row.leads
    assert text.endswith(report.spread(found))
    assert f"{OTHER}: {SOLVABLE.find(OTHER).description}." in " ".join(text.split())


def test_json_has_null_for_what_is_unknown(found):
    shown = report.validation_json(EXPERIMENT, found)
    assert json.loads(json.dumps(shown)) == shown
    assert shown["theories"] == [LAW, OTHER]
    assert shown["samples"] == [4, 16]
    q = shown["quantities"]["convergence"]
    assert q["measured"] == [0.25, 0.75]
    assert q["stderr"] == [0.125, 0.125]
    assert q["theories"] == {
        LAW: {"predicted": [0.375, 0.875], "z": [1, 1]},
        OTHER: {"predicted": [None, None], "z": [None, None]},
    }
    assert np.shape(shown["quantities"]["latent_recovery"]["theories"][LAW]["z"]) == (2, 2)
    assert shown["rms"][LAW]["convergence"] == 0.125
    assert shown["rms"][OTHER]["convergence"] is None
    assert shown["holds"] == {LAW: [True, False], OTHER: [False, False]}


def test_a_row_for_each_theory_says_how_far_it_is_off_and_where(found):
    head, rows = report.verdict_rows(found)
    leading = len(head) - 3
    assert head[0] == "theory"
    assert head[-2:] == ["q within 0.05 at n", "not so at n"]
    assert [row[0] for row in rows] == [LAW, OTHER]
    assert rows[0][1] == "0.125 (+0.12 at 4)"
    assert rows[1][1 : 1 + leading] == ["–"] * leading
    assert rows[0][-2:] == ["4", "16"]
