"""`convergen train` as a user meets it, in this process."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import typer
import xarray as xr

from convergen.empirical.cli.train import _interruptible
from convergen.empirical.common.presets import preset_names
from convergen.empirical.experiment.declared.toml_files import preset_config
from convergen.empirical.storage import checked_files

QUICK = (
    "--size", "4", "--count", "64", "--set", "measure.draws=12",
    "--set", "measure.steps=4", "--set", "measure.error_points=8", "--set", "measure.pictures=2",
    "--device", "cpu", "--threads", "1",
)  # fmt: skip
FIELD = ("--data", "field", *QUICK)
MLP = ("--model", "mlp", "--set", "model.size=tiny", "--images", "320", "--batch", "16")


def refused(answer, words):
    code, out, err = answer
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert words in err


# ------------------------------------------------------------------------ what is asked for


def test_options_make_the_experiment_and_the_table_is_printed(convergen, tmp_path):
    code, out, err = convergen(
        "train", *FIELD, *MLP, "--samples", "4,8", "--seeds", "3,5", "--learning-rate", "1e-3",
        "--grouping", "pair", "--out", "run",
    )  # fmt: skip
    assert code == 0, err
    assert out.startswith("field-mlp: mlp on ")
    assert "mean ± standard error over 2 seeds" in out
    assert "convergen validate run" in out
    result = xr.open_dataset(tmp_path / "run" / "result.nc")
    experiment = json.loads(result.attrs["experiment"])
    assert experiment["samples"] == [4, 8]
    assert experiment["seeds"] == [3, 5]
    assert experiment["data"] == {"kind": "field", "size": 4, "count": 64}
    assert experiment["training"]["learning_rate"] == 1e-3
    assert experiment["training"]["images"] == 320
    assert experiment["run"] == {"grouping": "pair", "device": "cpu"}
    assert result.sizes["seed"] == 2
    result.close()


def test_a_file_and_options_that_win_over_it(convergen, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nsamples = [4, 8]\n[data]\nkind = "field"\n[model]\nname = "linear"\n'
    )
    code, out, err = convergen(
        "train", "mine.toml", *QUICK, "--samples", "8", "--out", "run", "--json"
    )
    assert code == 0, err
    shown = json.loads(out)
    assert shown["name"] == "mine"
    assert shown["samples"] == [8]
    assert shown["unfinished"] == {}
    assert shown["quantities"]["convergence"]["stderr"] == [None]
    assert 0.0 < shown["quantities"]["convergence"]["mean"][0] < 1.0


def test_data_may_be_an_array(convergen, tmp_path):
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).standard_normal((60, 6)))
    code, _, err = convergen(
        "train", "--data", "mine.npy", "--model", "linear", "--samples", "5", *QUICK[4:],
        "--out", "run",
    )  # fmt: skip
    assert code == 0, err
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())["plan"]
    assert plan["experiment"]["name"] == "mine-linear"
    assert plan["experiment"]["data"]["path"] == str(tmp_path / "mine.npy")
    assert plan["data"]["shape"] == [6]


def test_data_overwritten_before_validation_are_refused(convergen, tmp_path):
    points = np.random.default_rng(0).standard_normal((60, 6))
    np.save(tmp_path / "mine.npy", points)
    code, _, err = convergen(
        "train", "--data", "mine.npy", "--model", "linear", "--samples", "5", *QUICK[4:],
        "--out", "run",
    )  # fmt: skip
    assert code == 0, err
    np.save(tmp_path / "mine.npy", points[::-1])
    for given in ("run", "run/result.nc"):
        refused(convergen("validate", given), "are not those the run was begun with")
    assert not (tmp_path / "run" / "validation.nc").exists()


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_taken_up(convergen, monkeypatch, name):
    """What the command hands on; the runs themselves take longer than a test."""
    seen = {}

    def watch(experiment, folder, **options):
        from convergen.empirical.experiment.trained.train import Finished

        seen.update(experiment=experiment, **options)
        return Finished(None, [], None)

    monkeypatch.setattr("convergen.empirical.experiment.trained.train.run_experiment", watch)
    code, _, err = convergen("train", "--preset", name, "--out", "run", "--workers", "2")
    assert code == 0, err
    assert seen["experiment"].name == name
    assert list(seen["experiment"].samples) == preset_config(name)["samples"]
    assert seen["workers"] == 2


def test_out_alone_continues(convergen, tmp_path, monkeypatch):
    arguments = ("train", *FIELD, *MLP, "--samples", "4", "--out", "run")
    full = convergen(*arguments, "--json")
    content = (tmp_path / "run" / "result.nc").read_bytes()
    (tmp_path / "run" / "result.nc").unlink()
    assert convergen("train", "--out", "run", "--json") == full
    assert (tmp_path / "run" / "result.nc").read_bytes() == content
    refused(convergen(*arguments, "--images", "640"), "training.images is 320 there and 640 here")
    refused(convergen(*arguments, "--threads", "2"), "threads are 1 there and 2 here")


# -------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*FIELD, *MLP), "does not say samples"),
        ((*FIELD, *MLP, "--samples", "four"), "write whole numbers like 4,16,64"),
        (
            (*FIELD, *MLP, "--samples", "33"),
            "n = 33 is too large for two disjoint sets from the 64",
        ),
        ((*FIELD, *MLP, "--samples", "4", "--seeds", "9223372036854775808"), "at most 92233720"),
        ((*FIELD, *MLP, "--samples", "4", "--set", "training.imags=3"), "did you mean 'images'"),
        ((*FIELD, *MLP, "--samples", "4", "--set", "images"), "write SECTION.KEY=VALUE"),
        ((*FIELD, *MLP, "--samples", "4", "--set", "training.batch=true"), "not True"),
        ((*FIELD, *MLP, "--samples", "4", "--set", "training.learning_rate=1e999"), "not inf"),
        (
            (*FIELD, *MLP, "--samples", "4", "--set", f"model.depth={'[' * 2000}{']' * 2000}"),
            "nested too deeply",
        ),
        ((*FIELD, *MLP, "--samples", "4", "--checkpoint-seconds", "0"), "checkpoint_seconds must"),
        ((*FIELD, *MLP, "--samples", "4", "--scheduler", "nowhere"), "no Dask scheduler answers"),
        (("--data", "spiked", "--model", "unet", "--samples", "4"), "(300,)"),
        (("--data", "missing.npy", "--model", "mlp", "--samples", "4"), "missing.npy"),
        (("none.toml",), "cannot read the experiment"),
        (("none.toml", "--preset", "smoke"), "not both"),
        ((), "there is no run in run to continue"),
    ],
)
def test_bad_input_is_one_line_and_code_2(convergen, tmp_path, arguments, words):
    refused(convergen("train", *arguments, "--out", "run"), words)
    assert not (tmp_path / "run").exists()


def test_without_dask_the_folder_is_not_claimed(convergen, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    arguments = ("train", *FIELD, *MLP, "--samples", "4", "--scheduler", "tcp://localhost:1")
    refused(convergen(*arguments, "--out", "run"), "--scheduler needs the package")
    assert not (tmp_path / "run").exists()


def test_a_folder_of_the_user_is_refused_and_untouched(convergen, tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("result.nc", ".result-a.nc", ".plan-a.json"):
        (tmp_path / "mine" / name).write_text("mine")
    arguments = ("train", *FIELD, *MLP, "--samples", "4", "--out", "mine")
    refused(convergen(*arguments), "give a new or empty folder")
    assert {path.read_text() for path in (tmp_path / "mine").iterdir()} == {"mine"}
    assert len(list((tmp_path / "mine").iterdir())) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(convergen, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused(convergen("train", *FIELD, *MLP, "--samples", "4", "--out", "locked/run"), "locked")


def test_a_folder_below_a_file_is_refused(convergen, tmp_path):
    (tmp_path / "file").write_text("here")
    base = ("train", *FIELD, *MLP, "--samples", "4", "--out")
    refused(convergen(*base, "file/run"), "file")
    refused(convergen(*base, "x" * 300), "name too long")
    assert (tmp_path / "file").read_text() == "here"


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


def test_an_interrupt_before_the_run_is_begun_advises_nothing_that_is_refused(
    convergen, tmp_path, monkeypatch
):
    from convergen.empirical.experiment.declared import deciding

    def interrupted(experiment, folder):
        os.kill(os.getpid(), signal.SIGINT)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(deciding, "read_data", interrupted)
    code, out, err = convergen("train", *FIELD, *MLP, "--samples", "4", "--out", "run")
    for number, handler in before.items():
        signal.signal(number, handler)
    assert code == 130
    assert out == ""
    assert err.strip() == "convergen: interrupted; nothing was begun yet"
    assert not (tmp_path / "run").exists()


def test_a_second_request_to_end_a_second_later_ends_at_once(monkeypatch, tmp_path):
    from convergen.empirical.cli import train

    handlers, now, ended = {signal.SIGINT: None, signal.SIGTERM: None}, [0.0], []
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "_exit", ended.append)
    with pytest.raises(typer.Exit) as stopped, train._interruptible(tmp_path):
        handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert stopped.value.exit_code == 143
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert ended == []
    now[0] = 1.5
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert ended == [130]


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


def test_a_network_of_the_user_is_trained_resumed_and_refused_once_its_file_has_changed(
    convergen, tmp_path
):
    file = tmp_path / "my_net.py"
    file.write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, width=2):\n"
        "        super().__init__()\n"
        "        first, last = nn.Conv2d(1, width, 3, padding=1), nn.Conv2d(width, 1, 1)\n"
        "        self.layers = nn.Sequential(first, last)\n"
        "    def forward(self, x, sigma):\n"
        "        return self.layers(x)\n"
    )
    few = ("--images", "64", "--set", "measure.draws=8", "--set", "measure.steps=3")
    base = ("train", *FIELD, "--samples", "4", *few, "--out", "run")
    begun = (*base, "--model", "my_net.py:Net", "--set", "model.width=3")
    code, out, err = convergen(*begun)
    assert code == 0, err
    assert out.startswith("field-my_net: my_net.py:Net on field")
    before = (tmp_path / "run" / "result.nc").read_bytes()
    (tmp_path / "run" / "result.nc").unlink()
    assert convergen("train", "--out", "run")[0] == 0
    assert (tmp_path / "run" / "result.nc").read_bytes() == before
    # The same file in another place is the same network.
    (tmp_path / "nets").mkdir()
    moved = file.rename(tmp_path / "nets" / "my_net.py")
    assert convergen(*base, "--model", "nets/my_net.py:Net", "--set", "model.width=3")[0] == 0
    moved.write_text(moved.read_text().replace("width=2", "width=4"))
    file.write_text(moved.read_text())
    refused(convergen(*begun), "the file of the network is another one")
    refused(convergen("train", "--out", "run"), "the file of the network my_net.py:Net has changed")
    assert convergen("validate", "run")[0] == 0
    # What is no denoiser leaves no folder.
    file.write_text(file.read_text().replace("(self, x, sigma)", "(self, x)"))
    refused(
        convergen(*base[:-1], "other", "--model", "my_net.py:Net"),
        "cannot be called as forward(x, sigma)",
    )
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("fails", [False, True])
def test_signals_are_afterwards_what_they_were(tmp_path, fails):
    numbers = signal.SIGINT, signal.SIGTERM
    before = [signal.getsignal(number) for number in numbers]
    try:
        with _interruptible(tmp_path):
            assert all(
                signal.getsignal(number) is not old
                for number, old in zip(numbers, before, strict=True)
            )
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    found = [signal.getsignal(number) for number in numbers]
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    assert found == before
