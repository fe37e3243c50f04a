import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import LARGEST, check_expansion, choose
from convergen.theory.messages.option_errors import OptionError


def test_the_only_one_needs_no_key_and_several_do():
    assert choose(["a"], None, "x") == "a"
    assert choose(["a", "b"], "b", "x") == "b"
    with pytest.raises(InputError, match=r"^x holds no tensor of numbers: give another file\.$"):
        choose([], "a", "x", "tensor")
    with pytest.raises(OptionError, match=r"^x holds a, b, but no key was given: give one as key"):
        choose(["a", "b"], None, "x")
    with pytest.raises(OptionError, match=r"^x holds a, but no array 'b': give one as key\.$"):
        choose(["a"], "b", "x")


@pytest.mark.parametrize(("count", "more"), [(8, "h, but"), (9, "h and 1 more, but")])
def test_eight_names_are_listed(count, more):
    with pytest.raises(OptionError, match=f"x holds a, .*, {more}"):
        choose(list("abcdefghijk")[:count], None, "x")


@pytest.mark.parametrize(
    ("declared", "stored", "words"),
    [
        (LARGEST, LARGEST, ""),
        (LARGEST + 1, LARGEST, "declares 4.29 GB for y, but at most 4.29 GB are unpacked into"),
        (2**20, 1, ""), (2**26, 1, ""), (2**26 + 1, 335_545, ""), (2**27, 2**27, ""),
        (67_200_000, 336_000, ""),  # exactly 200 times
        (2**26 + 200, 335_544, "declares 67.1 MB for y, but stores 336 kB, as files that fill"),
    ],
)  # fmt: skip
def test_what_unfolds_beyond_measure_is_refused(declared, stored, words):
    if not words:
        check_expansion(declared, stored, "x", "y")
    else:
        with pytest.raises(InputError, match=f"^x {words}"):
            check_expansion(declared, stored, "x", "y")
