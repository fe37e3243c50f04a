from dataclasses import dataclass

import numpy as np
import pytest

from convergen.theory.common.brief import brief


@dataclass(frozen=True)
class Result:
    value: object
    _hidden: int = 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "Result()"),
        (0.123456, "Result(value=0.1235)"),
        (7, "Result(value=7)"),
        ("word", "Result(value='word')"),
        (np.float64(2.0), "Result(value=2)"),
        (np.arange(6), "Result(value=[0, 1, 2, 3, 4, 5])"),
        (np.array([[0.123456, 2.0]]), "Result(value=[[0.1235, 2]])"),
        (np.array(["a"]), "Result(value=['a'])"),
        (np.arange(7), "Result(value=<7 int64>)"),
        (np.zeros((2, 4), np.float32), "Result(value=<2×4 float32>)"),
    ],
)
def test_few_numbers_are_shown_and_many_are_counted(value, shown):
    assert brief(Result(value)) == shown
