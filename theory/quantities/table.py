"""The table of quantities: what each is called, how it is computed, averaged, compared and drawn.

A new quantity is a row of `quantity_rows`, its formula in the room of its subject, and its line in
docs/symbols.md. Predictions, simulations, reports, JSON, netCDF attributes and figures read the
table and hold no list of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convergen.theory.common.checks import InputError

Line = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class Formula:
    """Where a function lives and which settings it takes.

    Attributes
    ----------
    path : str
        ``"package.module:function"``, imported when it is called.
    settings : tuple of str
        Settings that are handed on by name, beside the first arguments that every function of
        its kind gets.
    """

    path: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantity:
    """One row.

    Attributes
    ----------
    key : str
        Name in Python, JSON and netCDF.
    words : str
        What it is, in a few words.
    symbol : str
        In text, such as ``"q*"``; a column of the tables of the command line.
    latex : str
        The same for figures and documents, without dollars.
    units : str
        ``"1"``, ``"data"``, ``"data^2"``, ``"nat"`` or ``"dB"``; empty where there is none.
    dims : tuple of str
        Dimensions of the prediction.
    meaning : str
        Half a sentence below the tables of the command line; empty where words say enough.
    main : bool
        Whether the command line predicts and shows it, as table column and as curve.
    formula : Formula, optional
        Prediction, a function of spectrum and samples; None where there is none.
    part : str
        Attribute of what the formula returns; empty for the array itself.
    group : str
        Quantities that are asked for together; default the key.
    measurement : Formula, optional
        How it is measured on a pair of finite models: a function of the pair that returns arrays
        by key.
    power : float
        How an average over repeats is taken: 0 for the mean, else that of X over
        (E norm)^power (Tr Σ)^(1 − power), where the measurement gives ``X_norm`` too.
    law : str
        Key of the prediction that a measurement is compared with; default its own.
    slow : bool
        Whether the measurement takes so long that it must be asked for.
    to_truth : bool
        Whether it compares with the true law: with N points in all, a subset of n then behaves
        like n N/(N − n) fresh points.
    trained : bool
        Whether trained models are measured and held against theories by it.
    followed : bool
        Whether it is measured along training, too.
    colour, line, marker : str
        How it is drawn; no colour where it is in no figure.
    label : str
        In legends; default words and symbol.
    """

    key: str
    words: str
    symbol: str = ""
    latex: str = ""
    units: str = "1"
    dims: tuple[str, ...] = ("samples",)
    meaning: str = ""
    main: bool = False
    formula: Formula | None = None
    part: str = ""
    group: str = ""
    measurement: Formula | None = None
    power: float = 0.0
    law: str = ""
    slow: bool = False
    to_truth: bool = False
    trained: bool = False
    followed: bool = False
    colour: str = ""
    line: Line = "-"
    marker: str = "o"
    label: str = ""

    @property
    def leads(self) -> bool:
        """Whether it stands for its group where there is room for few."""
        return (self.group or self.key) == self.key

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of a netCDF variable: words, symbol and units, where it has them."""
        found = {"long_name": self.words, "symbol": self.symbol, "units": self.units}
        return {name: text for name, text in found.items() if text}


_TABLE: dict[str, Quantity] = {}


def register(row: Quantity) -> Quantity:
    """Add a row.

    Parameters
    ----------
    row : Quantity
        Its key must be new.

    Returns
    -------
    Quantity
        The row.

    Raises
    ------
    InputError
        If the key is taken.
    """
    table = _table()
    if row.key in table:
        raise InputError(f"there is a quantity {row.key!r} already: choose another key.")
    table[row.key] = row
    return row


def quantity(key: str) -> Quantity:
    """The row of a key.

    Parameters
    ----------
    key : str
        Of a registered quantity.

    Returns
    -------
    Quantity

    Raises
    ------
    InputError
        If there is none.
    """
    table = _table()
    if key not in table:
        raise InputError(f"unknown quantity {key!r}: choose from {', '.join(table)}.")
    return table[key]


def quantities() -> Iterator[Quantity]:
    """All rows, in the order in which tables show them.

    Returns
    -------
    iterator of Quantity
    """
    return iter(tuple(_table().values()))


def chosen(names: list[str] | None, kind: str) -> list[Quantity]:
    """Rows that are asked for, by group or by key.

    Parameters
    ----------
    names : list of str or None
        Groups or keys; None for all.
    kind : str
        ``"formula"`` for what can be predicted, ``"measurement"`` for what can be measured on
        finite models.

    Returns
    -------
    list of Quantity

    Raises
    ------
    InputError
        If a name is unknown.
    """
    able = [row for row in quantities() if getattr(row, kind) is not None]
    groups = list(dict.fromkeys(row.group or row.key for row in able))
    known = {*groups, *(row.key for row in able)}
    for name in names or ():
        if name not in known:
            raise InputError(f"unknown quantity {name!r}: choose from {', '.join(groups)}.")
    return [
        row for row in able if names is None or row.key in names or (row.group or row.key) in names
    ]


def compared() -> list[Quantity]:
    """Rows by which trained models are held against theories.

    Returns
    -------
    list of Quantity
    """
    return [row for row in quantities() if row.trained]


def _table() -> dict[str, Quantity]:
    """The rows, read from their file on first use."""
    if not _TABLE:
        from convergen.theory.quantities.rows import ROWS

        _TABLE.update((row.key, row) for row in ROWS)
    return _TABLE
