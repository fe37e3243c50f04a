"""Files that a command writes: refused before any work, and named once they are there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.theory.files.atomic_files import Written, check_target
from convergen.theory.files.netcdf_files import save_dataset

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.quantities.labelled import Labelled

PLOTS = (".pdf", ".png", ".svg")

# Draws a smooth prediction and, if there are any, measured points into a file.
Draw = Callable[["xr.Dataset", "xr.Dataset | None", Path], Written]


def check_targets(out: Path | None, plot: Path | None) -> None:
    """Refuse files that cannot be written, before any work is done.

    Parameters
    ----------
    out, plot : Path or None
        Targets of ``--out`` and ``--plot``.
    """
    if out:
        check_target(out, (".nc",))
    if plot:
        check_target(plot, PLOTS)


def save_if_asked(result: Labelled, out: Path | None) -> list[Written]:
    """Save as netCDF where ``--out`` was given.

    Parameters
    ----------
    result : Labelled
        What to save.
    out : Path or None
        Target of ``--out``.

    Returns
    -------
    list of Written
        The file, or nothing.
    """
    return [save_dataset(result.dataset(), out)] if out else []


def say_written(files: Iterable[Written], *, json: bool = False) -> None:
    """Say which files were written, and which of them took the place of another.

    Parameters
    ----------
    files : iterable of Written
        What the command wrote.
    json : bool
        Standard output is for JSON alone: only replaced files are worth a line, on standard error.
    """
    for number, file in enumerate(files):
        if not json:
            blank = "" if number else "\n"
            print(f"{blank}Written: {file.path}{' (replaced an older file)' * file.replaced}")
        elif file.replaced:
            print(f"convergen: {file.path} replaced an older file", file=sys.stderr)
