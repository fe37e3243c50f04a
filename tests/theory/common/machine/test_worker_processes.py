import os
import signal
import subprocess
import sys
from contextlib import suppress

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
