import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from convergen.theory.common.machine import worker_processes
from convergen.theory.common.machine.worker_processes import deaf_to_interrupts

# A process that starts a worker and ends without a word to it.
PARENT = """
import multiprocessing, os, time
from convergen.theory.common.machine.worker_processes import die_with_parent

def work(end):
    die_with_parent()
    end.send("at work")
    time.sleep(60)

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    multiprocessing.get_context("fork").Process(target=work, args=(there,)).start()
    print(here.recv(), flush=True)
    os._exit(0)
"""


def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_interrupts_are_heard_again_after_the_block():
    assert not blocked()
    seen = []
    with suppress(ValueError), deaf_to_interrupts():
        seen.append(blocked())
        raise ValueError
    assert seen == [True]
    assert not blocked()


def test_a_worker_ends_with_its_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    # Standard output ends once nobody holds it, the worker included, which would sleep for longer.
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert ended.stdout == "at work\n"


def test_the_thread_that_waits_holds_nobody_up(monkeypatch):
    started = []

    class Thread:
        def __init__(self, *, target, daemon):
            started.append((target, daemon))

        def start(self):
            started.append("started")

    monkeypatch.setattr(worker_processes.threading, "Thread", Thread)
    worker_processes.die_with_parent()
    assert started == [(worker_processes._wait_for_parent, True), "started"]


@pytest.mark.parametrize("worker", [True, False])
def test_who_has_a_parent_waits_for_it_and_ends_with_an_error(monkeypatch, worker):
    seen = []

    class Parent:
        def join(self):
            seen.append("joined")

    parent = Parent() if worker else None
    monkeypatch.setattr(worker_processes.multiprocessing, "parent_process", lambda: parent)
    monkeypatch.setattr(worker_processes.os, "_exit", seen.append)
    worker_processes._wait_for_parent()
    assert seen == (["joined", 1] if worker else [])
