"""Files that a command writes: refused before any work, and named once they are there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.files.atomic_files import Written, check_target, write_beside

if TYPE_CHECKING:
    import xarray as xr

PLOTS = (".pdf", ".png", ".svg")
PAGES = (".html", ".htm")

# Draws a smooth prediction and, if there are any, measured points into a file.
Draw = Callable[["xr.Dataset", "xr.Dataset | None", Path], Written]

Out = Annotated[Path | None, typer.Option(help="Save as netCDF (.nc).")]
Plot = Annotated[Path | None, typer.Option(help="Draw a figure (.pdf, .png, .svg).")]
Html = Annotated[
    Path | None,
    typer.Option(help="Write a page with words, pictures and numbers (.html)."),
]


class Targets:
    """The files of one call of a command.

    Parameters
    ----------
    out, plot, html : Path or None
        Targets of ``--out``, ``--plot`` and ``--html``.

    Raises
    ------
    InputError
        If one of them cannot be written; nothing has been done yet.
    """

    def __init__(
        self, out: Path | None = None, plot: Path | None = None, html: Path | None = None
    ) -> None:
        for path, suffixes in ((out, (".nc",)), (plot, PLOTS), (html, PAGES)):
            if path:
                check_target(path, suffixes)
        self.out, self.plot, self.html = out, plot, html
        self._written: list[Written] = []

    def save(self, result: Callable[[], xr.Dataset]) -> None:
        """Save as netCDF where ``--out`` was given.

        Parameters
        ----------
        result : callable
            Makes what is saved.
        """
        if self.out:
            from convergen.theory.files.netcdf_files import save_dataset

            self._written.append(save_dataset(result(), self.out))

    def draw(self, draw: Callable[[Path], Written]) -> None:
        """Draw where ``--plot`` was given.

        Parameters
        ----------
        draw : callable
            Draws into a file.
        """
        if self.plot:
            self._written.append(draw(self.plot))

    def write_page(self, page: Callable[[], str]) -> None:
        """Write a page where ``--html`` was given.

        Parameters
        ----------
        page : callable
            Makes the HTML.
        """
        if self.html:
            self.write(self.html, page())

    def write(self, path: Path, text: str) -> None:
        """Write a text.

        Parameters
        ----------
        path : Path
            Where to.
        text : str
            All of it.
        """
        self.add(write_beside(path, lambda file: file.write_text(text, encoding="utf-8")))

    def add(self, file: Written) -> None:
        """Name one more file that was written.

        Parameters
        ----------
        file : Written
            From the function that wrote it.
        """
        self._written.append(file)

    def say(self, *, json: bool = False) -> None:
        """Say which files were written, and which of them took the place of another.

        Parameters
        ----------
        json : bool
            Standard output is for JSON alone: only replaced files are worth a line, on standard
            error.
        """
        for number, file in enumerate(self._written):
            if not json:
                blank = "" if number else "\n"
                print(f"{blank}Written: {file.path}{' (replaced an older file)' * file.replaced}")
            elif file.replaced:
                print(f"convergen: {file.path} replaced an older file", file=sys.stderr)
