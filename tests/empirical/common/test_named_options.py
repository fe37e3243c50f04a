import pytest

from convergen.empirical.common.named_options import TABLE, resolved
from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import NUMBER, WHOLE, Option

OPTIONS = (
    Option("size", WHOLE, "how large", required=True, least=2),
    Option("rate", NUMBER, "how fast", 0.5),
    Option("more", TABLE, "a table"),
)


def test_what_is_not_given_has_its_default():
    assert resolved("x", OPTIONS, {"size": 3}) == {"size": 3, "rate": 0.5, "more": None}
    given = {"size": 3, "rate": 2, "more": {"a": 1}}
    assert resolved("x", OPTIONS, given) == {"size": 3, "rate": 2.0, "more": {"a": 1}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sise": 3}, r"^x has no option 'sise' \(did you mean 'size'\?\): it takes size, rate,"),
        ({}, r"^x needs the option 'size' \(how large\): add it\.$"),
        ({"size": 1}, "^x: size must be a whole number, at least 2"),
        ({"size": 2, "more": 3}, "^x: more must be a table of settings"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_name_of_its_owner(given, words):
    with pytest.raises(InputError, match=words):
        resolved("x", OPTIONS, given)


def test_an_owner_without_options_says_so():
    with pytest.raises(InputError, match="x has no option 'a': it takes none"):
        resolved("x", (), {"a": 1})
