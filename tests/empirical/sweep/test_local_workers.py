"""Worker processes that are killed; each starts afresh, so most of these tests are slow."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial

import pytest
import torch

from convergen.empirical.experiment.trained.train import _runner
from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep.local_workers import local_workers
from convergen.empirical.sweep.sweep import FAILED, FINISHED, Task, in_process, sweep
from tests.empirical.sweep.fake_cell import (
    FakeCell,
    assert_done,
    device_of,
    events,
    states,
    work,
)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_the_bits_are_the_same(run, cells, tmp_path):
    victim = FakeCell("victim", 7, dies=tmp_path / "mark")
    outcomes = sweep(run, [victim, *cells], work, partial(local_workers, count=2))
    assert set(states(outcomes).values()) == {FINISHED}
    assert (tmp_path / "mark").exists()
    assert events(run.cell("victim")) == ["start", "start", "finished"]
    assert_done(run, [victim, *cells])
    sound = RunFolder(tmp_path / "sound", "digest")
    sound.path.mkdir()
    sweep(sound, [FakeCell("victim", 7)], work, in_process)
    ours, theirs = (folder.cell("victim").path / "result.nc" for folder in (run, sound))
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.slow
def test_a_cell_whose_workers_always_die_is_given_up(run, cells):
    # Half time lies between two checkpoints and leaves no mark, so every process is killed there.
    victim = FakeCell("victim", 7, images=260, dies=Never())
    outcomes = sweep(run, [victim, cells[0]], work, partial(local_workers, count=1))
    assert [outcome.state for outcome in outcomes] == [FAILED, FINISHED]
    assert outcomes[0].cause == "its process was killed; is there enough memory? (3 attempts)"
    failure = json.loads((run.cell("victim").path / "failure.json").read_text())
    assert failure["cause"] == outcomes[0].cause
    assert events(run.cell("victim")).count("start") == 3
    assert_done(run, cells[:1])


class Never:
    """A mark that is never found."""

    def exists(self):
        return False

    def touch(self):
        pass


@pytest.mark.slow
def test_each_worker_sees_a_device_of_its_own_and_hands_it_on(run, tmp_path):
    def devices(cells, count):
        runner = partial(local_workers, count=count, devices=["GPU-a", "3"])
        assert set(states(sweep(run, cells, device_of, runner)).values()) == {FINISHED}
        return [run.cell(cell.name).result().attrs["device"] for cell in cells]

    # Two cells are begun at once, so both workers take part.
    assert devices([FakeCell("first", 0), FakeCell("second", 1)], 2) == ["GPU-a", "3"]
    assert devices([FakeCell("victim", 0, dies=tmp_path / "mark")], 1) == ["GPU-a"]
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_interrupts_while_workers_start_and_work_are_quiet(tmp_path):
    """An interrupt from the keyboard reaches all processes of the group, four times in a row."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from convergen.empirical.storage.run_folder import RunFolder\n"
        "from convergen.empirical.sweep.local_workers import local_workers\n"
        "from convergen.empirical.sweep.sweep import Task\n"
        "from tests.empirical.sweep.fake_cell import FakeCell, work\n"
        f"run = RunFolder(Path({str(tmp_path)!r}), 'digest')\n"
        "tasks = [Task(run, FakeCell(f'cell{i}', i, pause=0.5), work) for i in range(2)]\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        for outcome in local_workers(tasks, count=2): print(outcome)\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
    )
    (tmp_path / "script.py").write_text(code)
    for seconds in (1.0, 6.0):
        process = subprocess.Popen(
            [sys.executable, tmp_path / "script.py"], start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        with process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate()
        traces = [line for line in err.splitlines() if line.startswith("Process Spawn")]
        assert traces == []
        assert "spawn_main" not in err


def test_workers_are_given_all_visible_devices_unless_one_was_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert _runner(3, None, "cuda").keywords == {"count": 3, "devices": ["0", "1"]}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,5,-1,7")
    assert _runner(3, None, "cuda").keywords == {"count": 3, "devices": ["GPU-a", "5"]}
    for device in ("cuda:1", "cpu"):
        assert _runner(3, None, device).keywords == {"count": 3, "devices": []}


@pytest.mark.slow
def test_workers_end_with_the_sweep(run, cells):
    before = threading.active_count()
    runner = local_workers([], count=2)
    assert list(runner) == []
    slow = [FakeCell(f"slow{i}", i, pause=0.5) for i in range(2)]
    tasks = [Task(run, cells[0], work), *(Task(run, cell, work) for cell in slow)]
    generator = local_workers(tasks, count=2)
    assert next(generator).state == FINISHED
    generator.close()  # ends the workers in mid-cell
    with run.cell("slow0").lock(timeout=1.0), run.cell("slow1").lock(timeout=1.0):
        pass
    assert threading.active_count() == before
