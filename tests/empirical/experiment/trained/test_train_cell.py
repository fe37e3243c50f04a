"""One cell: what it reports on its way."""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr

from convergen.empirical.experiment.cells import Cell
from convergen.empirical.experiment.trained import train_cell as module
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.experiment.trained.train_cell import train_cell
from convergen.empirical.storage.cell_folder import CellFailed, CellFolder
from convergen.empirical.training.trainer import Diverged, Progress
from tests.empirical.experiment.tiny import experiment


def test_a_long_fit_reports_how_far_it_is(tmp_path, monkeypatch):
    """A linear model descends for minutes on real data; it sees no images that would show it."""
    seen, amounts = [], []
    report = CellFolder.report

    def watched(self, phase, **more):
        seen.append((phase, more.get("done", 0.0)))
        amounts.append((phase, more.get("images", 0)))
        report(self, phase, **more)

    monkeypatch.setattr(CellFolder, "report", watched)
    given = experiment(samples=[8], seeds=[0], model={"name": "trained-linear"})
    finished = run_experiment(given, tmp_path / "run", threads=1)
    assert not finished.unfinished
    shares = [done for phase, done in seen if phase == "fitting"]
    assert len(shares) > 5
    assert shares[0] == 0.0
    assert max(shares) > 0.8
    assert next(phase for phase, _ in seen) == "reading the data"
    assert seen[-1] == ("measuring", 1.0)
    # It sees no images: the bar counts its share of the fit, and then the whole cell.
    assert [done for phase, done in amounts if phase == "fitting"] == shares
    assert amounts[-1] == ("measuring", 1)


class Folder:
    """Keeps what a cell says and saves."""

    def __init__(self, saved=None):
        self.saved, self.reports, self.logs, self.kept, self.result = saved, [], [], [], None

    def load_checkpoint(self):
        return self.saved

    def report(self, phase, **more):
        self.reports.append((phase, more))

    def log(self, **entry):
        self.logs.append(entry)

    def save_checkpoint(self, images, tensors, meta):
        state = {name: value.item() for name, value in tensors.items()}
        self.kept.append((images, state, {**meta, "history": list(meta["history"])}))

    def finish(self, result):
        self.result = result


class Trainer:
    """Steps of ten images; its only parameter is the number of images it has seen."""

    def __init__(self, settings, snapshots=()):
        self.settings, self.images, self.snapshots = settings, 0, snapshots

    def state(self):
        return {"w": torch.tensor(float(self.images))}

    def restore(self, tensors, images):
        assert tensors["w"].item() == images
        self.images = images

    def run(self):
        while self.images < self.settings.images:
            self.images += 10
            yield Progress(self.images, np.array([0.5, 2.0]), self.images in self.snapshots)


@pytest.fixture
def trained(monkeypatch):
    """Train a cell of 50 images; each look at the clock takes a second."""

    def run(saved=None, *, snapshots=(), copies_at=99, stops=False, every=1e9, diverges=False):
        clock = count()
        monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
        settings = SimpleNamespace(images=50, stop_before_copying=stops)
        trainer = Trainer(settings, snapshots)
        folder = Folder(saved)

        def made(*given):
            if diverges:
                raise Diverged("the loss of n = 4, side a became NaN after 10 images")
            return "models", trainer

        def entry(models, subjects):
            return {"q": float(trainer.images), "m": [trainer.images + 0.5]}

        monkeypatch.setattr(module, "_trainer", made)
        monkeypatch.setattr(module, "WatchedModels", lambda models, subjects, watch: models)
        monkeypatch.setattr(module, "snapshot", entry)
        monkeypatch.setattr(
            module, "copies_appear", lambda entry, draws: draws == 7 and entry["q"] >= copies_at
        )
        monkeypatch.setattr(
            module,
            "measure",
            lambda models, subjects: xr.Dataset(
                {"q": ((), 1.0, {"units": "1"}), "m": ("samples", [2.0])}, {"samples": [4]}
            ),
        )
        monkeypatch.setattr(module, "needs_training", lambda model: True)
        monkeypatch.setattr(module, "work_of", lambda experiment: (50, "images"))
        subjects = SimpleNamespace(settings=SimpleNamespace(draws=7))
        given = SimpleNamespace(
            experiment=SimpleNamespace(model={}), subjects=lambda seed, samples: subjects
        )
        train_cell(given, Cell("c", 3, (4,)), folder, every)
        return folder

    return run


