"""Make figures: data first, saved as netCDF, then pictures drawn from the saved file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convergen.figures.making import registry
from convergen.figures.making.data_files import load_record, save_record, shipped
from convergen.theory.common.checks import InputError
from convergen.theory.common.machine.worker_processes import deaf_to_interrupts, die_with_parent
from convergen.theory.files.atomic_files import Written, unfinished
from convergen.theory.files.netcdf_files import save_dataset
from convergen.theory.messages.optional_packages import package_missing

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")


@dataclass(frozen=True)
class Job:
    """One figure to be made.

    Attributes
    ----------
    name : str
        Key of `convergen.figures.making.registry.figures`.
    out : Path
        Folder of the results.
    quality : str
        smoke, draft or paper.
    seed : int
        Seed of its random numbers.
    formats : tuple of str
        Out of `FORMATS`.
    data : Path or None
        Draw these data instead of computing any.
    fresh : bool
        Compute at draft quality even where data are shipped.
    """

    name: str
    out: Path
    quality: str = "draft"
    seed: int = 0
    formats: tuple[str, ...] = ("pdf", "png")
    data: Path | None = None
    fresh: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The data file and the pictures that it will write."""
        return tuple(self.out / f"{self.name}.{ending}" for ending in ("nc", *self.formats))


@dataclass(frozen=True)
class Made:
    """What a job wrote.

    Attributes
    ----------
    name : str
        The figure.
    origin : str
        Where its data come from, in words.
    files : tuple of Written
        The data file and the pictures.
    """

    name: str
    origin: str
    files: tuple[Written, ...]


def make(job: Job) -> Made:
    """Make one figure.

    Parameters
    ----------
    job : Job
        What to make.

    Returns
    -------
    Made

    Raises
    ------
    InputError
        If the data file given is not one of this figure, or files cannot be written.
    """
    from convergen.figures.looks.style import save

    module = registry.load(job.name)
    path, *targets = job.files
    origin, data = _provide(job, module, path)
    dataset = load_record(path, job.name)
    # Drawn anew each time: saving moves the layout a little, differently for each format.
    pictures = [save(_draw(module, dataset, job), target) for target in targets]
    return Made(job.name, origin, (data, *pictures))


def make_many(jobs: Sequence[Job], workers: int = 1) -> Iterator[Made]:
    """Make figures one after the other, or in several processes.

    Parameters
    ----------
    jobs : sequence of Job
        What to make.
    workers : int
        Processes.

    Yields
    ------
    Made
        In the order in which they are finished.
    """
    from tqdm import tqdm

    # disable=None: a bar on a terminal, silence in a pipe.
    with tqdm(total=len(jobs), unit="figure", disable=None) as bar:
        for made in _finished(jobs, min(workers, len(jobs))):
            bar.update()
            yield made


def _finished(jobs: Sequence[Job], workers: int) -> Iterator[Made]:
    if workers == 1:
        yield from map(make, jobs)
        return
    import multiprocessing
    from concurrent.futures.process import BrokenProcessPool

    # Not forked: threads of numba and BLAS do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker) as pool:
        try:
            with deaf_to_interrupts():
                futures = [pool.submit(_alone, job) for job in jobs]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "a worker process was killed; is there enough memory? Use fewer --workers."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.kill()
                worker.join()
            for path in [
                left for job in jobs for target in job.files for left in unfinished(target)
            ]:
                path.unlink(missing_ok=True)
            raise


def _start_worker() -> None:
    """Leave the terminal to the bar of the parent."""
    os.environ["TQDM_DISABLE"] = "1"
    die_with_parent()


def _alone(job: Job) -> Made:
    from convergen.theory.common.machine.blas_threads import one_blas_thread

    with one_blas_thread():
        return make(job)


def _provide(job: Job, module: registry.FigureModule, path: Path) -> tuple[str, Written]:
    """Write the data file of a job, and say where the data come from."""
    if job.data is not None:
        return f"data of {job.data}", save_dataset(load_record(job.data, job.name), path)
    ready = shipped(job.name) if job.quality == "draft" and not job.fresh else None
    if ready is not None:
        dataset = load_record(ready, job.name)
        # Another seed asks for other random numbers than those that are shipped.
        if int(dataset.attrs["seed"]) == job.seed:
            origin = f"shipped data of {dataset.attrs['quality']} quality"
            return origin, save_dataset(dataset, path)
    try:
        computed = module.compute(job.quality, job.seed)
    except ModuleNotFoundError as error:
        raise package_missing(f"computing {job.name}", error.name, "empirical") from error
    written = save_record(computed, path, figure=job.name, quality=job.quality, seed=job.seed)
    return f"computed at {job.quality} quality, seed {job.seed}", written


def _draw(module: registry.FigureModule, dataset: xr.Dataset, job: Job) -> Figure:
    try:
        return module.draw(dataset)
    except KeyError as error:
        if job.data is None:
            raise
        lacking = str(error.args[0]).split(".")[0]
        raise InputError(
            f"{job.data} is incomplete ({lacking}) and may come from another version: make it anew "
            f"with convergen figures make {job.name}."
        ) from error
