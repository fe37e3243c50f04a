"""Where copying begins, and what between two looks is open."""

import pytest

from convergen.empirical.diagnose.checkpoints.onset import Onset, onset

NO, YES, PARTLY, OPEN = "not memorising", "memorising", "partly memorising", "undecided"


@pytest.mark.parametrize(
    ("verdicts", "found", "words"),
    [
        ([NO, NO, PARTLY, YES], Onset(2, 3, (), 0.02), "between steps 2 and 3 (at 2 a share below"),
        ([NO, NO, NO, NO], Onset(4, None, (), 0.04), "No copying up to step 4"),
        ([PARTLY, YES, YES, YES], Onset(None, 1), "before step 1, the first"),
        ([NO, PARTLY, NO, YES], Onset(3, 4, (2,), 0.03), "Before, step 2 seemed to copy"),
        ([PARTLY, PARTLY, NO, NO], Onset(4, None, (1, 2), 0.04), "steps 1, 2 seemed"),
        ([NO, OPEN, YES, YES], Onset(1, 3, (), 0.01), "between steps 1 and 3"),
        ([OPEN, OPEN, OPEN, OPEN], Onset(4, None), "up to step 4"),
    ],
)
def test_onset(verdicts, found, words):
    told = onset([1, 2, 3, 4], verdicts, [0.01, 0.02, 0.03, 0.04])
    assert told == found
    assert words in told.sentence()
