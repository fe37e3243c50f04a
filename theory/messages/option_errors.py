"""Bad input that is mended by an option, which is spelt as the reader writes it."""

from __future__ import annotations

from collections.abc import Callable

from convergen.theory.common.checks import InputError


class OptionName(str):
    """Name of an option inside a message."""

    __slots__ = ()


class OptionError(InputError):
    """Bad input whose message names options.

    In Python and in TOML files options go by their names, such as ``size``; the command line
    writes ``--size``.

    Parameters
    ----------
    *parts : str or OptionName
        The message, in pieces.
    """

    def __init__(self, *parts: str) -> None:
        self.parts = parts
        super().__init__("".join(parts))

    def spelt(self, spell: Callable[[str], str]) -> str:
        """Message with another spelling of the options.

        Parameters
        ----------
        spell : callable
            From the name of an option to what the reader writes.

        Returns
        -------
        str
        """
        return "".join(spell(part) if isinstance(part, OptionName) else part for part in self.parts)
