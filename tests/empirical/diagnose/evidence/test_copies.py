"""What chance gives, and when there are more copies than that."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom

from convergen.empirical.diagnose.distances.neighbours import Near
from convergen.empirical.diagnose.evidence import copies as module
from convergen.empirical.diagnose.evidence.chance import Chance
from convergen.empirical.diagnose.evidence.copies import (
    _LADDER,
    Copies,
    Look,
    _alike,
    _best_evidence,
    _beyond_chance,
    _evidence,
    _faintest,
    _rate,
    _widest,
    _without_chance,
    find_copies,
)
from convergen.empirical.diagnose.evidence.shares import share_of


def test_chance_follows_a_power_law_and_is_not_misled_by_repeats():
    """Ratios of points in k dimensions obey P(ratio < x) = x^k."""
    rng = np.random.default_rng(0)
    values = rng.random(2000) ** (1.0 / 6.0)
    clean = Chance.of(values)
    dirty = Chance.of(np.concatenate([values, 1e-6 * np.ones(40)]))
    x = np.array([0.9, 0.7, 0.5])
    for chance in (clean, dirty):
        # Doubt of the tail and what was never seen only make chance larger.
        assert np.all(chance.probability(x) > 0.9 * x**6)
        assert np.all(chance.probability(x) < 2.0 * x**6 + 1e-3)
    assert clean.probability(np.array([0.0]))[0] < 1e-8
    assert clean.probability(np.array([1.5]))[0] == pytest.approx(1.0)
    natural = Chance.of(values, repeats=0.1)
    assert natural.probability(np.array([0.0]))[0] == pytest.approx(0.1)


def test_copies_are_counted_without_those_of_chance():
    rng = np.random.default_rng(1)
    chance = Chance.of(rng.random(1000) ** (1.0 / 8.0))
    found = rng.random(300) ** (1.0 / 8.0)
    points = np.arange(300)[:, None]

    def look(values, index=points, control=None):
        near = Near(index, values[:, None], values)
        return Look("by distances", values, values, near, chance, control)

    def judged(*given, **options):
        return find_copies([look(*given, **options)])

    assert not judged(found).significant
    copied = found.copy()
    copied[:60] = 0.05 * rng.random(60)
    seen = judged(copied)
    assert seen.significant
    assert seen.share.low < 0.2 < seen.share.high
    assert set(range(60)) <= set(seen.suspected)
    assert np.all(np.diff(copied[seen.suspected]) >= 0.0)
    assert np.array_equal(seen.points, points[:, 0])
    assert seen.visible == pytest.approx(1.0 - 0.05 ** (1.0 / 300))
    # Unseen points that are copied as often: no memory of the training set.
    fair = copied, Near(points, copied[:, None], copied), 0.5
    assert not judged(copied, control=fair).significant
    # All suspects from one point at a middling ratio: one accident, repeated.
    accident = found.copy()
    accident[:60] = 0.6
    one = points.copy()
    one[:60] = 0
    assert not judged(accident, one).significant
    # The look that shows them is taken, the plain one if none does.
    other = find_copies([look(found), look(copied)])
    assert other.significant
    assert other.look.values is copied
    assert find_copies([look(found), look(found[::-1])]).look.values is found


def test_a_chance_neighbour_among_unseen_points_acquits_nobody():
    """Copies that are sharp count, even if one sample resembles an unseen point somewhat."""
    rng = np.random.default_rng(3)
    chance = Chance.of(rng.random(400) ** (1.0 / 8.0))
    values = 0.7 + 0.3 * rng.random(100)
    values[:6] = 0.1
    points = np.arange(100)[:, None]
    other = 0.7 + 0.3 * rng.random(100)
    other[50] = 0.35
    control = other, Near(points, other[:, None], other), 0.5
    seen = find_copies([Look("", values, values, Near(points, values[:, None], values), chance,
                             control)])  # fmt: skip
    assert seen.significant
    assert set(seen.suspected) >= set(range(6))


def test_the_stated_power_is_that_of_planted_faint_copies():
    """With the share that is called visible, 19 of 20 sets of samples show them."""
    rng = np.random.default_rng(4)
    chance = Chance.of(rng.random(300) ** (1.0 / 6.0))
    count, tries = 200, 60
    points = np.arange(count)[:, None]

    def found(share):
        hits = 0
        for _ in range(tries):
            values = 0.75 + 0.25 * rng.random(count)
            values[: rng.binomial(count, share)] = 0.333
            near = Near(points, values[:, None], values)
            control = 0.75 + 0.25 * rng.random(count), near, 0.5
            hits += find_copies([Look("", values, values, near, chance, control)]).significant
        return hits / tries

    near = Near(points, np.ones((count, 1)), np.ones(count))
    faint = find_copies([Look("", np.ones(count), np.ones(count), near, chance)]).faint
    with_unseen = find_copies(
        [Look("", np.ones(count), np.ones(count), near, chance, (np.ones(count), near, 0.5))]
    ).faint
    assert 0.01 < with_unseen < faint < 0.5
    assert found(with_unseen) > 0.85
    assert found(0.3 * with_unseen) < 0.6


def test_innocents_of_a_lucky_draw_are_no_suspects():
    """Over many draws the count is right, the interval holds it, and suspects are the copies."""
    rng = np.random.default_rng(6)
    chance = Chance.of(rng.random(400) ** (1.0 / 8.0))
    count, copied, tries = 100, 8, 100
    points = np.arange(count)[:, None]
    said, inside, innocent = [], 0, 0
    for _ in range(tries):
        values = rng.random(count) ** (1.0 / 8.0)
        values[:copied] = 0.02
        near = Near(points, values[:, None], values)
        seen = find_copies([Look("", values, values, near, chance)])
        said.append(count * seen.share.value)
        inside += seen.share.low <= copied / count <= seen.share.high
        innocent += len(seen.suspected) - copied
        assert set(range(copied)) <= set(seen.suspected)
    assert np.mean(said) == pytest.approx(copied, abs=0.5)
    assert inside >= 0.95 * tries
    assert innocent < tries


def test_faint_copies_widen_what_is_said():
    """A few among innocents are not suspected, but the upper end allows for them."""
    rng = np.random.default_rng(7)
    chance = Chance.of(rng.random(400) ** (1.0 / 8.0))
    values = np.concatenate([np.full(6, 0.02), np.full(5, 0.6), np.linspace(0.8, 1.0, 89)])
    points = np.arange(100)[:, None]
    seen = find_copies([Look("", values, values, Near(points, values[:, None], values), chance)])
    assert len(seen.suspected) == 6
    assert seen.share.value < 0.06
    assert seen.share.high > share_of(6, 100).high + 0.01


@pytest.mark.parametrize("count", [1, 60, 1000])
def test_a_share_that_is_visible_is_missed_once_in_twenty(count):
    copies = SimpleNamespace(chance=np.ones(count))
    assert (1.0 - Copies.visible.fget(copies)) ** count == pytest.approx(0.05)


def test_the_sharpest_rung_is_left_only_for_more_than_chance_adds():
    innocent = np.linspace(0.05, 1.0, 200)
    cut, below, rate = _beyond_chance(innocent, 0.0)
    assert below.sum() == 0
    assert rate == pytest.approx(cut)
    surest = cut
    some = np.concatenate([np.full(20, 0.5 * surest), innocent])
    cut, below, _ = _beyond_chance(some, 0.0)
    assert (cut, below.sum()) == (surest, 20)
    many = np.concatenate([np.full(20, 0.5 * surest), np.full(20, 2.0 * surest), innocent])
    cut, below, rate = _beyond_chance(many, 0.0)
    assert cut > surest
    assert below.sum() == 40
    share = _without_chance(below, rate)
    assert share.value == pytest.approx((40 / 240 - rate) / (1.0 - rate))
    assert share.low < share.value < share.high
    assert _without_chance(np.zeros(50, bool), 0.1).value == 0.0


def hits(count, total, where=0.001):
    """Chances of so many suspects, of others none."""
    return np.r_[np.full(count, where), np.ones(total - count)]


@pytest.mark.parametrize("repeats", [0.0, 0.1])
def test_evidence_of_points_of_one_sample_each_is_twice_the_binomial_tail(repeats):
    cut = 0.02
    each = repeats + (1.0 - repeats) * cut
    found = _evidence(hits(12, 40), np.arange(40), cut, repeats)
    assert found == pytest.approx(2.0 * binom.sf(11, 40, each))
    assert _evidence(hits(0, 40), np.arange(40), cut, repeats) == 1.0


def test_evidence_of_points_of_several_samples():
    """Points of 4, 4, 2 and 2 samples: one that any sample hits, or half of them."""
    points, cut = np.repeat([3, 5, 8, 9], [4, 4, 2, 2]), 0.01
    any_rate = 1.0 - 0.99 ** (12 / 4)
    one_of_each = np.ones(12)
    one_of_each[[0, 4, 8]] = 0.001  # of 4, 4 and 2: half of the last alone
    found = _evidence(one_of_each, points, cut, 0.0)
    expected = binom.sf(2, 4, any_rate), binom.sf(0, 4, 0.02)
    assert found == pytest.approx(2.0 * min(expected))
    halves = np.ones(12)
    halves[[0, 1, 4, 5, 8, 10]] = 0.001
    found = _evidence(halves, points, cut, 0.0)
    assert found == pytest.approx(2.0 * min(binom.sf(3, 4, any_rate), binom.sf(3, 4, 0.02)))


def look(values, points, other=None, part=0.4):
    """Chance is the value itself; second neighbours are all the same point."""

    def near(rows, of):
        rows = np.stack([rows, np.zeros_like(rows)], axis=1)
        return Near(rows, np.stack([of, of + 1.0], axis=1), of)

    chance = SimpleNamespace(probability=lambda x: x, repeats=0.0)
    control = None if other is None else (other, near(np.arange(len(other)), other), part)
    return Look("", values, values, near(points, values), chance, control)


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (3, 1, binom.sf(2, 4, 0.4)), (3, 2, binom.sf(2, 5, 0.4)), (0, 2, 1.0), (0, 0, 1.0),
        (2, 2, binom.sf(1, 4, 0.4)),
        (1, 0, 0.01),  # 0.4, were it not that unseen points have none
        (6, 0, 0.4**6),
    ],
)  # fmt: skip
def test_what_is_copied_by_chance_is_copied_from_both_in_proportion(own, other, expected):
    values, others = hits(own, 30), hits(other, 30)
    given = look(values, np.arange(30), others)
    assert _alike(given, values, np.arange(30), 0.02) == pytest.approx(expected)
    assert _alike(look(values, np.arange(30)), values, np.arange(30), 0.02) is None
    # Two suspects of one point are one.
    twice = np.r_[values[:1], values] if own else values
    points = np.r_[0, np.arange(30)] if own else np.arange(30)
    assert _alike(given, twice, points, 0.02) == pytest.approx(expected)


def test_evidence_is_of_the_nearest_points_on_the_sharpest_rung():
    values = hits(6, 30, 1e-6)
    sharpest = min(cut for cut in _LADDER if cut > 1e-6)
    evidence, alike = _best_evidence(look(values, np.arange(30)))
    assert evidence == pytest.approx(2.0 * binom.sf(5, 30, sharpest), abs=0.0)
    assert alike is None
    fair = look(values, np.arange(30), values)
    assert _best_evidence(fair)[0] == 1.0  # unseen points are copied alike


@pytest.mark.parametrize(("each", "limit"), [(1e-6, 5e-4), (0.004, 1e-5), (3e-3, 1e-5)])
def test_the_faintest_share_that_shows_in_nineteen_of_twenty_cases(each, limit):
    """The fewest hits that pass on some rung; the share that gives as many with 95 %."""
    count = 150
    given = SimpleNamespace(
        chance=SimpleNamespace(probability=lambda x: np.full(len(x), each), repeats=0.0)
    )
    rungs = [cut for cut in _LADDER if cut > each]
    wanted = min(
        next(k for k in range(1, count + 1) if 2.0 * binom.sf(k - 1, count, cut) < limit)
        for cut in rungs
    )
    expected = brentq(lambda share: binom.sf(wanted - 1, count, share) - 0.95, 1e-6, 1.0 - 1e-9)
    assert _faintest(given, count, limit) == pytest.approx(expected)


def test_where_no_number_of_faint_copies_shows_the_share_is_one():
    never = SimpleNamespace(
        chance=SimpleNamespace(probability=lambda x: np.full(len(x), 0.9), repeats=0.0)
    )
    assert _faintest(never, 150, 1e-5) == 1.0
    few = SimpleNamespace(
        chance=SimpleNamespace(probability=lambda x: np.full(len(x), 1e-9), repeats=0.3)
    )
    assert _faintest(few, 2, 1e-5) == 1.0


def test_real_sets_exchanged():
    given = look(hits(2, 5), np.arange(5), hits(1, 5), 0.4)
    turned = given.turned
    assert turned.values is turned.ratios is given.control[0]
    assert turned.near is given.control[1]
    assert turned.control == (given.values, given.near, pytest.approx(0.6))


RUNGS = (1e-7, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 0.03, 0.1, 0.2)


@pytest.mark.parametrize("place", range(10))
def test_each_rung_counts_what_is_below_it(place):
    rung, further = RUNGS[place], (*RUNGS, RUNGS[0])[place + 1]
    below = np.r_[np.full(100, 0.99 * rung), np.ones(100)]
    for found in (_beyond_chance(below, 0.0), (rung, *_widest(below, 0.0))):
        assert (found[0], found[1].sum()) == (rung, 100)
        assert found[2] == pytest.approx(rung)
    assert _widest(below, 0.1)[1] == pytest.approx(0.1 + 0.9 * rung)
    at = np.where(below < 1.0, rung, 1.0)  # a chance of the rung itself is not below it
    cut, beyond, rate = _beyond_chance(at, 0.0)
    assert (cut, beyond.sum()) == (further, 0 if rung == 0.2 else 100)
    assert _widest(at, 0.0)[0].sum() == beyond.sum()
    assert rate == pytest.approx(further)


def test_the_rung_that_shows_most_is_not_the_sharpest_for_its_sharpness():
    p = np.r_[1e-8, np.full(40, 0.02), np.full(5, 0.15), np.ones(54)]
    below, rate = _widest(p, 0.0)
    assert (below.sum(), rate) == (41, 0.03)


@pytest.mark.parametrize("repeats", [0.0, 0.5])
@pytest.mark.parametrize(("count", "cut"), [(1000, 1e-5), (1020, 1e-7)])
def test_a_rung_adds_what_chance_adds_once_in_a_hundred(repeats, count, cut):
    """One of N at a chance of 9.9e-6 each: below 0.01 up to N = 1010."""
    p = np.r_[2e-7, np.ones(count - 1)]
    assert _beyond_chance(p, repeats)[0] == cut


@pytest.mark.parametrize(
    ("evidence", "unseen", "significant"),
    [
        (4.9e-4, True, True), (5e-4, True, False), (5.1e-4, True, False),
        (0.9e-5, False, True), (1e-5, False, False), (1.1e-5, False, False),
    ],
)  # fmt: skip
def test_copies_are_significant_below_a_limit(monkeypatch, evidence, unseen, significant):
    monkeypatch.setattr(module, "_best_evidence", lambda look: (evidence, 0.5))
    values = np.linspace(0.1, 1.0, 9)
    given = look(values, np.arange(9), values if unseen else None)
    assert find_copies([given]).significant == significant


@pytest.mark.parametrize(("alike", "evidence"), [(0.01, 1e-9), (0.011, 1.0), (None, 1e-9)])
def test_a_rung_where_unseen_points_are_copied_alike_does_not_count(monkeypatch, alike, evidence):
    monkeypatch.setattr(module, "_alike", lambda *given: alike)
    monkeypatch.setattr(module, "_evidence", lambda *given: 1e-9)
    assert _best_evidence(look(np.ones(3), np.arange(3))) == (evidence, alike)


def test_of_rungs_that_do_not_count_the_sharpest_evidence_is_told():
    """Six suspects of either set, and ten more of the unseen one at 0.15."""
    values, others = hits(6, 40, 1e-6), hits(6, 40, 1e-6)
    others[6:16] = 0.15
    evidence, alike = _best_evidence(look(values, np.arange(40), others))
    assert evidence == 1.0
    assert alike == pytest.approx(binom.sf(5, 12, 0.4))


def test_a_chance_of_the_rung_itself_is_not_below_it_in_either_set():
    values, others = np.r_[hits(2, 10), 0.02], np.r_[hits(3, 10), 0.02]
    given = look(values, np.arange(11), others)
    expected = binom.sf(1, 5, 0.4)
    assert _alike(given, values, np.arange(11), 0.02) == pytest.approx(expected)
    assert _evidence(np.r_[0.02, np.ones(9)], np.arange(10), 0.02, 0.0) == 1.0


def test_the_plain_look_says_what_shows_and_points_are_the_nearest():
    values, rows = np.linspace(0.3, 1.0, 30), np.arange(30)[::-1]
    plain, other = look(values, rows), look(values, rows)
    rare = SimpleNamespace(probability=lambda x: x**9, repeats=0.0)
    both = [Look("", values, values, plain.near, rare), other]
    found = find_copies(both)
    assert found.points.tolist() == rows.tolist()
    assert found.faint == find_copies(both[:1]).faint < 1.0
    assert find_copies(both[1:]).faint == 1.0


def test_faint_copies_are_three_times_nearer():
    asked = []

    def probability(ratios):
        asked.extend(ratios)
        return np.ones(len(ratios))

    _faintest(SimpleNamespace(chance=SimpleNamespace(probability=probability)), 9, 1e-5)
    assert asked == [1.0 / 3.0]


@pytest.mark.parametrize(("count", "wanted"), [(30, 12), (3, 3), (40, 20)])
@pytest.mark.parametrize("more", [-1e-6, 1e-6])
def test_the_fewest_faint_copies_that_pass_the_limit(count, wanted, more):
    """Twice the tail of so many at a chance of 0.2 is the limit, but for a millionth of it."""
    limit = 2.0 * binom.sf(wanted - 1, count, 0.2) * (1.0 + more)
    given = SimpleNamespace(
        chance=SimpleNamespace(probability=lambda x: np.full(len(x), 0.15), repeats=0.0)
    )
    needed = wanted if more > 0.0 else wanted + 1
    found = _faintest(given, count, limit)
    if needed > count:
        assert found == 1.0
    else:
        assert binom.sf(needed - 1, count, found) == pytest.approx(0.95)


def test_one_faint_copy_shows_where_chance_makes_none():
    given = SimpleNamespace(
        chance=SimpleNamespace(probability=lambda x: np.full(len(x), 1e-9), repeats=0.0)
    )
    assert _faintest(given, 20, 1e-5) == pytest.approx(1.0 - 0.05 ** (1.0 / 20.0))


def test_evidence_of_what_is_more_frequent_than_not():
    assert _rate(0.2, 0.5) == pytest.approx(0.6)
    expected = 2.0 * binom.sf(2, 4, 0.6)
    assert _evidence(hits(3, 4), np.arange(4), 0.2, 0.5) == pytest.approx(expected)
    assert _evidence(hits(2, 4), np.arange(4), 0.2, 0.5) == 1.0
