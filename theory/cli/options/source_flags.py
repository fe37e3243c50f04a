"""Options of sources on the command line, generated from the table of sources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.sources.options import TRUTH, Option
from convergen.theory.sources.table import SourceKind, kinds

Given = dict[str, Any]


def source_words() -> str:
    """What SOURCE may be.

    Returns
    -------
    str
        Names of sources that stand alone, and what paths may lead to.
    """
    table = kinds().values()
    names = [kind.name for kind in table if kind.opens is None]
    return ", ".join([*names, "or " + " or ".join(k.description for k in table if k.opens)])


SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help=source_words())]


def takes_source_options(*, drawing: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Give a command the options of all sources.

    The command has a parameter ``given``, which becomes the flags of the table and ``--option``;
    it is called with a dictionary of the options that were given. If it has an argument ``source``
    too, flags that stand for a whole source, such as ``--covariance``, may be given in its place.

    Parameters
    ----------
    drawing : bool
        Whether the command draws or lays out points, so that options about that apply.

    Returns
    -------
    callable
        Decorator.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(command, eval_str=True)
        flags = _flags(drawing, set(signature.parameters))
        argument = signature.parameters.get("source")
        whole = {} if argument is None else {k.flag: k for k in kinds().values() if k.flag}
        own = [each for each in signature.parameters.values() if each.name != "given"]
        # Flags of sources, of which most people need none, stand last in the help.
        parameters = [
            *(
                _keyword("source", _optional(each), None)
                if each is argument
                else each.replace(kind=each.KEYWORD_ONLY)
                for each in own
            ),
            *map(_whole, whole.values()),
            *(_parameter(name, rows) for name, rows in flags.items()),
            _REST,
        ]

        @wraps(command)
        def wrapper(**values: Any) -> Any:
            given: Given = {}
            for name, rows in flags.items():
                (_, option), *_ = rows
                text = values.pop(name)
                if text not in (None, False, []):
                    given[option.name] = _read(option, text)
            given |= _read_rest(values.pop("option") or [])
            if argument is not None:
                values["source"] = _chosen(values, whole, given, argument.default)
            return command(given=given, **values)

        wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {entry.name: entry.annotation for entry in parameters}
        return wrapper

    return decorate


def _optional(argument: inspect.Parameter) -> Any:
    """The annotation of an argument that may be left out, with what Typer says of it."""
    words = getattr(argument.annotation, "__metadata__", (typer.Argument(),))
    return Annotated[(str | None, *words)]


def _whole(kind: SourceKind) -> inspect.Parameter:
    """A flag that stands for a source."""
    words = f"Instead of SOURCE: {kind.description}, no sample of it."
    shown = typer.Option(kind.flag, metavar="FILE", help=words)
    return _keyword(kind.name, Annotated[str | None, shown], None)


def _chosen(
    values: dict[str, Any],
    whole: dict[str, SourceKind],
    given: Given,
    default: Any,
) -> str:
    """The source that is meant: SOURCE, or the one flag that stands for it."""
    source = values["source"]
    files = {kind.name: (flag, values.pop(kind.name)) for flag, kind in whole.items()}
    named = {name: (flag, path) for name, (flag, path) in files.items() if path is not None}
    if not named:
        if source is None and default is inspect.Parameter.empty:
            raise InputError(f"no SOURCE was given: use {source_words()}, or {', '.join(whole)}.")
        return str(default if source is None else source)
    both = [*([] if source is None else [source]), *(flag for flag, _ in named.values())]
    if len(both) > 1:
        raise InputError(f"{' and '.join(both)} were given, but each is a source: give one.")
    name, (_, path) = named.popitem()
    given["path"] = path
    return name


def spelling(name: str) -> str:
    """How the command line writes an option of a source.

    Parameters
    ----------
    name : str
        Its name in Python and TOML files.

    Returns
    -------
    str
        Its flag, or ``--option name=…``.
    """
    return next((option.spelling for option in _options() if option.name == name), name)


def _options() -> list[Option]:
    return [option for kind in kinds().values() for option in kind.options]


def _flags(drawing: bool, taken: set[str]) -> dict[str, list[tuple[str, Option]]]:
    """Flags by parameter name, each with the sources that have it."""
    found: dict[str, list[tuple[str, Option]]] = {}
    for kind in kinds().values():
        for option in kind.options:
            name = option.flag.removeprefix("--").replace("-", "_")
            if name and name not in taken and (drawing or not option.drawing):
                found.setdefault(name, []).append((kind.name, option))
    return found


def _parameter(name: str, rows: Sequence[tuple[str, Option]]) -> inspect.Parameter:
    """A flag as a parameter that Typer understands."""
    (_, option), *_ = rows
    meanings: dict[str, list[str]] = {}
    for kind, row in rows:
        default = f"  [default: {row.default_words}]" if row.default_words else ""
        meanings.setdefault(f"{row.help}{default}", []).append(kind)
    words = "; ".join(f"{', '.join(names)}: {text}" for text, names in meanings.items())
    if option.type is TRUTH:
        shown = typer.Option(option.flag, help=words)
        return _keyword(name, Annotated[bool, shown], False)
    shown = typer.Option(option.flag, help=words, metavar=option.type.metavar)
    several: Any = list[str] if option.type.several else str
    return _keyword(name, Annotated[several | None, shown], None)


def _keyword(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


_REST = _keyword(
    "option",
    Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="NAME=VALUE",
            help="Any option of the source; repeat for more. `convergen options data` lists them.",
        ),
    ],
    None,
)


def _read(option: Option, text: Any) -> object:
    """Value of a flag; one that was repeated is one list."""
    return option.type.read(",".join(text) if isinstance(text, list) else text)


def _read_rest(assignments: Sequence[str]) -> Given:
    """Values of ``--option NAME=VALUE``."""
    options = {option.name: option for option in _options()}
    found: Given = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            raise InputError(
                f"--option cannot read {assignment!r}: write NAME=VALUE, such as seed=1."
            )
        if name not in options:
            raise InputError(
                f"no source has an option {name!r}{suggestion(name, list(options))}: "
                "`convergen options data` lists them."
            )
        found[name] = options[name].type.read(text.strip())
    return found
