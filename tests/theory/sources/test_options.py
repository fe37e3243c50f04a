import numpy as np
import pytest

from convergen.theory.messages.option_errors import OptionError
from convergen.theory.sources.options import (
    KEYS,
    NUMBER,
    NUMBERS,
    TEXT,
    TRUTH,
    WHOLE,
    WHOLES,
    Option,
)


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        (WHOLE, 3, 3),
        (WHOLE, 3.0, 3),
        (WHOLE, np.int64(3), 3),
        (WHOLE, 2**62 + 1, 2**62 + 1),
        (NUMBER, 3, 3.0),
        (NUMBERS, [1, 2.5], (1.0, 2.5)),
        (NUMBERS, 4, (4.0,)),
        (NUMBERS, np.array([1.0, 2.0]), (1.0, 2.0)),
        (WHOLES, [3, 8.0], (3, 8)),
        (TEXT, "a", "a"),
        (TRUTH, False, False),
        (KEYS, "a", "a"),
        (KEYS, ["a"], "a"),
        (KEYS, ("a",), "a"),
    ],
)
def test_values_are_converted(kind, given, taken):
    found = Option("x", kind, "").check(given)
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (WHOLE, (True, 1.5, "8", float("nan"), float("inf"), 10**400, [1]), "a whole number"),
        (NUMBER, (True, "8", float("nan"), -float("inf"), 10**400), "a number"),
        (NUMBERS, ([], ["a"], "8", [1.0, None], [float("nan")]), "numbers"),
        (WHOLES, ([], [1.5], "8"), "whole numbers"),
        (TEXT, (3, True, ["a"]), "a text"),
        (TRUTH, (1, "true", "yes"), "true or false"),
        (KEYS, ([], ["a", "b"], 3, [3]), "a text, one for each file that takes one"),
    ],
)
def test_values_of_another_type_are_refused(kind, values, words):
    for value in values:
        with pytest.raises(OptionError, match=f"x must be {words}, not "):
            Option("x", kind, "").check(value)


def test_bounds():
    between = Option("x", WHOLE, "", least=2, most=4)
    assert [between.check(value) for value in (2, 3, 4)] == [2, 3, 4]
    for value in (1, 5):
        with pytest.raises(OptionError, match="x must be a whole number, at least 2 and at most 4"):
            between.check(value)
    positive = Option("x", NUMBERS, "", above=0)
    assert positive.check([1e-300]) == (1e-300,)
    with pytest.raises(OptionError, match="x must be numbers, above 0, not"):
        positive.check([1.0, 0.0])
    with pytest.raises(OptionError, match="x must be numbers, above 0, not"):
        positive.check([1.0, -2.0])


def test_defaults_choices_and_words():
    option = Option("x", TEXT, "", "one", choices=("one", "two"))
    assert option.check(None) == "one"
    assert option.check("two") == "two"
    with pytest.raises(OptionError, match="x must be 'one' or 'two', not 'three'"):
        option.check("three")
    assert Option("x", NUMBERS, "", (10.0, 2.5)).default_words == "10,2.5"
    assert Option("x", TRUTH, "", False).default_words == ""
    assert Option("x", WHOLE, "", 0).default_words == "0"
    assert Option("x", WHOLE, "", flag="--ex").spelling == "--ex"
    assert Option("x", WHOLE, "").spelling == "--option x=…"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WHOLE, "12", 12),
        (WHOLE, "2e3", 2000.0),
        (WHOLE, "9007199254740993", 9007199254740993),
        (WHOLE, "ten", "ten"),
        (NUMBER, "1e-3", 1e-3),
        (NUMBERS, "20, 5", [20.0, 5.0]),
        (NUMBERS, "20,x", [20.0, "x"]),
        (WHOLES, "3,8,8", [3, 8, 8]),
        (TEXT, " a,b", " a,b"),
        (TRUTH, "True", True),
        (TRUTH, "false", False),
        (TRUTH, True, True),
        (KEYS, "a,b", ["a", "b"]),
        (TRUTH, "no", "no"),
    ],
)
def test_texts_of_the_command_line_are_read(kind, text, value):
    assert kind.read(text) == value


def test_messages_spell_options_as_the_reader_writes_them():
    with pytest.raises(OptionError) as caught:
        Option("size", WHOLE, "", least=2).check(1)
    assert str(caught.value) == "size must be a whole number, at least 2, not 1."
    assert caught.value.spelt(lambda name: f"--{name}").startswith("--size must be")


def test_what_an_option_is_unless_more_is_said():
    option = Option("x", WHOLE, "")
    assert (option.required, option.drawing, option.ending, option.choices) == (
        False,
        False,
        (),
        (),
    )
    assert option.check(None) is None
    assert [kind.several for kind in (WHOLE, NUMBER, TEXT, TRUTH)] == [False] * 4
    assert [kind.several for kind in (WHOLES, NUMBERS, KEYS)] == [True] * 3
    with pytest.raises(OptionError, match="x must be a whole number, not None"):
        Option("x", WHOLE, "", required=True).check(None)


def test_an_option_fits_the_files_of_its_ending():
    option = Option("x", TEXT, "", ending=(".npz", ".h5"))
    assert [option.fits(path) for path in ("a.npz", "b/A.H5", "a.npy", "")] == [1, 1, 0, 0]
    assert Option("x", TEXT, "").fits("a.npy")


def test_ranges_and_defaults_are_said():
    assert Option("x", WHOLE, "", least=0).allowed_words == "a whole number, at least 0"
    assert Option("x", NUMBER, "", above=0, most=2.5).allowed_words == (
        "a number, above 0 and at most 2.5"
    )
    assert Option("x", TEXT, "", "0").default_words == "0"
    assert Option("x", NUMBER, "", None).default_words == ""
