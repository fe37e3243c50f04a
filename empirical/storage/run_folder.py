"""The folder of a run: its plan, cells, splits, log and result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.storage.cell_folder import CellFolder
from convergen.empirical.storage.checked_files import StorageError, write
from convergen.empirical.storage.journal import append
from convergen.empirical.storage.locks import LOCK, Busy, locked
from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import unfinished
from convergen.theory.files.netcdf_files import netcdf_bytes

if TYPE_CHECKING:
    import xarray as xr

_POINTS = ".convergen.points"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Attributes
    ----------
    path : Path
        Where.
    provenance : str
        Digest of the experiment, data and splits, which results and checkpoints carry; empty
        before that is known.
    """

    path: Path
    provenance: str = ""

    @property
    def plan_path(self) -> Path:
        """Where the plan is kept."""
        return self.path / "plan.json"

    @property
    def result_path(self) -> Path:
        """Where the result is kept."""
        return self.path / "result.nc"

    @property
    def points_path(self) -> Path:
        """Where points that exceed memory are mapped."""
        return self.path / _POINTS

    def split_path(self, seed: int) -> Path:
        """Where the splits of a seed are kept.

        Parameters
        ----------
        seed : int
            One of the experiment's.

        Returns
        -------
        Path
        """
        return self.path / "splits" / f"seed-{seed}.npz"

    def cell(self, name: str) -> CellFolder:
        """The folder of a cell.

        Parameters
        ----------
        name : str
            Of the cell.

        Returns
        -------
        CellFolder
        """
        return CellFolder(self.path / "cells" / name, self.provenance)

    def refuse_files_of_others(self) -> None:
        """Refuse a folder without a plan in which there is anything but what a kill has left.

        Raises
        ------
        InputError
            If there is; nothing in it is touched.
        """
        try:
            if self.plan_path.exists():
                return
            names = {path.name for path in self.path.iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StorageError(f"cannot use the folder {self.path}: {error.strerror}.") from error
        names -= {LOCK, _POINTS, *(path.name for path in unfinished(self.path / "*"))}
        if names:
            raise InputError(
                f"{self.path} holds files, like {min(names)!r}, but no plan of a run: give a new "
                "or empty folder."
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing plan, splits and result at the same time.

        Raises
        ------
        StorageError
            If the folder cannot be made or written to.
        """
        try:
            with locked(self.path, timeout=60.0):
                yield
        except Busy:
            raise StorageError(
                f"another process has been writing to {self.path} for a minute: wait for it."
            ) from None

    def log(self, **record: object) -> None:
        """Add a line to the log of the run.

        Parameters
        ----------
        **record
            What to note.
        """
        append(self.path / "log.jsonl", record)

    def save_result(self, dataset: xr.Dataset) -> None:
        """Save the result of the experiment.

        Parameters
        ----------
        dataset : xarray.Dataset
            A function of the experiment alone.
        """
        # Whole numbers that were read from a file may have become NaN where a cell is missing.
        write(self.result_path, netcdf_bytes(dataset.drop_encoding()))
