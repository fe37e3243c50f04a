"""Data that show nothing of their law are one sentence; what can be answered is, with a warning."""

import numpy as np
import pytest

from convergen.theory.sources import source

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((30, 12))
ALMOST = np.ones((30, 12))
ALMOST[4] = 2.0
MISSING, INFINITE = POINTS.copy(), POINTS.copy()
MISSING[3, 2], INFINITE[9, 0] = np.nan, np.inf

REFUSED = {
    "one": (POINTS[:1], "data has 1 row(s), but a covariance needs at least 2"),
    "two": (POINTS[:2], "a pilot of 2 points says nothing of the law behind it: give at least 8."),
    "equal": (np.ones((30, 12)), "data has no variance, every column is constant"),
    "almost equal": (ALMOST, "a pilot of 30 points with 2 different ones says nothing"),
    "few different": (np.tile(POINTS[:7], (4, 1)), "a pilot of 28 points with 7 different ones"),
    "missing": (MISSING, "data holds 1 value(s) that are NaN or infinite, the first in row 3"),
    "infinite": (INFINITE, "data holds 1 value(s) that are NaN or infinite, the first in row 9"),
    "none": (POINTS[:0], "holds an array of shape (0, 12): give one with data"),
    "huge values": (1e160 * POINTS, "could overflow the covariance: divide the data by a constant"),
    "tiny values": (1e-200 * POINTS, "or multiply tiny values by a constant"),
}


@pytest.mark.parametrize("command", ["predict", "plan"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_shows_nothing_is_refused_in_one_sentence(convergen, tmp_path, case, command):
    data, words = REFUSED[case]
    np.save(tmp_path / "mine.npy", data)
    code, out, err = convergen(command, "mine.npy")
    assert (code, out) == (2, "")
    assert err.startswith("convergen: error: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize("command", ["predict", "plan"])
def test_more_than_memory_holds_is_refused_before_it_is_read(
    convergen, tmp_path, monkeypatch, command
):
    monkeypatch.setattr(source, "_LARGEST", 1000)
    np.save(tmp_path / "mine.npy", POINTS)
    code, out, err = convergen(command, "mine.npy")
    assert (code, out) == (2, "")
    assert "30 points of 12 coordinates have 1.15 kB of eigenvectors (mine.npy)" in err


def test_repetitions_and_constant_columns_are_answered(convergen, tmp_path):
    data = np.concatenate([POINTS, POINTS[:5]])
    data[:, 3:6] = 7.0
    np.save(tmp_path / "mine.npy", data)
    code, out, err = convergen("predict", "mine.npy", "--samples", 20)
    assert (code, err) == (0, "")
    assert out.startswith("35 points like these are")
    assert "\nmine.npy: 12 dimensions (9 with variance)" in out
    words = " ".join(out.split())
    assert "Beware: 5 of the points repeat an earlier one exactly, which makes all of this" in words
    assert "nan" not in out
