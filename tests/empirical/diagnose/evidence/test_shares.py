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