def test_a_training_is_logged_reported_and_saved_at_its_end(trained):
    folder = trained()
    assert [entry["images"] for entry in folder.logs] == [10, 20, 30, 40, 50]
    assert folder.logs[0]["loss"] == [0.5, 2.0]
    training = [more for phase, more in folder.reports if phase == "training"]
    assert training == [{"images": n, "done": n / 50} for n in (0, 10, 20, 30, 40, 50)]
    assert folder.kept == [(50, {"w": 50.0}, {"history": []})]
    assert dict(folder.result.sizes) == {"seed": 1, "samples": 1}
    assert folder.result["seed"].item() == 3
    assert "trained_images" not in folder.result


@pytest.mark.parametrize(("every", "kept"), [(0.5, [10, 20, 30, 40]), (1.0, [20, 40]), (2.5, [30])])
def test_checkpoints_follow_the_clock(trained, every, kept):
    """Each step looks once, and once more after a checkpoint; the end is always saved."""
    found = [images for images, _, _ in trained(every=every).kept]
    assert found[-1] == 50
    assert found[:-1] == kept


def test_a_cell_goes_on_from_its_checkpoint(trained):
    before = {"images": 10, "q": 10.0, "m": [10.5]}
    saved = {"w": torch.tensor(30.0)}, {"images": 30, "history": [before]}
    folder = trained(saved, snapshots=(10, 40))
    assert [entry["images"] for entry in folder.logs] == [40, 50]
    assert folder.reports[1] == ("training", {"images": 30, "done": 0.6})
    history = [before, {"images": 40, "q": 40.0, "m": [40.5]}]
    assert folder.kept[-1][2] == {"history": history}
    assert folder.result["images"].values.tolist() == [10, 40]
    assert folder.result["history_q"].dims == ("seed", "images")
    assert folder.result["history_q"].values.tolist() == [[10.0, 40.0]]
    assert folder.result["history_q"].attrs == {"units": "1"}
    assert folder.result["history_m"].dims == ("seed", "images", "samples")
    assert "history_images" not in folder.result


def test_a_training_ends_at_the_last_snapshot_without_copies(trained):
    folder = trained(snapshots=(10, 20, 30, 40), copies_at=30, stops=True)
    assert [entry.get("images") for entry in folder.logs] == [10, 20, 30, 20]
    assert folder.logs[-1]["event"] == "stopped before copying"
    images, state, meta = folder.kept[-1]
    assert (images, state["w"]) == (30, 20.0)
    assert (meta["before"], meta["stopped"]) == (20, True)
    assert folder.result["trained_images"].values.tolist() == [[20]]
    assert folder.result["trained_images"].attrs["units"] == "images"
    assert folder.result["images"].values.tolist() == [10, 20, 30]


def test_a_training_that_was_stopped_is_not_gone_on_with(trained):
    history = [{"images": n, "q": float(n), "m": [n + 0.5]} for n in (10, 20)]
    saved = (
        {"w": torch.tensor(10.0), "before.w": torch.tensor(10.0)},
        {"images": 20, "history": history, "before": 10, "stopped": True},
    )
    folder = trained(saved, snapshots=(10, 20), copies_at=20, stops=True)
    assert folder.logs == []
    assert folder.result["trained_images"].values.tolist() == [[10]]
    assert folder.kept[-1][0] == 20


def test_copies_that_never_appear_and_copies_that_are_allowed(trained):
    folder = trained(snapshots=(10, 30), stops=True)
    assert folder.result["trained_images"].values.tolist() == [[50]]
    assert folder.kept[-1][0] == 50
    allowed = trained(snapshots=(10, 30), copies_at=0, stops=False)
    assert allowed.kept[-1][0] == 50
    with pytest.raises(CellFailed, match="copies appear at the first snapshot, after 10 images"):
        trained(snapshots=(10, 30), copies_at=0, stops=True)


def test_a_training_that_diverges_fails_in_its_words(trained):
    with pytest.raises(CellFailed, match="the loss of n = 4, side a became NaN"):
        trained(diverges=True)
