"""Running the cells of an experiment on a Dask cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from convergen.empirical.sweep.sweep import Outcome, Task, attempt, give_up, one_line
from convergen.theory.common.checks import InputError
from convergen.theory.common.optional_packages import package_missing


def on_dask(tasks: Sequence[Task], address: str) -> Generator[Outcome, None, None]:
    """Do the cells on the workers of a Dask scheduler, which must see the folder of the run.

    The cell of a worker that dies goes on in another one.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.
    address : str
        Of the scheduler, ``HOST:PORT``.

    Yields
    ------
    Outcome
        As each ends.

    Raises
    ------
    InputError
        If Dask is missing or no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError as error:
        raise package_missing("--scheduler", "distributed", "cluster") from error
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address!r}: check the address.") from error
    with client:
        futures = {client.submit(attempt, task, pure=False): task for task in tasks}
        try:
            for future in as_completed(futures, loop=client.loop):
                broken = future.exception()
                if broken is None:
                    yield future.result()
                else:  # its workers were killed too often, or cannot load the code
                    yield give_up(futures[future], one_line(broken))
        finally:
            client.cancel(list(futures))
