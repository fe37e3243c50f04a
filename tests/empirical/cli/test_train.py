"""`convergen train` as a user meets it, in this process."""

import json
import os
import signal
import sys
import time

import numpy as np
import pytest
import typer
import xarray as xr

from convergen.empirical.cli.train import _interruptible
from convergen.empirical.common.presets import preset_names
from convergen.empirical.experiment.declared.toml_files import preset_config
from tests.commands import defaults, hidden, limits
from tests.empirical.cli.small_runs import FIELD, MLP, QUICK, refused


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


@pytest.mark.parametrize(("more", "snapshots"), [((), 16), (("--set", "training.snapshots=3"), 3)])
def test_a_training_that_stops_by_itself_is_looked_at_sixteen_times(
    convergen, monkeypatch, more, snapshots
):
    seen = []

    def watch(experiment, folder, **options):
        seen.append(experiment.training)
        raise typer.Exit(3)

    monkeypatch.setattr("convergen.empirical.experiment.trained.train.run_experiment", watch)
    given = ("train", *FIELD, *MLP, "--samples", "4", "--out", "run", "--stop-before-copying")
    assert convergen(*given, *more)[0] == 3
    assert [each.snapshots for each in seen] == [snapshots]


def test_out_alone_continues(convergen, tmp_path, monkeypatch):
    arguments = ("train", *FIELD, *MLP, "--samples", "4", "--out", "run")
    full = convergen(*arguments, "--json")
    content = (tmp_path / "run" / "result.nc").read_bytes()
    (tmp_path / "run" / "result.nc").unlink()
    assert convergen("train", "--out", "run", "--json") == full
    assert (tmp_path / "run" / "result.nc").read_bytes() == content
    refused(convergen(*arguments, "--images", "640"), "training.images is 320 there and 640 here")
    refused(convergen(*arguments, "--threads", "2"), "threads are 1 there and 2 here")


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


@pytest.mark.slow
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


def test_what_is_done_where_nothing_is_said_and_what_is_too_little():
    assert defaults("train") == {"workers": 1, "checkpoint_seconds": 20.0}
    assert limits("train") == {"workers": (1, 1), "threads": (None, 1)}
    assert hidden("train") == []


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
    handlers, now, ended = {signal.SIGINT: None, signal.SIGTERM: None}, [5.0], []
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "_exit", ended.append)
    with pytest.raises(typer.Exit) as stopped, _interruptible(tmp_path):
        handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert stopped.value.exit_code == 143
    for now[0] in (5.0, 5.9, 6.0):
        handlers[signal.SIGINT](signal.SIGINT, None)
    assert ended == []
    now[0] = 6.1
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert ended == [130]


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
