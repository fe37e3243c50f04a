from convergen import theory
from tests.options import unsaid


def test_what_is_done_where_nothing_is_said():
    assert unsaid(theory.simulate) == {
        "factors": 3, "ridge": 0, "repeats": 20, "seed": 0, "workers": 1,
    }  # fmt: skip
