"""What users write as sample sizes and noise levels."""

import tracemalloc

import numpy as np
import pytest

from convergen.theory import InputError
from convergen.theory.cli.options.grids import parse_levels, parse_samples


def test_numbers_and_ranges_may_be_mixed():
    np.testing.assert_array_equal(parse_samples("100,10,1:1000:4,10"), [1, 10, 100, 1000])
    np.testing.assert_allclose(parse_levels("0.5:2:3", "--sigma"), [0.5, 1.0, 2.0], rtol=1e-15)
    assert parse_samples("10:20").size == 7


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x", "cannot read 'x'"),
        ("1:2:3:4", "cannot read"),
        ("5:2", "START < STOP"),
        ("1:10:2.5", "whole COUNT"),
        ("1:10:1e400", "whole COUNT"),
        ("1e400", "infinite"),
        ("0.5,3", "at least 1"),
        ("1:10:10001", "COUNT of at most 10000"),
    ],
)
def test_what_cannot_be_read_is_refused(text, match):
    with pytest.raises(InputError, match=match):
        parse_samples(text)


def test_ranges_beyond_memory_are_refused_before_they_are_made():
    tracemalloc.start()
    with pytest.raises(InputError, match="asks for 1000000000 values"):
        parse_samples("1:10:1000000000")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
