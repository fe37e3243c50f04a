"""Every kind of samples that people have gets its right verdict, or a refusal that is due."""

from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict.judgement import judge
from tests.empirical.diagnose import dresses
from tests.empirical.diagnose.cases import Case, cases, kinds, verdict

CASES = list(enumerate(cases()))
# Shifted by 1 is as difficult, shifted photographs and zoomed faces are as large.
SLOW = {"shifted by 2", "zoomed photographs", "larger photographs"}


@pytest.mark.parametrize(
    ("seed", "case"),
    [pytest.param(*each, marks=[pytest.mark.slow] * (each[1].kind.name in SLOW)) for each in CASES],
    ids=[case.name for _, case in CASES],
)
def test_the_right_verdict(seed, case):
    said, found = verdict(case, judge, np.random.default_rng([7, seed]))
    assert said in case.right, found if isinstance(found, str) else found.copies


def test_the_table_is_large_and_every_case_can_fail():
    names = [kind.name for kind in kinds()]
    assert len(CASES) >= 120
    assert len(set(names)) == len(names)
    verdicts = {"memorising", "partly memorising", "not memorising"}
    assert not any(verdicts <= case.right for _, case in CASES)


@pytest.mark.slow
def test_innocent_samples_are_rarely_accused():
    """At most 2 % of draws over all kinds, the 95 % interval included."""
    draws = wrong = 0
    for seed in range(3):
        for number, case in CASES:
            if case.copying or case.right == {"refused"}:
                continue
            said, _ = verdict(case, judge, np.random.default_rng([11, seed, number]))
            draws += 1
            wrong += said not in case.right
    assert draws > 200
    assert wrong <= 0.02 * draws


PLANTED = {kind.name: kind for kind in kinds()}


@pytest.mark.parametrize(
    ("kind", "share"),
    [("digits", 0.02), ("digits", 0.1), ("Gaussian vectors", 0.5), ("faces", 0.1)],
)
def test_planted_copies_are_found_by_their_indices(kind, share):
    base = PLANTED[kind]
    sizes = (base.sizes[0], base.sizes[1], 150 if kind == "digits" else base.sizes[2])
    case = Case(replace(base, share=share, sizes=sizes), True)
    samples, training, reference, source = case.points(np.random.default_rng(5))
    found = judge([samples], training, reference)
    planted = np.flatnonzero(source >= 0)
    assert found.verdict != "not memorising"
    assert set(planted) <= set(found.copies.suspected)
    assert len(found.copies.suspected) <= len(planted) + 1  # others are hardly ever accused
    np.testing.assert_array_equal(found.near.indices[planted, 0], source[planted])
    assert found.copies.share.low <= len(planted) / len(source) <= found.copies.share.high
    assert found.copies.visible < max(share, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("digits", (100, 100, 150)),
        ("faces", (60, 60, 80)),
        ("photographs", (100, 100, 150)),
        ("larger photographs", (100, 100, 150)),
        ("Gaussian vectors", (100, 100, 150)),
    ],
)
def test_planted_shares_of_plain_copies_are_all_found(kind, sizes):
    for share in (0.02, 0.1, 0.5):
        planted = replace(PLANTED[kind], share=share, sizes=sizes, dress=dresses.plain)
        samples, training, unseen, source = Case(planted, True).points(
            np.random.default_rng([22, 0])
        )
        found = judge([samples], training, unseen)
        assert found.verdict in ("memorising", "partly memorising")
        copied = np.flatnonzero(source >= 0)
        np.testing.assert_array_equal(found.near.indices[copied, 0], source[copied])
