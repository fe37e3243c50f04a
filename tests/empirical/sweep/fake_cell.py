"""A cell that trains nothing, but whose result depends on every step and all checkpoints."""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from convergen.empirical.storage.cell_folder import CellFailed

STEP = 10
EVERY = 50


@dataclass(frozen=True)
class FakeCell:
    name: str
    seed: int
    images: int = 300
    pause: float = 0.0
    nan_at: int = 0
    # Where a mark is left before the process kills itself at half time, once.
    dies: Path | None = None


def work(cell, folder):
    """From the newest checkpoint to the end."""
    state, done, history = np.random.default_rng(cell.seed).standard_normal(8), 0, []
    saved = folder.load_checkpoint()
    if saved is not None:
        tensors, meta = saved
        state, done, history = tensors["state"].numpy(), meta["images"], meta["history"]
        assert torch.equal(tensors["twice"], 2.0 * tensors["state"])
    for images in range(done + STEP, cell.images + 1, STEP):
        if images == cell.nan_at:
            raise CellFailed(f"the loss is nan after {images} images")
        noise = np.random.default_rng([cell.seed, images]).standard_normal(8)
        state = np.sin(3.0 * state + noise)
        history.append(float(np.mean(state**2)))
        folder.log(images=images, loss=history[-1])
        folder.report("training", images=images, done=images / cell.images)
        if images % EVERY == 0:
            tensors = {"state": state, "twice": torch.from_numpy(2.0 * state)}
            folder.save_checkpoint(images, tensors, {"history": history})
        if cell.dies is not None and images == cell.images // 2 and not cell.dies.exists():
            cell.dies.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(cell.pause)
    folder.finish(
        xr.Dataset(
            {"state": ("entry", state), "history": ("images", history)},
            {"images": np.arange(STEP, cell.images + 1, STEP)},
        )
    )


def expected(cell):
    """What `work` must arrive at, without files and without interruption."""
    state, history = np.random.default_rng(cell.seed).standard_normal(8), []
    for images in range(STEP, cell.images + 1, STEP):
        noise = np.random.default_rng([cell.seed, images]).standard_normal(8)
        state = np.sin(3.0 * state + noise)
        history.append(np.mean(state**2))
    return state, np.array(history)


def device_of(cell, folder):
    """A cell whose result is the device that its process sees; it may die once before."""
    if cell.dies is not None and not cell.dies.exists():
        cell.dies.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    folder.finish(xr.Dataset(attrs={"device": os.environ["CUDA_VISIBLE_DEVICES"]}))


def assert_done(run, cells):
    for cell in cells:
        result = run.cell(cell.name).result()
        state, history = expected(cell)
        np.testing.assert_array_equal(result["state"], state)
        np.testing.assert_array_equal(result["history"], history)


def states(outcomes):
    return {outcome.name: outcome.state for outcome in outcomes}


def records(folder):
    """What the log of a cell holds."""
    return [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]


def events(folder):
    return [record["event"] for record in records(folder) if "event" in record]
