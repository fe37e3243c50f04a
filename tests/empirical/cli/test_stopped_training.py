"""Trainings that are interrupted, run into a full disk or diverge, and go on later."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from convergen.empirical.storage import checked_files
from tests.empirical.cli.small_runs import FIELD, MLP, refused


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["plan.json", "checkpoint-", "result.nc"])
def test_a_full_disk_ends_the_run_in_one_line_and_it_can_be_continued(
    convergen, tmp_path, monkeypatch, victim
):
    arguments = ("train", *FIELD, *MLP, "--samples", "4", "--out", "run")
    through = checked_files._write_through

    def full(temporary, content):
        """Fails as the operating system does; files that are being written begin with a dot."""
        if temporary.name.startswith(f".{victim.removesuffix(temporary.suffix)}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return through(temporary, content)

    with monkeypatch.context() as patched:
        patched.setattr(checked_files, "_write_through", full)
        refused(convergen(*arguments), "No space left on device")
    assert list((tmp_path / "run").rglob(f"*{victim}*")) == []
    assert convergen(*arguments)[0] == 0
    assert (tmp_path / "run" / "result.nc").exists()


@pytest.mark.slow
def test_a_loss_that_diverges_stops_its_cell_alone(convergen, tmp_path, monkeypatch):
    from convergen.empirical.training import trainer as training

    batch = training.training_batch

    def poisoned(*arguments, rows, **options):
        found = batch(*arguments, rows=rows, **options)
        if rows == 8:
            found.noise[0] = float("nan")
        return found

    arguments = ("train", *FIELD, *MLP, "--samples", "4,8,16", "--grouping", "pair", "--out", "run")
    with monkeypatch.context() as patched:
        patched.setattr(training, "training_batch", poisoned)
        code, out, err = convergen(*arguments, "--json")
    assert code == 1
    shown = json.loads(out)
    assert list(shown["unfinished"]) == ["seed0-n8"]
    assert "(n = 8) is nan after 16 images: lower learning_rate" in shown["unfinished"]["seed0-n8"]
    means = shown["quantities"]["convergence"]["mean"]
    assert means[1] is None
    assert None not in (means[0], means[2])
    assert "the same command tries these cells again" in err
    failure = json.loads((tmp_path / "run" / "cells" / "seed0-n8" / "failure.json").read_text())
    assert "is nan after" in failure["cause"]
    assert convergen(*arguments)[0] == 0


@pytest.mark.slow
def test_a_checkpoint_of_another_run_fails_its_cell_with_the_cause(convergen, tmp_path):
    base = ("train", *FIELD, *MLP, "--samples", "4", "--grouping", "pair")
    assert convergen(*base, "--set", "model.width=24", "--out", "other")[0] == 0
    assert convergen(*base, "--out", "run")[0] == 0
    cell = tmp_path / "run" / "cells" / "seed0-n4"
    (cell / "result.nc").unlink()
    for path in (tmp_path / "other" / "cells" / "seed0-n4").glob("checkpoint-*"):
        (cell / path.name).write_bytes(path.read_bytes())
    code, _, err = convergen(*base, "--out", "run")
    assert code == 1
    assert "come from another experiment, other data or other splits" in err


@pytest.mark.slow
def test_a_run_that_stops_in_training_resumes_to_the_same_bits(convergen, tmp_path, monkeypatch):
    """The short form of what benchmarks/kills.py does with real kills."""
    from convergen.empirical.storage.cell_folder import CellFolder

    base = ("train", *FIELD, *MLP, "--samples", "4", "--set", "training.snapshots=3")
    often = (*base, "--checkpoint-seconds", "1e-9")
    assert convergen(*base, "--out", "whole")[0] == 0
    save, seen = CellFolder.save_checkpoint, []

    def killed(self, images, *arguments):
        save(self, images, *arguments)
        seen.append(images)
        if len(seen) % 3 == 0:
            raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(CellFolder, "save_checkpoint", killed)
        assert convergen(*often, "--out", "run")[0] == 1
        assert convergen(*often, "--out", "run")[0] == 1
    assert seen == [16, 32, 48, 64, 80, 96]
    assert convergen(*often, "--out", "run")[0] == 0
    for name in ("result.nc", "cells/seed0/result.nc"):
        whole, resumed = (tmp_path / run / name for run in ("whole", "run"))
        assert resumed.read_bytes() == whole.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_says_how_to_continue(tmp_path, asked, workers):
    """A signal in the first cell, four in a row: one line, its code, and the run can continue.

    In a process of its own: a signal may strike between the opening of anything and its closing.
    """
    long = (
        "train", *FIELD, *MLP, "--samples", "4", "--images", "4000000", "--grouping", "pair",
        "--out", "run", "--workers", workers,
    )  # fmt: skip
    journal = tmp_path / "run" / "cells" / "seed0-n4" / "log.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "convergen", *long],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        while process.poll() is None:
            if journal.exists() and b"start" in journal.read_bytes():
                for _ in range(1 if asked == signal.SIGTERM else 4):
                    os.killpg(process.pid, asked)
                    time.sleep(0.02)
                break
            time.sleep(0.05)
        out, err = process.communicate()
    assert process.returncode == 128 + asked
    assert out == ""
    assert err.strip() == "convergen: interrupted; to continue: convergen train --out run"
