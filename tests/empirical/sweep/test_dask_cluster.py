import os
import signal
import socket
import threading
import time
from functools import partial

import numpy as np
import pytest

from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep.dask_cluster import on_dask
from convergen.empirical.sweep.sweep import FINISHED, sweep
from convergen.theory.common.checks import InputError
from tests.empirical.sweep.fake_cell import FakeCell, expected, work

pytest.importorskip("distributed")


def test_a_worker_of_a_real_cluster_is_killed_in_mid_run(tmp_path):
    from distributed import LocalCluster

    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    cells = [FakeCell(f"cell{i}", i, pause=0.05) for i in range(4)]
    killed = []

    def kill():
        """End the first process that has begun a cell, at about half time."""
        journal = run.cell("cell0").journal_path
        for _ in range(600):
            found = [record for record in run.cell("cell0").records() if "process" in record]
            if found and journal.stat().st_size > 1000:
                os.kill(found[0]["process"], signal.SIGKILL)
                killed.append(found[0]["process"])
                return
            time.sleep(0.05)

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill)
        killer.start()
        runner = partial(on_dask, address=cluster.scheduler_address)
        outcomes = sweep(run, cells, work, runner)
        killer.join()
    assert len(killed) == 1
    assert killed[0] != os.getpid()
    assert [outcome.state for outcome in outcomes] == [FINISHED] * 4
    processes = [r["process"] for r in run.cell("cell0").records() if r.get("event") == "start"]
    assert len(processes) == 2
    assert processes[0] == killed[0] != processes[1]
    for cell in cells:
        state, history = expected(cell)
        np.testing.assert_array_equal(run.cell(cell.name).result()["state"], state)
        np.testing.assert_array_equal(run.cell(cell.name).result()["history"], history)


@pytest.mark.parametrize("address", ["127.0.0.1:{free}", "no address"])
def test_no_scheduler_at_the_address_is_one_clear_line(tmp_path, monkeypatch, address):
    import distributed

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = address.format(free=held.getsockname()[1])
    impatient = partial(distributed.Client)
    monkeypatch.setattr(
        distributed, "Client", lambda *args, **options: impatient(*args, **options | TIMEOUT)
    )
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    with pytest.raises(InputError, match="no Dask scheduler answers at") as error:
        sweep(run, [FakeCell("one", 1)], work, partial(on_dask, address=address))
    assert "\n" not in str(error.value)
    assert not run.cell("one").has_result


TIMEOUT = {"timeout": "1s"}
