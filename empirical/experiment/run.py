"""One run: an experiment, its verified data and its splits, for whoever trains or compares."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convergen.empirical.experiment.cells import Cell, cells, joined
from convergen.empirical.experiment.declared.deciding import decide, divide, read_data
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.declared.plan import (
    Plan,
    read_plan,
    refuse_other,
    renewed,
    write_plan,
)
from convergen.empirical.storage.checked_files import make_folder
from convergen.empirical.storage.run_folder import RunFolder
from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import load_dataset

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.measure.evaluation_set import Subjects
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.splits.splits import Splits

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Run:
    """An experiment with its data and splits, which are verified when they are first asked for.

    Attributes
    ----------
    plan : Plan
        Everything that was decided.
    path : Path or None
        Its folder; None for the run behind a result that lies elsewhere.

    Examples
    --------
    >>> from pathlib import Path
    >>> from convergen.empirical import Run
    >>> run = Run.open(Path("runs/digits"))  # as convergen train left it
    >>> run
    Run(digits-mlp: mlp on digits, n = 4, 16, 1 seed, in runs/digits)
    >>> float(run.result()["convergence"].sel(samples=16).mean()) < 1.0
    True
    """

    plan: Plan
    path: Path | None = None

    def __repr__(self) -> str:
        about = self.experiment
        samples = ", ".join(map(str, about.samples))
        return (
            f"Run({about.name}: {about.model['name']} on {about.data['kind']}, n = {samples}, "
            f"{len(about.seeds)} seed{'s' if len(about.seeds) > 1 else ''}"
            f"{f', in {self.path}' if self.path else ''})"
        )

    @classmethod
    def begin(
        cls, experiment: Experiment, path: Path, *, threads: int | None = None, available: int = 1
    ) -> Run:
        """Begin a run in a new folder, or take up the one that is there.

        Parameters
        ----------
        experiment : Experiment
            What shall be done.
        path : Path
            Folder.
        threads : int or None
            Threads of each cell; None keeps those of an older plan, or decides.
        available : int
            Processors that each cell has for itself.

        Returns
        -------
        Run

        Raises
        ------
        InputError
            If the folder holds another experiment or files of others, or the data have changed.
        StorageError
            If the folder cannot be written to.
        """
        from convergen.empirical.models.by_name import check_model

        folder = RunFolder(path)
        folder.refuse_files_of_others()
        # Bad input shows before anything is written.
        new = None
        if read_plan(folder.plan_path) is None:
            new = decide(experiment, folder, threads, available)
        with folder.lock():
            plan = read_plan(folder.plan_path)
            if plan is None:
                decided, data = new or decide(experiment, folder, threads, available)
                run = cls(decided, path)
                run.__dict__["data"] = data  # it need not be read again
            else:
                refuse_other(plan, experiment, threads, path)
                run = cls(renewed(plan, experiment), path)
                check_model(experiment.model, run.data.shape, run.data.truth)
            if run.plan != plan:
                write_plan(folder.plan_path, run.plan)
            run.restore_splits()
        return run

    @classmethod
    def open(cls, path: Path) -> Run:
        """The run in a folder.

        Parameters
        ----------
        path : Path
            Folder.

        Returns
        -------
        Run

        Raises
        ------
        InputError
            If there is none, or its plan is damaged.
        """
        plan = read_plan(RunFolder(path).plan_path)
        if plan is None:
            raise InputError(f"there is no run in {path}: give the folder of `convergen train`.")
        return cls(plan, path)

    @classmethod
    def behind(cls, result: xr.Dataset, name: str) -> Run:
        """The run that a result came from, which records it in its attributes.

        Parameters
        ----------
        result : xarray.Dataset
            Of an experiment.
        name : str
            What the message calls it.

        Returns
        -------
        Run

        Raises
        ------
        InputError
            If it is not the result of an experiment.
        """
        try:
            return cls(Plan.from_attributes(result.attrs))
        except InputError as error:
            raise InputError(f"{name} cannot be used: {error}: give another.") from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes without the data; one process loads them once."""
        return _shared, (json.dumps(vars(self.plan)), self.path)

    @cached_property
    def experiment(self) -> Experiment:
        """What was declared, everything decided."""
        return Experiment.from_config(self.plan.experiment)

    @property
    def folder(self) -> RunFolder:
        """Where cells and results are kept."""
        assert self.path is not None
        return RunFolder(self.path, self.plan.provenance)

    @cached_property
    def data(self) -> DataSet:
        """Its data; refused if they are not those it was begun with."""
        data = read_data(self.experiment, None if self.path is None else self.folder)
        if data.fingerprint != self.plan.data["fingerprint"]:
            drawn = (
                "" if data.truth is None else " (drawn data differ in the last bits between kinds "
                "of processors and versions of numpy)"
            )  # fmt: skip
            raise InputError(
                f"the data {data.name!r} are not those the run was begun with{drawn}: restore "
                "them, or train again in another folder."
            )
        return data

    def splits(self, seed: int) -> Splits:
        """Disjoint training sets of one seed: those kept in the folder, else divided again.

        Parameters
        ----------
        seed : int
            One of the experiment's.

        Returns
        -------
        Splits

        Raises
        ------
        InputError
            If they are not those the run was begun with.
        """
        from convergen.empirical.splits.splits import Splits

        kept = None if self.path is None else self.folder.split_path(seed)
        if kept is None or not kept.exists():
            found = divide(self.experiment, self.data, seed)
        else:
            found = Splits.load(kept, self.data)
        if found.digest != self.plan.splits[str(seed)]:
            raise InputError(
                f"the splits of seed {seed} are not those the run was begun with, and cannot be "
                "made again with these versions of packages: train again in another folder."
            )
        return found

    def subjects(
        self,
        seed: int,
        samples: Sequence[int] | None = None,
        measure: MeasureSettings | None = None,
    ) -> Subjects:
        """What the models of a seed are measured on.

        Parameters
        ----------
        seed : int
            One of the experiment's.
        samples : sequence of int, optional
            Some of its n; default: all.
        measure : MeasureSettings, optional
            What is measured; default: what the experiment asks for.

        Returns
        -------
        Subjects
        """
        from convergen.empirical.measure.evaluation_set import Subjects
        from convergen.empirical.models.by_name import is_blind

        experiment = self.experiment
        n = experiment.samples if samples is None else tuple(samples)
        asked = measure or experiment.measure
        blind = is_blind(experiment.model)
        return Subjects(self.data, self.splits(seed), n, experiment.training, asked, blind)

    def cells(self) -> list[Cell]:
        """The independent parts of the work.

        Returns
        -------
        list of Cell
        """
        return cells(self.experiment)

    def collect(self, finished: Sequence[str]) -> xr.Dataset | None:
        """Join the results of finished cells and save them as the result of the run.

        Parameters
        ----------
        finished : sequence of str
            Names of the cells.

        Returns
        -------
        xarray.Dataset or None
            None if there are none.
        """
        if not finished:
            return None
        with self.folder.lock():
            parts = [self.folder.cell(name).result() for name in finished]
            result = joined(self.experiment, parts)
            missing = [cell.name for cell in self.cells() if cell.name not in finished]
            result.attrs |= self.plan.attributes() | {
                "provenance": self.plan.provenance, "missing_cells": json.dumps(missing),
            }  # fmt: skip
            self.folder.save_result(result)
        return result

    def result(self) -> xr.Dataset:
        """The result of the run, as `collect` saved it.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        InputError
            If there is none, it is damaged, or comes from another run.
        """
        path = self.folder.result_path
        if not path.exists():
            raise InputError(
                f"{self.path} holds no result.nc: finish it with convergen train --out {self.path}."
            )
        result = load_dataset(path, must_be_sealed=True)
        if result.attrs.get("provenance") != self.plan.provenance:
            raise InputError(
                f"{path} comes from another experiment, other data or other splits than "
                f"{self.folder.plan_path.name} says: make it anew with convergen train --out "
                f"{self.path}."
            )
        return result

    def restore_splits(self) -> None:
        """Keep the splits of every seed in the folder; divide again what is lost or damaged.

        Raises
        ------
        InputError
            If that gives other splits than those the run was begun with.
        """
        for seed in self.experiment.seeds:
            path = self.folder.split_path(seed)
            try:
                lost = not path.exists()
                found = self.splits(seed)
            except InputError as error:
                if lost:
                    raise
                logger.warning("warning: %s The data are divided again.", error)
                path.unlink()
                lost, found = True, self.splits(seed)
            if lost:
                make_folder(path.parent)
                found.save(path)


@lru_cache(maxsize=1)
def _shared(plan: str, path: Path | None) -> Run:
    return Run(Plan(**json.loads(plan)), path)
