"""The table of sources: what there is, and what options each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.common.rooms import load_rooms
from convergen.theory.messages.option_errors import OptionError, OptionName
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.sources.options import Option
from convergen.theory.sources.source import Source

_ROOMS = ("convergen.theory.sources.known", "convergen.theory.sources.real")


@dataclass(frozen=True)
class SourceKind:
    """One row of the table.

    Attributes
    ----------
    name : str
        What users write: SOURCE on the command line, ``kind`` in experiments.
    description : str
        One line.
    options : tuple of Option
        What it takes; their names are the keyword arguments of `load`.
    load : callable
        Returns a `Source`. Heavy imports belong inside.
    opens : callable or None
        Tells whether it is meant by a bare path, which becomes its option ``path``.
    known : bool
        Whether its law is known exactly.
    understands : callable or None
        From what the user wrote to options, where it stands for this source; else to None.
    flag : str
        Flag of the command line that stands for it, its option ``path`` being the value; empty if
        there is none.
    """

    name: str
    description: str
    options: tuple[Option, ...]
    load: Callable[..., Source]
    opens: Callable[[Path], bool] | None = None
    known: bool = False
    understands: Callable[[str], dict[str, str] | None] | None = None
    flag: str = ""

    def checked(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Check options and fill in their defaults.

        Parameters
        ----------
        given : mapping
            Values by name; None counts as not given.

        Returns
        -------
        dict
            A value for every option.

        Raises
        ------
        InputError
            If an option is unknown, missing, of another type or out of range.
        """
        names = [option.name for option in self.options]
        for name in given:
            if name not in names:
                takes = f"it takes {', '.join(names)}" if names else "it takes none"
                raise OptionError(
                    f"{self.name} has no option ", OptionName(name),
                    f"{suggestion(name, names)}: {takes}.",
                )  # fmt: skip
        for option in self.options:
            fits = option.fits(str(given.get("path", "")))
            if given.get(option.name) is not None and not fits:
                raise OptionError(
                    OptionName(option.name),
                    f" applies only to {', '.join(option.ending)} files: leave it out.",
                )
            if option.required and given.get(option.name) is None:
                own = self.opens is not None and Path(self.name).exists()
                raise OptionError(
                    f"{self.name} needs the option ", OptionName(option.name),
                    f" ({option.help}): add it",
                    f", or write ./{self.name} for what has this name." if own else ".",
                )  # fmt: skip
        return {option.name: option.check(given.get(option.name)) for option in self.options}


_KINDS: dict[str, SourceKind] = {}


def register(kind: SourceKind) -> SourceKind:
    """Add a source to the table.

    Parameters
    ----------
    kind : SourceKind
        Its row.

    Returns
    -------
    SourceKind
        The same.

    Raises
    ------
    InputError
        If another source has that name.
    """
    if _KINDS.get(kind.name, kind).load is not kind.load:
        raise InputError(f"there is a source {kind.name!r} already: choose another name.")
    _KINDS[kind.name] = kind
    return kind


def kinds() -> dict[str, SourceKind]:
    """Read the whole table.

    Returns
    -------
    dict
        Sources by name in alphabetical order, known laws first.
    """
    load_rooms(*_ROOMS)
    return dict(sorted(_KINDS.items(), key=lambda item: (not item[1].known, item[0])))


def find(name: str) -> SourceKind:
    """Find one row of the table.

    Parameters
    ----------
    name : str
        Name of a source.

    Returns
    -------
    SourceKind

    Raises
    ------
    InputError
        If there is none of that name.
    """
    names = list(kinds())
    if name not in names:
        raise InputError(
            f"unknown source of data {name!r}{suggestion(str(name), names)}: choose from "
            f"{', '.join(names)}."
        )
    return _KINDS[name]


def load_source(kind: str, **options: Any) -> Source:
    """Load a source of data.

    Parameters
    ----------
    kind : str
        Its name: a known law such as ``power-law`` or ``field``, ``digits``, ``patches``,
        ``array``, ``images``, ``torchvision``; `kinds` lists them all.
    **options
        Its options; ``convergen options data`` lists them.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the name or an option is unknown or out of range, or data are missing or damaged.

    Examples
    --------
    >>> from convergen import theory
    >>> source = theory.load_source("digits")
    >>> source.data.shape
    (1797, 64)
    >>> theory.load_source("power-law", dim=100, alpha=1.0).spectrum
    Spectrum(power law, exponent 1, dim=100, rank=100, trace=5.18738)
    """
    row = find(kind)
    return row.load(**row.checked(options))
