"""Options given by name, checked against a table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.sources.options import Option, OptionType

TABLE = OptionType(
    "a table of settings",
    "TABLE",
    False,
    str,
    lambda value: value if isinstance(value, Mapping) else None,
)


def resolved(owner: str, options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check options and fill in their defaults.

    Parameters
    ----------
    owner : str
        Begins every message, such as ``model 'unet'``.
    options : sequence of Option
        What is allowed.
    given : mapping
        Values by name.

    Returns
    -------
    dict
        A value for every option.

    Raises
    ------
    InputError
        If an option is unknown, missing, of another type or out of range.
    """
    names = [option.name for option in options]
    for name in given:
        if name not in names:
            raise InputError(
                f"{owner} has no option {name!r}{suggestion(name, names)}: it takes "
                f"{', '.join(names) or 'none'}."
            )
    found = {}
    for option in options:
        if option.required and option.name not in given:
            raise InputError(f"{owner} needs the option {option.name!r} ({option.help}): add it.")
        try:
            found[option.name] = option.check(given.get(option.name, option.default))
        except InputError as error:
            raise InputError(f"{owner}: {error}") from None
    return found
