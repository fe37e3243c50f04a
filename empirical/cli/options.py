"""The sub-command `options`: what can be set, printed from the tables."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convergen.theory.cli.options.flags import Json
from convergen.theory.common.checks import InputError
from convergen.theory.messages.optional_packages import package_missing
from convergen.theory.messages.text import wrapped

if TYPE_CHECKING:
    from convergen.empirical.networks.table import Network
    from convergen.theory.sources.options import Option


@dataclass(frozen=True)
class Section:
    """Something with options of its own: a source of data, a model, or a part of an experiment.

    Attributes
    ----------
    name, description : str
        As users write it, and one line.
    options : tuple of Option
        What it takes.
    sizes : mapping
        Options of each named size, if it has any.
    symmetries : tuple of str
        What it commutes with, and with which options; empty where nothing is known.
    training : mapping
        Settings of the training that it has where nothing else is asked for.
    """

    name: str
    description: str
    options: tuple[Option, ...]
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    symmetries: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)


def _data() -> Iterable[Section]:
    from convergen.empirical.data.kinds import CENTER
    from convergen.theory.sources.table import kinds

    return [
        Section(row.name, row.description, row.options if row.known else (*row.options, CENTER))
        for row in kinds().values()
    ]


def _files() -> list[dict[str, Any]]:
    """What a path may lead to."""
    from convergen.theory.data.table import formats

    return [
        {
            "format": row.name,
            "endings": list(row.suffixes),
            "holds": row.holds,
            "key": row.key,
            "package": row.package,
        }
        for row in formats().values()
    ]


def _files_text(files: Iterable[dict[str, Any]]) -> str:
    lines = ["files: what a path may lead to"]
    for row in files:
        key = f"; key names {row['key']}" if row["key"] else ""
        package = f"; needs {row['package']}" if row["package"] else ""
        name = ", ".join(row["endings"]) or "a folder"
        lines.append(wrapped(f"  {name}: {row['holds']}{key}{package}", 4))
    return "\n".join(lines)


def _model() -> Iterable[Section]:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise package_missing("a list of models", "torch", "empirical")
    from convergen.empirical.models.table import SOLVABLE
    from convergen.empirical.networks.table import NETWORKS

    solvable = sorted(SOLVABLE.rows(), key=lambda row: row.order)
    return [
        *(Section(row.name, row.description, row.options) for row in solvable),
        *(
            Section(
                row.name,
                row.description,
                row.options,
                row.sizes,
                tuple(_symmetries(row)),
                row.training,
            )
            for row in NETWORKS.rows()
        ),
        Section(
            "FILE.py:NAME",
            "a torch module of yours with forward(x, sigma); its options are keyword arguments",
            (),
        ),
    ]


def _symmetries(row: Network) -> Iterator[str]:
    """Translations that the default size commutes with, for every choice of words."""
    usual = {option.name: option.default for option in row.options}
    usual |= row.sizes.get("small", {})
    for option in row.options:
        for choice in option.choices:
            shift = row.shift({**usual, option.name: choice})
            if shift:
                size = "size = small and " if row.sizes else ""
                pixels = "all pixels" if shift == 1 else f"multiples of {shift} pixels"
                yield f"periodic translations by {pixels} at {size}{option.name} = {choice}"


def _training() -> Iterable[Section]:
    from convergen.empirical.common.settings import options_of
    from convergen.empirical.training.settings import TrainingSettings

    return [Section("training", "budget, optimiser and noise", options_of(TrainingSettings))]


def _measure() -> Iterable[Section]:
    from convergen.empirical.common.settings import options_of
    from convergen.empirical.measure.settings import MeasureSettings

    return [Section("measure", "how models are sampled and measured", options_of(MeasureSettings))]


_SUBJECTS: dict[str, Callable[[], Iterable[Section]]] = {
    "data": _data,
    "model": _model,
    "training": _training,
    "measure": _measure,
}


def register(app: typer.Typer) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    """

    @app.command()
    def options(
        subject: Annotated[str, typer.Argument(metavar="|".join(_SUBJECTS))],
        json: Json = False,
    ) -> None:
        """List what can be set in an experiment."""
        if subject not in _SUBJECTS:
            raise InputError(f"there are no options of {subject!r}: give {', '.join(_SUBJECTS)}.")
        sections = list(_SUBJECTS[subject]())
        files = _files() if subject == "data" else []
        if json:
            found: dict[str, Any] = {subject: [_plain(section) for section in sections]}
            print(json_format.dumps(found | ({"files": files} if files else {})))
        else:
            print("\n\n".join([*map(_text, sections), *([_files_text(files)] if files else [])]))


def _plain(section: Section) -> dict[str, Any]:
    options = [
        {
            "name": option.name,
            "type": option.type.words,
            "default": option.default,
            "required": option.required,
            "least": option.least,
            "above": option.above,
            "most": option.most,
            "choices": list(option.choices),
            "meaning": option.help,
        }
        for option in section.options
    ]
    about: dict[str, Any] = {
        "name": section.name,
        "description": section.description,
        "options": options,
    }
    about |= {"sizes": section.sizes} if section.sizes else {}
    about |= {"symmetries": section.symmetries} if section.symmetries else {}
    return about | ({"training": section.training} if section.training else {})


def _text(section: Section) -> str:
    lines = [wrapped(f"{section.name}: {section.description}", 2)]
    for option in section.options:
        lines.append(wrapped(f"  {option.name}: {option.help}", 4))
        lines.append(wrapped(f"      {option.allowed_words}; {_default(option, section)}", 8))
    for size, values in section.sizes.items():
        chosen = " (default)" if size == "small" else ""
        words = ", ".join(f"{name} = {_value(value)}" for name, value in values.items())
        lines.append(wrapped(f"  size = {size}{chosen}: {words}", 4))
    lines += [wrapped(f"  commutes with {words}", 4) for words in section.symmetries]
    lines += [
        f"  training.{name} = {_value(value)} by default"
        for name, value in section.training.items()
    ]
    return "\n".join(lines)


def _default(option: Option, section: Section) -> str:
    if option.required:
        return "required"
    if any(option.name in values for values in section.sizes.values()):
        return "default by size"
    if option.default is None:
        return "optional"
    return f"default {_value(option.default)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
