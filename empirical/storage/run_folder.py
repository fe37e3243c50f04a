"""The folder of a run: its plan, cells, splits, log and result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.empirical.storage.cell_folder import CellBusy, CellFailed, CellFolder
from convergen.empirical.storage.checked_files import (
    StorageError,
    checksum_path,
    make_folder,
    seal,
    sweep_out,
)
from convergen.empirical.storage.journal import append
from convergen.empirical.storage.netcdf import netcdf_bytes

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CellBusy", "CellFailed", "CellFolder", "RunFolder"]


class RunFolder:
    """The folder of one experiment.

    Parameters
    ----------
    path : Path
        Where.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.result_path = path / "result.nc"
        self.plan_path = path / "plan.json"

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
        return CellFolder(self.path / "cells" / name)

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

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing plan, splits and result at the same time.

        Raises
        ------
        StorageError
            If the folder cannot be made or written to.
        """
        from filelock import FileLock, Timeout

        make_folder(self.path)
        try:
            with FileLock(self.path / ".lock", timeout=60.0):
                # The folder may hold what is not ours.
                ours = (self.plan_path, self.result_path, checksum_path(self.result_path))
                sweep_out(self.path, *(path.name for path in ours))
                sweep_out(self.path / "splits")
                yield
        except Timeout:
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
        seal(self.result_path, netcdf_bytes(dataset))
