"""Running the cells of an experiment on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from convergen.empirical.sweep.sweep import Outcome, Task, attempt, give_up, one_line
from convergen.theory.common.checks import InputError
from convergen.theory.messages.optional_packages import package_missing

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected(address: str | None) -> Iterator[Client | None]:
    """Connect to a Dask scheduler for a ``with`` block.

    Parameters
    ----------
    address : str or None
        Of the scheduler, ``tcp://HOST:PORT``; None connects to none.

    Yields
    ------
    distributed.Client or None

    Raises
    ------
    InputError
        If Dask is missing or no scheduler answers.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise package_missing("--scheduler", "distributed", "cluster") from error
    # Dask logs every attempt to connect again; what matters is said in one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r}: give the address that it prints when it "
            "starts, like tcp://127.0.0.1:8786."
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=2)


def on_dask(tasks: Sequence[Task], client: Client) -> Generator[Outcome, None, None]:
    """Do the cells on the workers of a Dask scheduler, which must see the folder of the run.

    A cell whose worker dies is continued by another one.

    Parameters
    ----------
    tasks : sequence of Task
        What to do.
    client : distributed.Client
        Connected to the scheduler.

    Yields
    ------
    Outcome
        As each ends.

    Raises
    ------
    InputError
        If the scheduler is lost.
    """
    from distributed import as_completed

    address = client.scheduler.address
    futures = {client.submit(attempt, task, pure=False): task for task in tasks}
    try:
        for future in as_completed(futures, loop=client.loop):
            # The client cancels all futures when it loses the scheduler.
            if future.cancelled():
                raise InputError(
                    f"the Dask scheduler at {address} is lost; finished cells are kept: start it "
                    "again and repeat the command with its address, or with --workers instead."
                )
            broken = future.exception()
            if broken is None:
                yield future.result()
            else:  # its workers were killed too often, or cannot load the code
                yield give_up(futures[future], one_line(broken))
    finally:
        if client.status == "running":
            client.cancel(list(futures))
