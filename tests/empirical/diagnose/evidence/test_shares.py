"""Shares and their intervals against SciPy's."""

import pytest
from scipy.stats import binomtest

from convergen.empirical.diagnose.evidence.shares import at_least, share_of


def test_shares_and_tails_are_those_of_the_binomial_law():
    for count, total in ((0, 7), (3, 7), (7, 7)):
        ends = binomtest(count, total).proportion_ci(0.95)
        found = share_of(count, total)
        assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
        tail = binomtest(count, total, 0.3, alternative="greater").pvalue
        assert at_least(count, total, 0.3) == pytest.approx(tail)


def test_the_standard_error_of_a_share():
    """Binomial: √(p(1 − p)/n)."""
    assert share_of(3, 12).stderr == pytest.approx((0.25 * 0.75 / 12) ** 0.5)
    assert share_of(0, 12).stderr == share_of(12, 12).stderr == 0.0
    assert at_least(0, 12, 0.0) == 1.0
