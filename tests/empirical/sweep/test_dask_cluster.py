import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep import dask_cluster
from convergen.empirical.sweep.dask_cluster import connected, on_dask
from convergen.empirical.sweep.sweep import FINISHED, sweep
from convergen.theory.common.checks import InputError
from tests.empirical.sweep.fake_cell import FakeCell, assert_done, records, work

pytestmark = pytest.mark.skipif(not find_spec("distributed"), reason="no distributed here")


@pytest.mark.slow
def test_a_worker_of_a_real_cluster_is_killed_in_mid_run(tmp_path):
    from distributed import LocalCluster

    run = RunFolder(tmp_path / "run", "digest")
    run.path.mkdir()
    cells = [FakeCell(f"cell{i}", i, pause=0.05) for i in range(4)]
    killed = []

    def kill():
        """End the first process that has begun a cell, at about half time."""
        for _ in range(1200):
            seen = run.cell("cell0").progress()
            if seen is not None and seen.images >= 100:
                found = [record for record in records(run.cell("cell0")) if "process" in record]
                os.kill(found[0]["process"], signal.SIGKILL)
                killed.append(found[0]["process"])
                return
            time.sleep(0.05)

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill)
        killer.start()
        with connected(cluster.scheduler_address) as client:
            outcomes = sweep(run, cells, work, partial(on_dask, client=client))
        killer.join()
    assert len(killed) == 1
    assert killed[0] != os.getpid()
    assert [outcome.state for outcome in outcomes] == [FINISHED] * 4
    processes = [
        record["process"] for record in records(run.cell("cell0")) if record.get("event") == "start"
    ]
    assert len(processes) == 2
    assert processes[0] == killed[0] != processes[1]
    assert_done(run, cells)


@pytest.mark.slow
def test_a_scheduler_that_dies_is_one_line_and_the_sweep_can_be_finished(tmp_path):
    run = RunFolder(tmp_path / "run", "digest")
    run.path.mkdir()
    cells = [FakeCell("quick", 0), *(FakeCell(f"cell{i}", i, pause=0.3) for i in range(1, 3))]
    command = [
        sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--host",
        "127.0.0.1", "--no-dashboard", "--scheduler-file", tmp_path / "at.json",
    ]  # fmt: skip
    scheduler = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not (tmp_path / "at.json").exists():
            time.sleep(0.1)
        address = json.loads((tmp_path / "at.json").read_text())["address"]
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny",
             "--nthreads", "1", "--no-dashboard", "--death-timeout", "60"],
            stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[3],
        )  # fmt: skip

        def end():
            for _ in range(1200):
                if run.cell("quick").has_result:
                    break
                time.sleep(0.1)
            time.sleep(0.5)
            scheduler.kill()

        killer = threading.Thread(target=end)
        killer.start()
        with (
            connected(address) as client,
            pytest.raises(InputError, match="is lost; finished cells are kept") as error,
        ):
            sweep(run, cells, work, partial(on_dask, client=client))
        killer.join()
        assert "\n" not in str(error.value)
        assert run.cell("quick").has_result
    finally:
        scheduler.kill()
        worker.kill()
        scheduler.wait()
        worker.wait()
    sweep(run, cells, work)
    assert_done(run, cells)


@pytest.mark.parametrize("address", ["127.0.0.1:{free}", "no address"])
def test_no_scheduler_at_the_address_is_one_clear_line(monkeypatch, address):
    import distributed

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = address.format(free=held.getsockname()[1])
    impatient = partial(distributed.Client)
    monkeypatch.setattr(
        distributed, "Client", lambda *args, **options: impatient(*args, **options | TIMEOUT)
    )
    with (
        pytest.raises(InputError, match="no Dask scheduler answers at") as error,
        connected(address),
    ):
        pass
    assert "\n" not in str(error.value)


TIMEOUT = {"timeout": "1s"}


class Future:
    """A task that was done, was lost, or whose workers died."""

    def __init__(self, outcome=None, broken=None, lost=False):
        self.outcome, self.broken, self.lost = outcome, broken, lost

    def cancelled(self):
        return self.lost

    def exception(self):
        return self.broken

    def result(self):
        return self.outcome


@pytest.fixture
def on_futures(monkeypatch):
    """Hand tasks to a cluster that answers with these; what became of them, what was cancelled."""

    def run(*futures, status="running"):
        waiting, cancelled, submitted = list(futures), [], []

        def submit(function, task, pure):
            assert function is dask_cluster.attempt
            assert pure is False  # a task is not what another one was
            submitted.append(task)
            return waiting[len(submitted) - 1]

        client = SimpleNamespace(
            scheduler=SimpleNamespace(address="tcp://here:1"), submit=submit, loop="loop",
            status=status, cancel=cancelled.extend,
        )  # fmt: skip
        monkeypatch.setattr("distributed.as_completed", lambda given, loop: iter(list(given)))
        monkeypatch.setattr(
            dask_cluster, "give_up", lambda task, cause: f"{task} given up: {cause}"
        )
        tasks = [f"task {place}" for place in range(len(futures))]
        return on_dask(tasks, client), cancelled

    return run


def test_outcomes_come_as_they_are_and_broken_tasks_are_given_up(on_futures):
    futures = Future("one"), Future(broken=ValueError("no such code\nmore")), Future("three")
    outcomes, cancelled = on_futures(*futures)
    assert list(outcomes) == ["one", "task 1 given up: ValueError: no such code", "three"]
    assert cancelled == list(futures)


@pytest.mark.parametrize("status", ["running", "closed"])
def test_a_lost_scheduler_is_said_with_its_address(on_futures, status):
    outcomes, cancelled = on_futures(Future("one"), Future(lost=True), status=status)
    assert next(outcomes) == "one"
    with pytest.raises(InputError, match=r"the Dask scheduler at tcp://here:1 is lost; finished"):
        next(outcomes)
    assert len(cancelled) == (2 if status == "running" else 0)


def test_without_an_address_there_is_no_cluster_and_a_client_is_closed(monkeypatch):
    with connected(None) as client:
        assert client is None
    done = []

    def made(address, **options):
        done.append((address, options))
        return SimpleNamespace(close=lambda timeout: done.append(timeout))

    monkeypatch.setattr("distributed.Client", made)
    with pytest.raises(KeyError), connected("tcp://here:1") as client:
        raise KeyError
    assert done == [("tcp://here:1", {"timeout": "10s", "set_as_default": False}), 2]
