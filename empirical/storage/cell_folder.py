"""The folder of a cell: lock, checkpoints, progress, log and result, safe against kills."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from convergen.empirical.storage import checkpoints
from convergen.empirical.storage.checked_files import (
    CorruptFile,
    StorageError,
    read,
    read_sealed,
    write,
)
from convergen.empirical.storage.journal import append, flush
from convergen.empirical.storage.locks import Busy, locked
from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import attribute_of, dataset_of, netcdf_bytes

if TYPE_CHECKING:
    import torch
    import xarray as xr

    from convergen.empirical.storage.checkpoints import Tensors

logger = logging.getLogger(__name__)

# Checkpoints of a cell in work: the newest, and one to fall back on.
_KEEP = 2
# Attribute of results and checkpoints: digest of the experiment, data and splits behind them.
PROVENANCE = "provenance"


class CellFailed(Exception):
    """A cell cannot be finished; the message gives the cause in one line."""


class CellBusy(Exception):
    """Another process works in the cell."""


class Progress(NamedTuple):
    """How far a cell is.

    Attributes
    ----------
    phase : str
        What is being done, in words.
    images : float
        Images that each of its models has seen in training; of a model that sees none, the share
        of its fit that is done.
    done : float
        Share of the phase that is done; 0 where that is not known.
    """

    phase: str
    images: float
    done: float


class CellFolder:
    """The folder of one cell.

    Parameters
    ----------
    path : Path
        Where; made by `lock`.
    provenance : str
        Digest of the experiment, data and splits, which results and checkpoints carry.

    Attributes
    ----------
    name : str
        Of the cell.
    """

    def __init__(self, path: Path, provenance: str) -> None:
        self.path = path
        self.name = path.name
        self.provenance = provenance
        self._result = path / "result.nc"
        self._failure = path / "failure.json"
        self._progress = path / "progress.json"
        self._journal = path / "log.jsonl"

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
        holder = self.path / "holder"
        try:
            with locked(self.path, timeout):
                write(holder, f"process {os.getpid()} on {socket.gethostname()}".encode())
                try:
                    yield
                finally:
                    holder.unlink(missing_ok=True)
        except Busy:
            who = (read(holder) or b"another process").decode(errors="replace")
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
            Anything else that a continued training needs, as JSON can hold it.

        Raises
        ------
        StorageError
            If the operating system refuses; older checkpoints are then untouched.
        """
        # What was logged up to here must not get lost where this checkpoint is not.
        flush(self._journal)
        marked = {**(meta or {}), PROVENANCE: self.provenance}
        checkpoints.save_checkpoint(self.path, images, tensors, marked)
        checkpoints.keep_newest(self.path, _KEEP)

    def load_checkpoint(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Load the newest checkpoint that is intact; one that is not is reported.

        Returns
        -------
        tuple or None
            The tensors, on the CPU, and the meta data with ``images``; None if there is none.

        Raises
        ------
        InputError
            If it comes from another experiment, other data or other splits.
        """
        found = checkpoints.load_checkpoint(self.path, self._passed_over)
        if found is not None:
            self._refuse_foreign(found[1].pop(PROVENANCE, None), "the checkpoints")
        return found

    def report(self, phase: str, *, images: float = 0, done: float = 0.0) -> None:
        """Note how far the cell is, for the bar of whoever watches.

        Parameters
        ----------
        phase : str
            What is being done, in words.
        images : float
            As in `Progress`.
        done : float
            Share of the phase that is done.

        Raises
        ------
        StorageError
            If the operating system refuses.
        """
        content = json.dumps(Progress(phase, images, done)._asdict())
        try:
            self._progress.write_text(content)
        except OSError as error:
            raise StorageError(f"cannot write {self._progress}: {error.strerror}.") from error

    def progress(self) -> Progress | None:
        """How far the cell is, as last reported.

        Returns
        -------
        Progress or None
            None before its first report, and while one is being written.
        """
        try:
            return Progress(**json.loads(self._progress.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def log(self, **record: object) -> None:
        """Add a line to the log.

        Parameters
        ----------
        **record
            What to note. After a kill, lines that training repeats are written again.

        Raises
        ------
        StorageError
            If the operating system refuses.
        """
        append(self._journal, record)

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
        write(self._result, netcdf_bytes(dataset.assign_attrs(provenance=self.provenance)))
        self._failure.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)
        checkpoints.keep_newest(self.path, 1)

    @property
    def finished(self) -> bool:
        """Whether there is an intact result of this experiment; a damaged one is removed."""
        content = self._content()
        if content is None:
            return False
        held = attribute_of(content, PROVENANCE, str(self._result))
        self._refuse_foreign(held, self._result.name)
        return True

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
            If the cell is not finished, or its result comes from another experiment, other data
            or other splits.
        """
        content = self._content()
        if content is None:
            raise InputError(f"the cell {self.name!r} is not finished: run the experiment again.")
        found = dataset_of(content, str(self._result))
        self._refuse_foreign(found.attrs.pop(PROVENANCE, None), self._result.name)
        return found

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

    def _content(self) -> bytes | None:
        """Bytes of the result; a damaged one is removed."""
        try:
            return read_sealed(self._result)
        except CorruptFile as error:
            self._remove_corrupt(self._result, f"{error}: the cell is done again")
            return None

    def _refuse_foreign(self, provenance: object, what: str) -> None:
        if provenance != self.provenance:
            raise InputError(
                f"{what} in {self.path} come from another experiment, other data or other splits: "
                "give another folder."
            )

    def _passed_over(self, path: Path, error: CorruptFile) -> None:
        self._remove_corrupt(path, f"{error}: an older state is used")

    def _remove_corrupt(self, path: Path, message: str) -> None:
        logger.warning("warning: %s.", message)
        self.log(event="corrupt", file=path.name)
        path.unlink(missing_ok=True)
