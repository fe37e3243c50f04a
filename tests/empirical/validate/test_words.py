"""What a validation says of each theory: how far it is off, in what, and where."""

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate import report, words

NAMES = [row.name for row in SOLVABLE.rows()][:3]
Q, M, COPIES = np.array([0.2, 0.6, 0.9]), np.array([1.0, 0.8, 0.7]), np.array([0.9, 0.3, 0.0])
# Predicted less measured of q, m and the share of copies, theory by theory.
OFF = {
    NAMES[0]: ([0.02, -0.04, 0.01], [0.0, 0.3, 0.0], [np.nan] * 3),
    NAMES[1]: ([np.nan] * 3, [0.1, -0.1, 0.1], [np.nan] * 3),
    NAMES[2]: ([np.nan, 0.2, -0.3], [0.0, 0.0, 0.1], [np.nan, -0.2, 0.1]),
}


@pytest.fixture
def found():
    data = xr.Dataset(coords={"samples": [4, 16, 64], "theory": NAMES})
    measured = {"convergence": Q, "memorisation": M, "fraction_memorised": COPIES}
    for place, (name, values) in enumerate(measured.items()):
        off = np.array([OFF[theory][place] for theory in NAMES])
        data[name] = "samples", values
        data[f"{name}_predicted"] = ("theory", "samples"), values + off
        # As `validate` has it: over the n of which the theory says something.
        known = np.isfinite(off)
        size = np.where(known, off**2, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        data[f"{name}_rms"] = "theory", np.where(known.any(axis=1), np.sqrt(size), np.nan)
    gap = data["convergence_predicted"] - data["convergence"]
    return data.assign(holds=np.abs(gap) <= 0.05)


def test_each_theory_is_judged_by_what_it_predicts(found):
    first, second, third = words.verdicts(found)
    assert (first.holds, first.fails) == ([4, 16, 64], [])
    assert (third.holds, third.fails) == ([], [16, 64])
    assert first.rms == pytest.approx(np.sqrt((0.02**2 + 0.04**2 + 0.01**2) / 3))
    assert first.misses["memorisation"].worst == (16, pytest.approx(0.3))
    assert first.misses["fraction_memorised"].worst is None
    assert np.isnan(second.rms)
    assert third.misses["convergence"].worst == (64, pytest.approx(-0.3))
    assert third.misses["fraction_memorised"].rms == pytest.approx(np.sqrt(0.025))


def test_the_table_shows_errors_of_all_and_dashes_where_nothing_is_said(found):
    head, rows = report.verdict_rows(found)
    assert head[1:4] == ["q off by", "m off by", "share of copies off by"]
    assert rows[0][1:4] == ["0.026 (-0.04 at 16)", "0.173 (+0.30 at 16)", "–"]
    assert rows[1][1:] == ["–", "0.100 (+0.10 at 4)", "–", "–", "–"]
    assert rows[2][3:] == ["0.158 (-0.20 at 16)", "–", "16, 64"]


def test_the_best_theory_is_said_with_its_other_errors(found):
    said = words.best(found)
    assert said.startswith(f"The best of 2 theories, {NAMES[0]}, is right at n = 4, 16, 64: its q")
    assert said.endswith("off by 0.026 on average (right: by at most 0.05), its m by 0.173.")
    last = words.best(found.isel(theory=[2]))
    assert last.endswith("its m by 0.058 and its share of copies by 0.158.")


def test_what_the_networks_do_is_said_first(found):
    assert words.measured(found) == (
        "Two of these networks, trained on different sets of 4 samples, agree to q = 0.20 (1 is "
        "the same network); on sets of 64, to 0.90. Copies were generated up to n = 16 (30 % "
        "there)."
    )
    alone = found.isel(samples=[2])
    assert words.measured(alone) == (
        "Two of these networks, trained on different sets of 64 samples, agree to q = 0.90 (1 is "
        "the same network). None of what they generate is a copy."
    )
    all_copy = found.assign(fraction_memorised=("samples", [0.9, 0.3, 0.25]))
    assert "Copies were generated up to n = 64 (25 % there)." in words.measured(all_copy)


@pytest.mark.parametrize(
    ("share", "said"), [(0.01, "up to n = 16 (30 % there)"), (0.012, "up to n = 64 (1 % there)")]
)
def test_one_copy_in_a_hundred_is_not_spoken_of(found, share, said):
    some = found.assign(fraction_memorised=("samples", [0.9, 0.3, share]))
    assert f"Copies were generated {said}." in words.measured(some)
