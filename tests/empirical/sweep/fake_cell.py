"""A cell that trains nothing, but whose result depends on every step and on all of its log."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from convergen.empirical.storage.run_folder import CellFailed

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
    """Go on from the newest checkpoint to the end."""
    state, done = np.random.default_rng(cell.seed).standard_normal(8), 0
    saved = folder.load_checkpoint()
    if saved is not None:
        tensors, meta = saved
        state, done = tensors["state"].numpy(), meta["images"]
        assert torch.equal(tensors["twice"], 2.0 * tensors["state"])
    for images in range(done + STEP, cell.images + 1, STEP):
        if images == cell.nan_at:
            raise CellFailed(f"the loss is nan after {images} images")
        noise = np.random.default_rng([cell.seed, images]).standard_normal(8)
        state = np.sin(3.0 * state + noise)
        folder.log(images=images, loss=float(np.mean(state**2)))
        if images % EVERY == 0:
            tensors = {"state": state, "twice": torch.from_numpy(2.0 * state)}
            folder.save_checkpoint(images, tensors, {"note": "kept"})
        if cell.dies is not None and images == cell.images // 2 and not cell.dies.exists():
            cell.dies.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(cell.pause)
    history = [record["loss"] for record in folder.records() if "loss" in record]
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
