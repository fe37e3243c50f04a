"""Options of a source: their types, ranges and words."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convergen.theory.messages.option_errors import OptionError, OptionName

KEY_HELP = "name of the array, tensor or column in a file that holds several"

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class OptionType:
    """What values an option takes.

    Attributes
    ----------
    words : str
        What a message calls a value of this type.
    metavar : str
        What the help of the command line calls it.
    several : bool
        Whether it holds several values, so that its flag may be repeated.
    read : callable
        From a text of the command line to a value; the text itself where it cannot be read.
    convert : callable
        From a value to the value as loaders take it; None where it is of another type.
    """

    words: str
    metavar: str
    several: bool
    read: Callable[[str], object]
    convert: Callable[[Any], Any]


@dataclass(frozen=True)
class Option:
    """One option of a source.

    Attributes
    ----------
    name : str
        Its name in Python and TOML files.
    type : OptionType
        What values it takes.
    help : str
        One line.
    default : object
        Value if it is not given; None leaves the choice to the loader.
    required : bool
        Whether it must be given.
    least, above, most : float or None
        Bounds of each number; `above` itself is not allowed.
    choices : tuple of str
        The texts that are allowed; empty if any is.
    flag : str
        Its own flag on the command line, such as ``--dim``; empty if there is none and it is
        written ``--option name=value``.
    ending : tuple of str
        Endings of the option ``path`` for which alone it has a meaning; empty for any.
    drawing : bool
        Whether it says how points are drawn or laid out and leaves the law as it is: predictions
        from the law do not take it.
    """

    name: str
    type: OptionType
    help: str
    default: Any = None
    required: bool = False
    least: float | None = None
    above: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    flag: str = ""
    ending: tuple[str, ...] = ()
    drawing: bool = False

    @property
    def spelling(self) -> str:
        """How the command line writes it."""
        return self.flag or f"--option {self.name}=…"

    @property
    def default_words(self) -> str:
        """Its default in words; empty if there is none."""
        if self.default is None or self.default is False:
            return ""
        if isinstance(self.default, tuple):
            return ",".join(f"{value:g}" for value in self.default)
        return str(self.default)

    @property
    def allowed_words(self) -> str:
        """Its type and range in words."""
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        bounds = [
            f"{words} {bound}"
            for words, bound in (
                ("at least", self.least),
                ("above", self.above),
                ("at most", self.most),
            )
            if bound is not None
        ]
        return self.type.words + (f", {' and '.join(bounds)}" if bounds else "")

    def fits(self, path: str) -> bool:
        """Tell whether it has a meaning for a path.

        Parameters
        ----------
        path : str
            The option ``path``, or what stands for it.

        Returns
        -------
        bool
        """
        return not self.ending or path.lower().endswith(self.ending)

    def check(self, value: object) -> Any:
        """Check a value.

        Parameters
        ----------
        value : object
            What the user gave.

        Returns
        -------
        object
            The value as loaders take it.

        Raises
        ------
        OptionError
            If it is of another type or out of range.
        """
        if value is None and not self.required:
            return self.default
        found = self.type.convert(value)
        if found is None or not self._within(found):
            raise OptionError(
                OptionName(self.name), f" must be {self.allowed_words}, not {value!r}."
            )
        return found

    def _within(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        return all(
            (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.most is None or number <= self.most)
            for number in (value if isinstance(value, tuple) else (value,))
        )


def _read_whole(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        return _read_number(text)


def _read_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _read_truth(text: object) -> object:
    return _TRUTHS.get(text.lower(), text) if isinstance(text, str) else text


def _read_list(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: [read(part.strip()) for part in text.split(",")]


def _whole(value: object) -> int | None:
    number = _number(value)
    if isinstance(value, int | np.integer) and number is not None:
        return int(value)
    return int(number) if number is not None and number.is_integer() else None


def _number(value: object) -> float | None:
    real = isinstance(value, int | float | np.integer | np.floating)
    if not real or isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _list_of(convert: Callable[[object], Any]) -> Callable[[Any], Any]:
    def found(values: Any) -> Any:
        if isinstance(values, np.ndarray):
            values = values.tolist()
        if not isinstance(values, Sequence) or isinstance(values, str):
            values = [values]
        numbers = tuple(convert(value) for value in values)
        return numbers if numbers and None not in numbers else None

    return found


def _text(value: object) -> str | None:
    return os.fspath(value) if isinstance(value, str | os.PathLike) else None


def _only(values: Any) -> str | None:
    """The text, or the only one of a list."""
    if isinstance(values, list | tuple):
        return _text(values[0]) if len(values) == 1 else None
    return _text(values)


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


WHOLE = OptionType("a whole number", "INTEGER", False, _read_whole, _whole)
NUMBER = OptionType("a number", "FLOAT", False, _read_number, _number)
WHOLES = OptionType("whole numbers", "INTEGER,…", True, _read_list(_read_whole), _list_of(_whole))
NUMBERS = OptionType("numbers", "FLOAT,…", True, _read_list(_read_number), _list_of(_number))
TEXT = OptionType("a text", "TEXT", False, str, _text)
KEYS = OptionType(
    "a text, one for each file that takes one", "TEXT", True, lambda text: text.split(","), _only
)
TRUTH = OptionType("true or false", "", False, _read_truth, _truth)
