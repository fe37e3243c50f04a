"""Arrays of several steps become sets, in the order of the steps."""

import numpy as np
import pytest

from convergen.empirical.diagnose.checkpoints import arrays
from convergen.empirical.diagnose.checkpoints.arrays import judge_checkpoints
from convergen.theory.common.checks import InputError


@pytest.fixture
def asked(monkeypatch):
    seen = []

    def measure(*given, **options):
        seen[:] = [*given, options]
        return "measured"

    monkeypatch.setattr(arrays, "measure_checkpoints", measure)
    monkeypatch.setattr(arrays, "checkpoints_dataset", lambda found: f"curves of what is {found}")
    return seen


def rows(count):
    return np.full((count, 3), float(count))


def test_steps_rise_whatever_their_order_was(asked):
    said = judge_checkpoints(
        {300: rows(5), 20: rows(4)}, rows(7), rows(8), {20: rows(4), 300: rows(5)}, seed=3
    )
    assert said == "curves of what is measured"
    steps, first, training, unseen, second, options = asked
    assert steps == [20, 300]
    assert [len(each) for each in first] == [4, 5]
    assert [each.name for each in first] == ["A at step 20", "A at step 300"]
    assert [each.name for each in second] == ["B at step 20", "B at step 300"]
    assert [len(each) for each in second] == [4, 5]
    assert (training.name, len(training)) == ("training set", 7)
    assert (unseen.name, len(unseen)) == ("unseen points", 8)
    assert options == {"seed": 3}


def test_unseen_points_and_a_second_model_may_be_missing(asked):
    judge_checkpoints({20: rows(4)}, rows(7))
    assert asked[3] is None
    assert asked[4] == ()


@pytest.mark.parametrize("second", [{20: rows(4)}, {20: rows(4), 30: rows(4)}, {}])
def test_both_models_are_judged_at_the_same_steps(asked, second):
    with pytest.raises(InputError, match=r"steps of both models differ: \[20, 300\] and"):
        judge_checkpoints({300: rows(5), 20: rows(4)}, rows(7), second=second)
