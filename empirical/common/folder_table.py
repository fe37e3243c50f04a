"""Tables whose rows are the files of a folder, so that adding a row is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Generic, Protocol, TypeVar

from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion


class Named(Protocol):
    """What a row must have."""

    @property
    def name(self) -> str:
        """Under which users find it."""


Row = TypeVar("Row", bound=Named)


class FolderTable(Generic[Row]):
    """Rows by name; each file of a folder registers one, under its own name.

    The file ``stationary_linear.py`` holds the row ``stationary-linear``. Names are read from the
    folder, and a file is imported when its row is asked for: a list of names costs nothing.

    Parameters
    ----------
    folder : str
        Package of the files, with dots.
    word : str
        What messages call a row.
    """

    def __init__(self, folder: str, word: str) -> None:
        self._folder, self._word = folder, word
        self._rows: dict[str, Row] = {}

    def register(self, row: Row) -> Row:
        """Add a row.

        Parameters
        ----------
        row : object
            Its name must be new.

        Returns
        -------
        object
            The row.

        Raises
        ------
        InputError
            If the name is taken.
        """
        if row.name in self._rows:
            raise InputError(f"there is a {self._word} {row.name!r} already: choose another name.")
        self._rows[row.name] = row
        return row

    def names(self) -> tuple[str, ...]:
        """Names of all rows, in alphabetical order.

        Returns
        -------
        tuple of str
        """
        places = importlib.import_module(self._folder).__path__
        files = (module.name.replace("_", "-") for module in pkgutil.iter_modules(places))
        return tuple(sorted({*files, *self._rows}))

    def find(self, name: str) -> Row:
        """The row of a name.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        object

        Raises
        ------
        InputError
            If there is none of that name.
        """
        if name not in self._rows:
            names = self.names()
            if name not in names:
                raise InputError(
                    f"unknown {self._word} {name!r}{suggestion(name, names)}: choose from "
                    f"{', '.join(names)}."
                )
            importlib.import_module(f"{self._folder}.{name.replace('-', '_')}")
        return self._rows[name]

    def rows(self) -> list[Row]:
        """All rows, in the order of their names.

        Returns
        -------
        list
        """
        return [self.find(name) for name in self.names()]
