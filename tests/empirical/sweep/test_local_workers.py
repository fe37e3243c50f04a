"""Worker processes that are killed; each starts afresh, so most of these tests are slow."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from convergen.empirical.experiment.trained.train import _runner
from convergen.empirical.storage.run_folder import RunFolder
from convergen.empirical.sweep import local_workers as local
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


class Workers:
    """Stand-ins for processes: each answers in its turn, or dies where its task says so."""

    def __init__(self, monkeypatch, at_once=True):
        self.made, self.most, self.at_once = [], 0, at_once
        outer = self

        class Worker:
            def __init__(self, device):
                self.device, self.pipe, self.stopped, self.done = device, self, False, []
                outer.made.append(self)

            def send(self, task, attempts):
                self.task, self.attempts = task, attempts
                self.done.append((task, attempts))

            def recv(self):
                if self.task.startswith("deadly") or (self.task == "hard" and self.attempts < 3):
                    raise EOFError
                return f"{self.task} done"

            def cause_of_death(self):
                return f"{self.task} killed it"

            def stop(self):
                self.stopped = True

        monkeypatch.setattr(local, "_Worker", Worker)
        monkeypatch.setattr(local, "wait", self.wait)
        monkeypatch.setattr(local, "give_up", lambda task, cause: f"{task} given up: {cause}")

    def wait(self, pipes):
        self.most = max(self.most, len(pipes))
        return pipes if self.at_once else pipes[-1:]


@pytest.mark.parametrize("at_once", [True, False])
def test_as_many_workers_as_asked_for_do_one_task_after_the_other(monkeypatch, at_once):
    workers = Workers(monkeypatch, at_once)
    found = list(local_workers(["a", "b", "c", "d", "e"], 2))
    assert sorted(found) == [f"{task} done" for task in "abcde"]
    assert workers.most == len(workers.made) == 2
    assert all(each.stopped for each in workers.made)
    assert [each.device for each in workers.made] == [None, None]
    assert sorted(task for each in workers.made for task, _ in each.done) == [*"abcde"]


def test_fewer_tasks_than_workers(monkeypatch):
    workers = Workers(monkeypatch)
    assert list(local_workers(["a"], 3)) == ["a done"]
    assert len(workers.made) == 1


def test_a_task_is_tried_three_times_by_workers_that_start_afresh(monkeypatch):
    workers = Workers(monkeypatch)
    found = list(local_workers(["deadly", "hard", "a"], 1))
    assert found == ["a done", "deadly given up: deadly killed it (3 attempts)", "hard done"]
    tried = [(task, attempt) for each in workers.made for task, attempt in each.done]
    for task in ("deadly", "hard"):
        assert [attempt for name, attempt in tried if name == task] == [1, 2, 3]
    assert workers.most == 1


def test_devices_are_shared_in_turn_and_handed_on(monkeypatch):
    workers = Workers(monkeypatch)
    list(local_workers(["a", "b", "deadly", "d", "e"], 5, ["x", "y"]))
    devices = [each.device for each in workers.made]
    assert devices[:5] == ["x", "y", "x", "y", "x"]
    assert devices[5:] == []  # living ones take the task of the dead
    workers = Workers(monkeypatch)
    list(local_workers(["deadly"], 1, ["x", "y"]))
    assert [each.device for each in workers.made] == ["x", "x", "x"]
    workers = Workers(monkeypatch)
    list(local_workers(["deadly one", "deadly two"], 2, ["x", "y"]))
    assert [each.device for each in workers.made] == ["x", "y"] * 3


def test_workers_are_stopped_whether_busy_or_idle(monkeypatch):
    workers = Workers(monkeypatch, at_once=False)
    generator = local_workers(["a", "b", "c"], 2)
    next(generator)
    generator.close()
    assert len(workers.made) == 2
    assert all(each.stopped for each in workers.made)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGKILL, "its process was killed; is there enough memory?"),
        (-signal.SIGSEGV, "its process ended with signal 11"),
        (3, "its process ended with code 3"),
        (0, "its process ended with code 0"),
        (None, "its process ended with code 0"),
    ],
)
def test_why_a_worker_died(code, words):
    dead = object.__new__(local._Worker)
    dead.process = SimpleNamespace(join=lambda: None, exitcode=code)
    assert dead.cause_of_death() == words


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_worker_that_does_not_end_is_killed_after_five_seconds(stubborn):
    done = []
    worker = object.__new__(local._Worker)
    worker.process = SimpleNamespace(
        terminate=lambda: done.append("terminate"),
        join=lambda *seconds: done.append(("join", *seconds)),
        is_alive=lambda: stubborn,
        kill=lambda: done.append("kill"),
    )
    worker.pipe = SimpleNamespace(close=lambda: done.append("close"))
    worker.stop()
    more = ["kill", ("join",)] if stubborn else []
    assert done == ["terminate", ("join", 5.0), *more, "close"]


@pytest.mark.parametrize(("device", "seen"), [("GPU-a", "GPU-a"), (None, "7")])
def test_a_worker_serves_until_its_parent_has_gone(monkeypatch, device, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    monkeypatch.setattr(local, "attempt", lambda task: (task, os.environ["CUDA_VISIBLE_DEVICES"]))
    bound = []
    monkeypatch.setattr(local, "die_with_parent", lambda: bound.append(True))
    monkeypatch.setattr(signal, "signal", lambda *given: bound.append(given))
    tasks, sent = ["a", "b"], []

    def recv():
        if not tasks:
            raise EOFError
        return tasks.pop(0)

    local._serve(SimpleNamespace(recv=recv, send=sent.append), device)
    assert sent == [("a", seen), ("b", seen)]
    assert bound == [(signal.SIGTERM, signal.SIG_DFL), True]


def test_a_worker_that_does_not_end_in_five_seconds_is_killed():
    for lives in (True, False):
        told = []
        worker = object.__new__(local._Worker)
        worker.process = SimpleNamespace(
            terminate=lambda told=told: told.append("terminate"),
            join=lambda *seconds, told=told: told.append(seconds),
            is_alive=lambda lives=lives: lives,
            kill=lambda told=told: told.append("kill"),
        )
        worker.pipe = SimpleNamespace(close=lambda told=told: told.append("close"))
        worker.stop()
        assert told == ["terminate", (5.0,), *(["kill", ()] if lives else []), "close"]
