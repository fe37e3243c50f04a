"""The command line: a thin front door to the sub-commands of the packages.

Everything heavy is imported inside the commands, so that ``convergen --help`` is immediate.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from convergen.empirical.cli import measure as measure_command
from convergen.empirical.cli import train as train_command
from convergen.empirical.cli import validate as validate_command
from convergen.figures.making import cli as figure_commands
from convergen.theory.cli import collapse as collapse_command
from convergen.theory.cli import predict_and_simulate as commands
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.diagnose.diagnose import Diagnosis
    from convergen.theory.common.atomic_files import Written


def _draw(curves: xr.Dataset, points: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.curves import draw

    return save(draw(curves, points), path)


def _draw_collapse(curves: xr.Dataset, _: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.collapse import draw

    return save(draw(curves), path)


def _draw_validation(found: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.validation import draw

    return save(draw(found), path)


def _diagnosis_page(found: Diagnosis) -> str:
    from convergen.figures.plots.diagnosis_page import page

    return page(found)


def build() -> typer.Typer:
    """Assemble the application.

    Returns
    -------
    typer.Typer
    """
    app = typer.Typer(
        name="convergen",
        help="How much data until a generative model stops memorising, converges and has learnt "
        "the latent factors.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    commands.register(app, _draw)
    collapse_command.register(app, _draw_collapse)
    train_command.register(app)
    validate_command.register(app, _draw_validation)
    measure_command.register(app, _diagnosis_page)
    figure_commands.register(app)
    return app


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    try:
        code = typer.main.get_command(build()).main(
            args=sys.argv[1:] or ["--help"], prog_name="convergen", standalone_mode=False
        )
    except InputError as error:
        print(f"convergen: error: {error}", file=sys.stderr)
        code = 2
    except MemoryError as error:
        print(
            f"convergen: error: not enough memory ({error}): use fewer dimensions or samples.",
            file=sys.stderr,
        )
        code = 2
    except typer.TyperException as error:
        print(f"convergen: error: {' '.join(error.format_message().split())}", file=sys.stderr)
        code = error.exit_code
    except typer.Abort:
        print("convergen: interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
