"""Settings as dataclasses whose fields are options: one row gives default, check and words."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any, TypeVar

from convergen.empirical.common.named_options import resolved
from convergen.theory.sources.options import Option, OptionType

Settings = TypeVar("Settings")


def setting(type: OptionType, help: str, default: Any, **more: Any) -> Any:
    """A field of a dataclass of settings.

    Parameters
    ----------
    type, help, default, **more
        Of `Option`.

    Returns
    -------
    dataclasses.Field
    """
    return field(default=default, metadata={"option": (type, help, default, more)})


def options_of(settings: type) -> tuple[Option, ...]:
    """The options that a dataclass of settings consists of.

    Parameters
    ----------
    settings : type
        Its fields are made by `setting`.

    Returns
    -------
    tuple of Option
    """
    found = []
    for entry in fields(settings):
        kind, help, default, more = entry.metadata["option"]
        found.append(Option(entry.name, kind, help, default, **more))
    return tuple(found)


def documented(settings: type[Settings]) -> type[Settings]:
    """Add the section Attributes to the docstring of a dataclass of settings.

    Parameters
    ----------
    settings : type
        Its fields are made by `setting`.

    Returns
    -------
    type
        The same.
    """
    lines = ["", "    Attributes", "    ----------"]
    for option in options_of(settings):
        lines += [f"    {option.name} : {option.allowed_words}", f"        {option.help}."]
    settings.__doc__ = (settings.__doc__ or "").rstrip() + "\n" + "\n".join(lines) + "\n"
    return settings


def check_settings(settings: object, owner: str) -> None:
    """Check all fields in place, at the end of the construction of a frozen dataclass.

    Parameters
    ----------
    settings : object
        Of a class whose fields are made by `setting`.
    owner : str
        Begins every message, such as ``training``.

    Raises
    ------
    InputError
        If a value is of another type or out of range.
    """
    options = options_of(type(settings))
    given = {option.name: getattr(settings, option.name) for option in options}
    for name, value in resolved(owner, options, given).items():
        object.__setattr__(settings, name, value)
