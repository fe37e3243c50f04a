"""Tables and numbers of a forecast, from numbers made for it."""

import json

import numpy as np
import xarray as xr

from convergen.empirical.forecast.pairs import QUANTITIES
from convergen.empirical.forecast.report import (
    INTERVALS,
    forecast_json,
    forecast_rows,
    forecast_text,
    level_lines,
    stop_rows,
)

NAN = np.nan


def along(dim, name, value, width):
    value = np.asarray(value, float)
    ends = {"": value, "_low": value - width, "_high": value + width}
    return {f"{name}{end}": (dim, values) for end, values in ends.items()}


def found(q=(0.25, 0.625, 0.875), calibrated_at=64):
    variables = {}
    for place, name in enumerate(QUANTITIES):
        values = q if name == "convergence" else np.array([0.75, 0.5, 0.25]) + place
        variables |= along("samples", name, values, 0.125)
    variables |= along("samples", "fraction_memorised", [0.9, 0.5, 0.05], 0.05)
    variables |= {
        "samples_for": ("level", [81.0, NAN]), "samples_for_low": ("level", [58.0, NAN]),
        "samples_for_high": ("level", [NAN, NAN]),
    }  # fmt: skip
    attributes = {
        "calibrated_at": calibrated_at, "images": 6000, "weighted_images": 3000.0, "tenth": 100.0,
        "tenth_low": 50.0, "tenth_high": 200.0, "rests_on": "It rests on a pair.",
        "trust": "Trust it.", "misfit": NAN,
    }  # fmt: skip
    return xr.Dataset(variables, {"samples": [16, 64, 256], "level": [0.5, 0.9]}, attributes)


def test_a_row_for_each_n_with_a_star_at_that_of_the_calibration():
    head, rows = forecast_rows(found())
    assert head == ["n", "q", "m", "copies", "variance"]
    assert [row[0] for row in rows] == [("16", ""), ("64*", ""), ("256", "")]
    assert [row[1] for row in rows] == [
        ("0.25", "(0.12 to 0.38)"), ("0.62", "(0.50 to 0.75)"), ("0.88", "(0.75 to 1.00)"),
    ]  # fmt: skip
    assert len(rows[0]) == len(head) == 1 + len(QUANTITIES)
    assert [cell for cell, _ in rows[2][2:]] == ["1.25", "0.05", "3.25"]
    _, rows = forecast_rows(found(calibrated_at=0))
    assert [row[0][0] for row in rows] == ["16", "64", "256"]


def test_levels_are_crossed_below_or_above_or_between():
    lines = level_lines(found())
    assert lines[0] == "q = 0.5 at n = 81 (58 to more than 256)."
    assert lines[1] == "q = 0.9 is not reached up to n = 256."
    high = found(q=(0.9, 0.95, 0.99))
    assert level_lines(high)[1] == "q = 0.9 is reached below n = 16."
    lower = found(q=(0.899, 0.95, 0.99))
    assert level_lines(lower)[1] == "q = 0.9 is not reached up to n = 256."


def test_budgets_have_two_digits():
    head, rows = stop_rows(found())
    assert head == ["n", "images until 10 % are memorised"]
    assert [row[0] for row in rows] == [("16", ""), ("64", ""), ("256", "")]
    # 100 weighted images for a point, of which a cosine makes two: n = 64 takes 12 800.
    assert [row[1] for row in rows] == [
        ("3,200", "(1,600 to 6,400)"), ("13,000", "(6,400 to 26,000)"),
        ("51,000", "(26,000 to 100,000)"),
    ]  # fmt: skip


def test_the_text_has_a_title_and_says_what_it_rests_on():
    lines = forecast_text("A forecast", found()).splitlines()
    place = lines.index("A forecast")
    assert lines[place + 1] == ""
    text = " ".join(line.strip() for line in lines)
    for words in ("It rests on a pair.", "Trust it.", INTERVALS, "0.62 (0.50 to 0.75)"):
        assert words in text
    assert text.index("It takes about") < text.index("A forecast") < text.index("q = 0.5 at")
    assert lines[-1] == "Trust it."


def test_json_holds_every_number():
    given = found()
    said = json.loads(json.dumps(forecast_json(given), allow_nan=False))
    assert said["samples"] == [16, 64, 256]
    assert said["convergence_low"] == [0.125, 0.5, 0.75]
    assert said["samples_for"] == [81.0, None]
    assert said["calibration"]["misfit"] is None
    assert said["calibration"]["tenth"] == 100.0
    assert set(said) == {*map(str, given.variables), "calibration"}
