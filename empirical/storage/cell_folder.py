"""The folder of a cell: lock, checkpoints, log and result, safe against kills."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convergen.empirical.storage import checkpoints
from convergen.empirical.storage.checked_files import (
    CorruptFile,
    make_folder,
    remove_sealed,
    seal,
    sweep_out,
    unseal,
    write,
)
from convergen.empirical.storage.journal import append, flush, read_journal
from convergen.empirical.storage.netcdf import dataset_of, netcdf_bytes
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    import torch
    import xarray as xr

    from convergen.empirical.storage.checkpoints import Tensors

logger = logging.getLogger(__name__)

# Checkpoints of a cell in work: the newest, and one to fall back on.
_KEEP = 2


class CellFailed(Exception):
    """A cell cannot be finished, for a cause that its message tells in one line."""


class CellBusy(Exception):
    """Another process works in the cell."""


class CellFolder:
    """The folder of one cell.

    Parameters
    ----------
    path : Path
        Where; made by `lock`.

    Attributes
    ----------
    name : str
        Of the cell.
    journal_path : Path
        Its log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self._result = path / "result.nc"
        self._failure = path / "failure.json"
        self.journal_path = path / "log.jsonl"

    @contextmanager
    def lock(self, timeout: float = 5.0) -> Iterator[None]:
        """Keep all other processes out of the cell; the lock of a killed process vanishes.

        Parameters
        ----------
        timeout : float
            Seconds to wait for a process that is just ending.

        Raises
        ------
        CellBusy
            If another process works in the cell.
        StorageError
            If the folder cannot be made or written to.
        """
        from filelock import FileLock, Timeout

        make_folder(self.path)
        holder = self.path / "holder"
        try:
            with FileLock(self.path / ".lock", timeout=timeout):
                sweep_out(self.path)
                write(holder, f"process {os.getpid()} on {socket.gethostname()}".encode())
                try:
                    yield
                finally:
                    holder.unlink(missing_ok=True)
        except Timeout:
            who = holder.read_text() if holder.exists() else "another process"
            raise CellBusy(f"{who} is working in it") from None

    def save_checkpoint(
        self, images: int, tensors: Tensors, meta: Mapping[str, Any] | None = None
    ) -> None:
        """Save the state of training; the last two are kept.

        Parameters
        ----------
        images : int
            Images seen.
        tensors : mapping of Tensor or ndarray
            Parameters and the state of the optimiser.
        meta : mapping, optional
            Anything else that is needed to go on, as JSON can hold it.

        Raises
        ------
        StorageError
            If the operating system refuses; older checkpoints are then untouched.
        """
        # What was logged up to here must not get lost where this checkpoint is not.
        flush(self.journal_path)
        checkpoints.save_checkpoint(self.path, images, tensors, meta or {})
        checkpoints.keep_newest(self.path, _KEEP)

    def load_checkpoint(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Load the newest checkpoint that is intact; one that is not is reported.

        Returns
        -------
        tuple or None
            The tensors, on the CPU, and the meta data with ``images``; None if there is none.
        """
        return checkpoints.load_checkpoint(self.path, self._passed_over)

    def log(self, **record: object) -> None:
        """Add a line to the log.

        Parameters
        ----------
        **record
            What to note; ``images`` places it in the course of training, and of several
            records with the same ``images`` the last one counts.

        Raises
        ------
        StorageError
            If the operating system refuses.
        """
        append(self.journal_path, record)

    def records(self) -> list[dict[str, Any]]:
        """Read the log.

        Returns
        -------
        list of dict
            In the order of writing, without those that a later line with the same ``images``
            replaces and without a line that a kill has torn.
        """
        return read_journal(self.journal_path)

    def finish(self, dataset: xr.Dataset) -> None:
        """Save the result; of the checkpoints only the last stays.

        Parameters
        ----------
        dataset : xarray.Dataset
            What was measured: a function of the experiment alone, no dates and no durations.

        Raises
        ------
        StorageError
            If the operating system refuses.
        """
        seal(self._result, netcdf_bytes(dataset))
        self._failure.unlink(missing_ok=True)
        checkpoints.keep_newest(self.path, 1)

    @property
    def finished(self) -> bool:
        """Whether there is an intact result; one that is not intact is reported and removed."""
        return self._content() is not None

    @property
    def has_result(self) -> bool:
        """Whether there is a result, intact or not; fast."""
        return self._result.exists()

    def result(self) -> xr.Dataset:
        """Load the result into memory.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        InputError
            If the cell is not finished.
        """
        content = self._content()
        if content is None:
            raise InputError(f"the cell {self.name!r} is not finished: run the experiment again.")
        return dataset_of(content)

    def fail(self, cause: str, details: str = "") -> None:
        """Record why the cell cannot be finished.

        Parameters
        ----------
        cause : str
            One line.
        details : str
            Whatever helps to find the reason.
        """
        content = json.dumps({"cause": cause, "details": details}, indent=1)
        write(self._failure, content.encode())
        self.log(event="failed", cause=cause)

    @property
    def failure(self) -> str | None:
        """Why the last attempt failed; None if it did not."""
        if not self._failure.exists():
            return None
        return str(json.loads(self._failure.read_text())["cause"])

    def _content(self) -> bytes | None:
        try:
            return unseal(self._result)
        except CorruptFile as error:
            self._corrupt(self._result, f"{error}: the cell is done again")
            return None

    def _passed_over(self, path: Path, error: CorruptFile) -> None:
        self._corrupt(path, f"{error}: an older state is used")

    def _corrupt(self, path: Path, message: str) -> None:
        logger.warning("warning: %s.", message)
        self.log(event="corrupt", file=path.name)
        remove_sealed(path)
