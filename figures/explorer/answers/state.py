"""What the explorer shows, as a link and as the command that gives the same numbers."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from convergen.theory.cli.options.grids import default_samples
from convergen.theory.common.checks import InputError
from convergen.theory.forecast.predict import dense_grid
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.sources.naming import meaning, open_source
from convergen.theory.sources.options import TRUTH, Option
from convergen.theory.sources.source import Source
from convergen.theory.sources.table import SourceKind, find, kinds

# More dimensions than this are no curve that moves; `predict` takes them.
LARGEST_DIM = 20_000
MOST_FACTORS, MOST_SPIKES = 5, 8


@dataclass(frozen=True)
class State:
    """Everything that the link of the page holds.

    Attributes
    ----------
    source : str
        SOURCE as the command line takes it.
    options : dict
        Its options by name.
    ridge : float
        ρ ≥ 0, data units.
    factors : int
        Leading factors that are followed.
    samples : int or None
        n where numbers are read; None for about d.
    population : bool
        Whether points are all there is.
    """

    source: str = "spiked"
    options: dict[str, Any] = field(default_factory=dict)
    ridge: float = 0.0
    factors: int = 3
    samples: int | None = None
    population: bool = False

    @classmethod
    def of(cls, source: str, options: Mapping[str, Any] | None = None, **settings: Any) -> State:
        """Check what was chosen.

        Parameters
        ----------
        source : str
            As on the command line.
        options : mapping, optional
            Options of the source, by name.
        **settings
            The other attributes.

        Returns
        -------
        State

        Raises
        ------
        InputError
            If a name is unknown or a value out of range.
        """
        kind = find(meaning(source)["kind"])
        known = {option.name: option for option in kind.options if not option.drawing}
        checked = {}
        for name, value in (options or {}).items():
            if name not in known:
                raise InputError(
                    f"{kind.name} has no option {name!r}{suggestion(name, list(known))}: "
                    + (f"it takes {', '.join(known)}." if known else "it takes none.")
                )
            checked[name] = known[name].check(value)
        if kind.known:
            usual = {name: option.default for name, option in known.items()}
            checked = {k: v for k, v in usual.items() if v is not None} | checked
        found = cls(source, checked, **settings)
        if found.population and kind.known:
            raise InputError(
                f"population does not apply to {source!r}, whose law is known: leave it out."
            )
        dim = checked.get("dim")
        if dim is not None and dim > LARGEST_DIM:
            raise InputError(
                f"dim = {dim} is more than the explorer moves: use at most {LARGEST_DIM}, or "
                "`convergen predict`."
            )
        spikes = checked.get("spikes", ())
        if len(spikes) > MOST_SPIKES:
            raise InputError(
                f"{len(spikes)} spikes were given, but the explorer shows at most {MOST_SPIKES}."
            )
        if not (math.isfinite(found.ridge) and found.ridge >= 0.0):
            raise InputError(f"ridge must be a number, at least 0, not {found.ridge!r}.")
        if not 1 <= found.factors <= MOST_FACTORS:
            raise InputError(
                f"factors must be a whole number from 1 to {MOST_FACTORS}, not {found.factors!r}."
            )
        if found.samples is not None and not 1 <= found.samples <= 1e9:
            raise InputError(f"n must be a whole number from 1 to 1e9, not {found.samples!r}.")
        return found

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> State:
        """Read a link.

        Parameters
        ----------
        query : mapping of str to str
            What follows the question mark.

        Returns
        -------
        State

        Raises
        ------
        InputError
            If a part is unknown or out of range.
        """
        rest = dict(query)
        source = rest.pop("source", cls.source)
        settings: dict[str, Any] = {}
        for name, read, words, key in _SETTINGS:
            text = rest.pop(name, None)
            if text is None:
                continue
            try:
                settings[key] = read(text)
            except (ValueError, OverflowError):
                raise InputError(f"{name} must be {words}, not {text!r}.") from None
        types = {option.name: option.type for kind in kinds().values() for option in kind.options}
        options = {name: types[name].read(t) if name in types else t for name, t in rest.items()}
        return cls.of(source, options, **settings)

    @property
    def kind(self) -> SourceKind:
        """Row of the source in the table of sources."""
        return find(meaning(self.source)["kind"])

    def query(self) -> str:
        """The part of the link after the question mark; `from_query` reads it back."""
        return urlencode({name: text for name, text in self._texts().items() if text})

    def command(self, sizes: tuple[int, ...]) -> str:
        """The command line that prints, draws and saves the same numbers.

        Parameters
        ----------
        sizes : tuple of int
            Least and largest n of the curves, and where numbers are read.

        Returns
        -------
        str
        """
        words = ["convergen", "predict", *_as_argument(self.source)]
        options = {option.name: option for option in self.kind.options}
        for name, value in self.options.items():
            words += _as_flag(options[name], value)
        if self.ridge:
            words += ["--ridge", repr(self.ridge)]
        if self.factors != State.factors:
            words += ["--factors", str(self.factors)]
        if self.population:
            words.append("--population")
        words += ["--samples", ",".join(str(n) for n in sorted(set(sizes)))]
        words += ["--plot", "prediction.pdf", "--out", "prediction.nc"]
        return shlex.join(words)

    def open(self) -> Source:
        """Load the source.

        Returns
        -------
        Source

        Raises
        ------
        InputError
            If it cannot be loaded.
        """
        return open_source(self.source, self.options)

    def changed(self, **settings: Any) -> State:
        """The same with other settings, checked.

        Parameters
        ----------
        **settings
            Attributes.

        Returns
        -------
        State
        """
        return replace(self, **settings)

    def _texts(self) -> dict[str, str]:
        options = {name: _as_text(value) for name, value in self.options.items()}
        return {
            "source": self.source,
            **options,
            "ridge": repr(self.ridge) if self.ridge else "",
            "factors": str(self.factors) if self.factors != State.factors else "",
            "n": "" if self.samples is None else str(self.samples),
            "population": "1" if self.population else "",
        }


def sample_grid(source: Source, samples: int | None) -> list[int]:
    """Sample sizes of the curves: those of the command line's figure, and n.

    Parameters
    ----------
    source : Source
        What is predicted.
    samples : int or None
        n, which widens the range where it lies outside.

    Returns
    -------
    list of int
    """
    usual = default_samples(source, simulation=False)
    ends = [int(usual.min()), int(usual.max()), *([] if samples is None else [samples])]
    grid = dense_grid([float(min(ends)), float(max(ends))])
    return sorted({*(int(n) for n in grid), *ends})


def _read_truth(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _whole(text: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise ValueError(text)
    return int(value)


_SETTINGS = (
    ("ridge", float, "a number, at least 0", "ridge"),
    ("factors", _whole, f"a whole number from 1 to {MOST_FACTORS}", "factors"),
    ("n", _whole, "a whole number from 1 to 1e9", "samples"),
    ("population", _read_truth, "1 or 0", "population"),
)


def _as_text(value: object) -> str:
    """A value as `OptionType.read` reads it back."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(_as_text(each) for each in value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _as_flag(option: Option, value: object) -> list[str]:
    if option.flag and option.type is TRUTH:
        return [option.flag] if value else []
    text = _as_text(value)
    return [option.flag, text] if option.flag else ["--option", f"{option.name}={text}"]


def _as_argument(source: str) -> list[str]:
    """A path may begin with a dash."""
    return [f"./{source}" if source.startswith("-") else source]
