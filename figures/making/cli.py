"""The sub-commands `figures list` and `figures make`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convergen.theory.common.checks import InputError


def register(app: typer.Typer) -> None:
    """Add the commands to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    """
    group = typer.Typer(
        name="figures", help="Draw the figures of the paper.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_figures)
    group.command("make")(make_figures)
    app.add_typer(group)


def list_figures() -> None:
    """List the figures with their numbers and titles."""
    from convergen.figures.making import registry
    from convergen.figures.making.data_files import shipped

    known = registry.figures()
    width = max(map(len, known))
    for name, figure in known.items():
        note = "  (data shipped)" if shipped(name) else ""
        print(f"{figure.NUMBER:>2}  {name:<{width}}  {figure.TITLE}{note}")


def make_figures(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Figures, or all.", show_default=False)
    ],
    quality: Annotated[
        str | None,
        typer.Option(
            help="smoke, draft (shipped data where there are any) or paper  [default: draft]"
        ),
    ] = None,
    formats: Annotated[str, typer.Option(help="Formats: pdf, png, svg.")] = "pdf,png",
    out: Annotated[Path, typer.Option(help="Folder of data and pictures.")] = Path("out/figures"),
    from_data: Annotated[
        Path | None,
        typer.Option(help="Draw this data file, compute nothing.", show_default=False),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Compute draft data even where data are shipped.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random numbers  [default: 0]", min=0)
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
) -> None:
    """Compute the data of figures, save them as netCDF and draw them."""
    from convergen.figures.making.data_files import load_record
    from convergen.figures.making.make import Job, make_many
    from convergen.figures.making.qualities import check_quality

    chosen = _chosen(names)
    check_quality("draft" if quality is None else quality)
    if fresh and quality not in (None, "draft"):
        raise InputError(f"--fresh does not apply to {quality} quality, which is always computed.")
    endings = _endings(formats)
    if from_data is not None:
        if len(chosen) > 1:
            raise InputError("--from-data holds the data of one figure: name just that one.")
        if quality is not None or seed is not None or fresh:
            raise InputError("--from-data computes nothing: leave out --quality, --seed, --fresh.")
        load_record(from_data, chosen[0])
    _prepare(out)
    jobs = [
        Job(name, out, quality or "draft", seed or 0, endings, from_data, fresh) for name in chosen
    ]
    for made in make_many(jobs, workers):
        files = ", ".join(f"{path}{' (replaced)' if old else ''}" for path, old in made.files)
        print(f"{made.name}: {made.origin}; {files}", flush=True)


def _chosen(names: list[str]) -> list[str]:
    """Names without repetition, in the order of the figures' numbers."""
    from convergen.figures.making import registry

    for name in names:
        if name != "all":
            registry.load(name)
    return [name for name in registry.figures() if name in names or "all" in names]


def _endings(text: str) -> tuple[str, ...]:
    from convergen.figures.making.make import FORMATS

    endings = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    for ending in endings:
        if ending not in FORMATS:
            raise InputError(f"unknown format {ending!r}: choose from {', '.join(FORMATS)}.")
    return endings


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the folder {out}: {error.strerror or error}; choose another with --out."
        ) from error
