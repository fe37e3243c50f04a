"""Which classes are copied."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from convergen.empirical.diagnose.evidence.classes import Found, class_rows
from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.diagnose.verdict.report import diagnosis_json, diagnosis_text
from convergen.theory.data.record import Record
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws


def test_shares_of_each_class():
    rng = np.random.default_rng(0)
    labels = ["a"] * 40 + ["b"] * 30 + ["c"] * 9
    suspected = np.zeros(79, bool)
    suspected[:12], suspected[40] = True, True
    first = np.where(suspected, 0.1, 0.9)
    cosines = rng.random(79)
    found = Found(suspected, 0.01, True, first, np.ones(79), cosines)
    a, b, c = class_rows(found, labels, ["a"] * 5 + ["d"])[:2] + class_rows(found, labels)[2:]
    assert (a.label, a.samples, a.training, a.copied) == ("a", 40, 5, True)
    known = binomtest(12, 40).proportion_ci(0.95, method="exact")
    assert (a.copies.value, a.copies.low, a.copies.high) == pytest.approx((0.3, *known))
    assert a.f_mem == a.copies
    assert a.m.value == pytest.approx(cosines[:40].mean())
    # One suspect of thirty is no more than chance gives among three classes.
    assert (b.label, b.copied, b.few) == ("b", False, False)
    assert (c.label, c.few, c.copies, c.copied) == ("c", True, None, False)
    assert class_rows(found, labels, ["d"])[-1].samples == 0
    innocent = Found(suspected, 0.01, False, first, np.ones(79), cosines)
    assert not any(row.copied for row in class_rows(innocent, labels))


def folder(name, rows, labels):
    record = Record(
        name, "folder", len(rows), "encoded images", "uint8", labels=tuple(map(str, labels))
    )
    return Points(name, rows, rows.shape[1:], record=record)


@pytest.mark.parametrize("known", [True, False], ids=["own labels", "those of training points"])
def test_the_copied_class_is_named(known):
    rows = laws.digits(260, np.random.default_rng(3))
    training, samples = rows[:100], rows[100:200].copy()
    classes = np.array(["x", "y"])[np.arange(100) % 2]
    samples[::2][:30] = training[::2][:30]
    labels = classes if known else ()
    own = folder("s", samples, labels) if known else Points("s", samples, (1, 8, 8))
    unseen = Points("u", rows[200:], (1, 8, 8))
    found = diagnose([own], folder("t", training, classes), unseen)
    first, second = found.classes
    assert (first.label, first.copied, second.copied) == ("x", True, False)
    assert first.copies.low > 0.3 > second.copies.value
    assert diagnosis_json(found)["classes"]["x"]["copied"] is True
    words = "those of the samples' own labels" if known else "each counts to the class of its"
    assert words in diagnosis_text(found)


def test_each_class_answers_for_all_of_them():
    """Two suspects of twenty at a rate of 0.005: chance 0.0045, of three classes above 0.01."""
    suspected = np.zeros(20, bool)
    suspected[:2] = True
    found = Found(suspected, 0.005, True, np.ones(20), np.ones(20), np.ones(20))
    assert binom.sf(1, 20, 0.005) == pytest.approx(0.0045, abs=2e-4)
    for others, copied in ((0, True), (1, True), (2, False)):
        rows = class_rows(found, ["a"] * 20, ["b", "c"][:others])
        assert rows[0].copied == copied
        assert len(rows) == 1 + others


def test_ten_samples_have_shares_and_are_three_times_nearer_or_not():
    """Distances 0.5 to the nearest and 1.4, 1.5 or 1.6 to the next: only the last counts."""
    second = np.repeat([1.4, 1.5, 1.6], [3, 3, 4])
    found = Found(np.zeros(10, bool), 0.1, False, np.full(10, 0.5), second, np.ones(10))
    (row,) = class_rows(found, ["a"] * 10)
    assert row.f_mem.value == 0.4
    assert not row.few
    (few,) = class_rows(found, ["a"] * 9 + [""])[:1]
    assert few.few


def test_the_most_copied_class_comes_first_and_those_of_few_samples_last():
    suspected = np.zeros(32, bool)
    suspected[[0, 10, 11]] = True
    found = Found(suspected, 0.1, True, np.ones(32), np.ones(32), np.ones(32))
    labels = ["a"] * 10 + ["b"] * 10 + ["c"] * 10 + ["0"] * 2
    assert [row.label for row in class_rows(found, labels)] == ["b", "a", "c", "0"]
