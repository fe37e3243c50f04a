"""What is said of the factors that a pilot shows."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.cli.reports.answer import factors

NAN = np.nan


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ([], "So few points show no leading factor: none can be told apart from the others."),
        ([20.0], "These points show factor 1: recovered from n = 20 (10 to 40) on; further"),
        ([NAN], "These points show factor 1, but not from which n on it is recovered; further"),
        ([NAN, NAN], "show factors 1 to 2, but not from which n on they are recovered; further"),
        (
            [20.0, NAN],
            "show factors 1 to 2: factor 1 recovered from n = 20 (10 to 40) on, the others from an "
            "n that these points do not tell; further ones",
        ),
        (
            [20.0, 30.0],
            "factors 1 to 2: factor 1 recovered from n = 20 (10 to 40) on, factor 2 from n = 30 "
            "(15 to 60) on; further",
        ),
        ([NAN, 30.0], "factor 2 recovered from n = 30 (15 to 60) on, the others from an n"),
    ],
)
def test_only_factors_with_a_known_start_have_a_number(starts, words):
    value = np.array(starts)
    answer = SimpleNamespace(factors=SimpleNamespace(value=value, low=value / 2, high=value * 2))
    assert words in factors(answer)
    assert "nan" not in factors(answer)
