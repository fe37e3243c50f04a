"""A small network that learns two points by heart, stopped at the snapshot before that."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.report import summary_text
from convergen.empirical.experiment.run import Run
from convergen.empirical.experiment.trained.stopping import LastWithoutCopies, copies_appear
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.storage.cell_folder import CellFailed, CellFolder
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError
from tests.empirical.experiment.tiny import experiment

TRAINING = {
    "images": 6400, "batch": 32, "learning_rate": 1e-2, "snapshots": 6, "ema": 0.0,
}  # fmt: skip
MEASURE = {"draws": 64, "steps": 6, "pictures": 2, "error_points": 8, "projections": 4}


def copying(samples=(2,), **changes):
    training = TRAINING | {"stop_before_copying": True} | changes
    run = {"grouping": "auto", "device": "cpu"}
    return experiment(samples=list(samples), seeds=[0], training=training, measure=MEASURE, run=run)


def done(given, folder, **keywords):
    finished = run_experiment(given, folder, threads=1, **keywords)
    assert not finished.unfinished, finished.unfinished
    return finished.result


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    return done(copying([2]), tmp_path_factory.mktemp("stopped") / "run")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    given = copying([2], stop_before_copying=False)
    return done(given, tmp_path_factory.mktemp("whole") / "run")


def test_it_ends_at_the_last_snapshot_without_copies(stopped, whole):
    copies = whole["history_fraction_memorised"].sel(samples=2, seed=0).max("side")
    assert float(whole["fraction_memorised"].max()) > 0.5
    late = copies["images"].values[copies.values > 0.1][0]
    seen = stopped["trained_images"].sel(seed=0)
    history = stopped["history_fraction_memorised"].sel(samples=2, seed=0).dropna("images")
    assert float(seen.sel(samples=2)) < late
    # The snapshot that showed copies is recorded; what is measured is the one before.
    assert history["images"].values[-2] == float(seen.sel(samples=2))
    assert float(history.max("side")[-1]) > 0.02
    assert float(stopped["fraction_memorised"].sel(samples=2).max()) < 0.1
    before = history["images"].values[:-1]
    np.testing.assert_array_equal(
        stopped["history_memorisation"].sel(samples=2, images=before).values,
        whole["history_memorisation"].sel(samples=2, images=before).values,
    )
    for name in ("memorisation", "variance_ratio", "test_error"):
        np.testing.assert_array_equal(
            stopped[name].sel(samples=2),
            stopped[f"history_{name}"].sel(samples=2, images=before[-1]),
        )


@pytest.mark.slow
def test_larger_n_train_to_the_end(tmp_path):
    stopped = done(copying([2, 24]), tmp_path / "run")
    assert stopped["trained_images"].sel(samples=24).item() == 6400
    words = summary_text(stopped)
    first = stopped["trained_images"].sel(samples=2).item()
    assert f"2: {first}; 24: 6400" in " ".join(words.split())


def test_runs_that_do_not_stop_record_nothing(stopped, whole):
    assert "Images seen before copies appear" in summary_text(stopped)
    assert "trained_images" not in whole
    assert "Images seen before copies" not in summary_text(whole)


class Killed(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("where", ["on the way", "after the stop"])
def test_a_kill_changes_nothing(tmp_path, monkeypatch, where):
    plain = done(copying(), tmp_path / "plain")
    images = plain["trained_images"].item()
    path = tmp_path / "killed"
    with monkeypatch.context() as patched:
        log, finish = CellFolder.log, CellFolder.finish

        def dying(self, **record):
            log(self, **record)
            # Between the snapshot that is kept and the one that shows copies.
            if record.get("images", 0) > images + 64 and "loss" in record:
                raise Killed

        def unfinished(self, dataset):
            raise Killed

        if where == "on the way":
            patched.setattr(CellFolder, "log", dying)
        else:
            patched.setattr(CellFolder, "finish", unfinished)
        failed = run_experiment(copying(), path, threads=1, checkpoint_seconds=1e-9)
        assert "Killed" in failed.unfinished[0].cause
    assert CellFolder.finish is finish
    again = done(copying(), path, checkpoint_seconds=1e-9)
    assert again.identical(plain)
    (cell,) = Run.open(path).cells()
    held = Run.open(path).folder.cell(cell.name).load_checkpoint()
    assert held[1]["stopped"]
    assert held[1]["before"] == images
    state = {name.split("/", 1)[1]: v for name, v in held[0].items() if "before-copying/" in name}
    assert all(torch.equal(held[0][name], value) for name, value in state.items())


def test_copies_at_the_first_snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "convergen.empirical.experiment.trained.train_cell.copies_appear", lambda *_: True
    )
    finished = run_experiment(copying([2]), tmp_path / "run", threads=1)
    (outcome,) = finished.unfinished
    first = "copies appear at the first snapshot, after 64 images: ask for more"
    assert first in outcome.cause


def test_chance_is_no_copying():
    def entry(hits):
        return {"fraction_memorised": [[hits / 256, 0.0]]}

    assert not copies_appear(entry(5), 256)
    assert copies_appear(entry(8), 256)


def test_the_plan_knows_it(tmp_path):
    run = Run.begin(copying([2, 24]), tmp_path / "run", threads=1)
    assert [cell.samples for cell in run.cells()] == [(2,), (24,)]
    with pytest.raises(InputError, match="stop_before_copying is true there and false here"):
        Run.begin(copying([2, 24], stop_before_copying=False), tmp_path / "run")
    provenance = Run.begin(
        copying([2, 24], stop_before_copying=False), tmp_path / "other", threads=1
    ).plan.provenance
    assert provenance != run.plan.provenance


def test_what_cannot_be_done(tmp_path):
    with pytest.raises(InputError, match="set snapshots, such as 16"):
        TrainingSettings(stop_before_copying=True)
    together = json.loads(json.dumps(copying([2, 24]).config()))
    together["run"]["grouping"] = "seed"
    with pytest.raises(InputError, match="would stop all others"):
        Run.begin(Experiment.from_config(together), tmp_path / "run")


def test_a_checkpoint_holds_what_was_kept_beside_the_state_of_now():
    state, restored = {"a": torch.tensor([1.0, 2.0])}, []
    trainer = SimpleNamespace(
        images=96, state=lambda: state, restore=lambda *given: restored.append(given)
    )
    kept = LastWithoutCopies()
    with pytest.raises(CellFailed, match="at the first snapshot, after 96 images: ask for more"):
        kept.go_back(trainer)
    kept.keep(trainer)
    held = kept.tensors()
    assert (kept.images, list(held)) == (96, ["before-copying/a"])
    state["a"] += 5.0  # what was kept stays as it was
    again = LastWithoutCopies()
    assert again.take_from({**state, **held}, 96) == state
    again.go_back(trainer)
    ((found, images),) = restored
    assert (list(found), found["a"].tolist(), images) == (["a"], [1.0, 2.0], 96)
