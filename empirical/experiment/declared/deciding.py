"""What is decided before a run begins: data, splits, device, grouping and threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.empirical.experiment.declared.plan import Plan, versions
from convergen.theory.common.checks import InputError
from convergen.theory.common.versions import git_commit
from convergen.theory.messages.progress import phase

if TYPE_CHECKING:
    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.experiment.declared.declaration import Experiment
    from convergen.empirical.splits.splits import Splits
    from convergen.empirical.storage.run_folder import RunFolder

# Rows that stay unseen, at least, where no law draws new points.
LEAST_HELD_OUT = 16
# Fewest numbers that a thread of torch is given; threads with less to do wait for each other.
_GRAIN = 32768


def read_data(experiment: Experiment, folder: RunFolder | None) -> DataSet:
    """Read the data of an experiment.

    Parameters
    ----------
    experiment : Experiment
        Says which.
    folder : RunFolder or None
        Where points that exceed memory are mapped.

    Returns
    -------
    DataSet
    """
    from convergen.empirical.data.kinds import load_data

    scratch = None if folder is None else folder.points_path
    with phase(f"reading the data ({experiment.data['kind']})"):
        data = load_data(**experiment.data, scratch=scratch)
        _ = data.fingerprint
    return data


def divide(experiment: Experiment, data: DataSet, seed: int) -> Splits:
    """Divide data for one seed as an experiment asks for.

    Parameters
    ----------
    experiment : Experiment
        Its sample sizes and duplicate limit.
    data : DataSet
        Its data.
    seed : int
        One of its seeds.

    Returns
    -------
    Splits
    """
    from convergen.empirical.splits.splits import split

    limit = experiment.splits.duplicate_limit or None
    # Unseen points are drawn from the law where it is known, else they are rows that are left.
    rest = LEAST_HELD_OUT if data.truth is None else 0
    with phase(f"dividing the data (seed {seed})"):
        return split(data, experiment.samples, seed, duplicate_limit=limit, held_out=rest)


def decide(
    experiment: Experiment, folder: RunFolder, threads: int | None, available: int
) -> tuple[Plan, DataSet]:
    """Decide everything that is open, and divide the data.

    Parameters
    ----------
    experiment : Experiment
        What shall be done.
    folder : RunFolder
        Where.
    threads : int or None
        Threads of each cell, if they are given.
    available : int
        Processors that each cell has for itself.

    Returns
    -------
    tuple of Plan and DataSet

    Raises
    ------
    InputError
        If it cannot be done.
    """
    from convergen.empirical.common.devices import choose_device
    from convergen.empirical.models.by_name import check_model

    data = read_data(experiment, folder)
    check_model(experiment.model, data.shape, data.truth)
    digests = {str(seed): divide(experiment, data, seed).digest for seed in experiment.seeds}
    decided = experiment.decided(
        device=str(choose_device(experiment.run.device)),
        grouping=_grouping(experiment) if experiment.run.grouping == "auto" else None,
    )
    together = decided.run.grouping == "seed" and len(decided.samples) > 1
    if decided.training.stop_before_copying and together:
        raise InputError(
            "run: with grouping = 'seed' the n that copies first would stop all others: leave it "
            "out, or give 'pair'."
        )
    about = {
        "fingerprint": data.fingerprint,
        "name": data.name,
        "rows": len(data.points),
        "shape": list(data.shape),
    }
    chosen = threads or useful_threads(decided, data.dim, available)
    plan = Plan(decided.config(), about, digests, chosen, [versions()], git_commit())
    return plan, data


def _grouping(experiment: Experiment) -> str:
    """How cells are made where that is open: each n stops by itself."""
    from convergen.empirical.models.by_name import grouping_of

    stops = experiment.training.stop_before_copying
    return "pair" if stops else grouping_of(experiment.model)


def useful_threads(experiment: Experiment, dim: int, available: int) -> int:
    """Threads that a cell keeps busy; several workers are the better use of all others.

    Parameters
    ----------
    experiment : Experiment
        Its grouping decided.
    dim : int
        Coordinates of a point.
    available : int
        Processors that a cell has for itself.

    Returns
    -------
    int
        One for each 32 768 coordinates that a network is given at once.
    """
    from convergen.empirical.models.by_name import needs_training

    if not needs_training(experiment.model):
        return available
    together = 2 * len(experiment.samples) if experiment.run.grouping == "seed" else 1
    return max(1, min(available, experiment.training.batch * dim * together // _GRAIN))
