"""What a GPU does to training: equality with the processor, and throughput of every variant.

Runs, in this order: the card's own limits; forward and backward passes of every network on the
device against float64 on the processor; a training run stopped and resumed on the device; images
per second of large networks with `torch.compile`, bfloat16 and channels-last on and off; batched
ensembles against the same models one by one; Gram matrices of tangent kernels; and a shortened
form of the preset `paper`. A section that fails is reported and the others go on. Without a GPU
it runs a short form of everything that a processor can do.

    python benchmarks/gpu.py [--device auto] [--short] [--minutes 8] [--json gpu.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from convergen.empirical.common.devices import choose_device
from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.experiment.toml_files import preset_config
from convergen.empirical.experiment.train import run_experiment
from convergen.empirical.kernels.convolutional import gram
from convergen.empirical.models.by_name import untrained
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Member, Trainer

Row = dict[str, Any]
Model = dict[str, Any]

# float32 products of some thousand terms, against float64.
FORWARD_LIMIT, BACKWARD_LIMIT = 1e-4, 1e-3


@dataclass(frozen=True)
class Bench:
    """Where to run, and how much.

    Attributes
    ----------
    device : torch.device
        Where.
    short : bool
        Smaller networks, fewer steps: minutes become seconds.
    deadline : float
        `time.monotonic` after which no row is begun.
    """

    device: torch.device
    short: bool
    deadline: float

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.device.type == "cuda"

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.deadline


def synchronise(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median time of a call, after the device has done it."""
    times = []
    for _ in range(rounds):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# --- The card ------------------------------------------------------------------------------------


def card(bench: Bench) -> Iterator[Row]:
    """Measured limits, which the rows below are held against."""
    side = 512 if bench.short else 8192
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    for name, kind in kinds.items():
        a = torch.randn(side, side, device=bench.device).to(kind)
        b = torch.randn(side, side, device=bench.device).to(kind)
        a @ b
        taken = seconds_of(lambda a=a, b=b: a @ b, bench.device, 5)
        yield {"what": f"matrix product, {name}", "TFLOP/s": 2e-12 * side**3 / taken}
    source = torch.randn(2**20 if bench.short else 2**29, device=bench.device)
    target = torch.empty_like(source)
    taken = seconds_of(lambda: target.copy_(source), bench.device, 5)
    yield {"what": "copy", "GB/s": 8e-9 * source.numel() / taken}


# --- Equality ------------------------------------------------------------------------------------


def _shapes(bench: Bench) -> list[tuple[Model, tuple[int, ...]]]:
    """Every network of the table at its default size, and the large ones of the other sections."""
    small = [({"name": name}, (1, 8, 8)) for name in NETWORKS.names() if name != "diffusers"]
    return small if bench.short else [*small, *((model, shape) for model, shape, _ in _large())]


def equality(bench: Bench) -> Iterator[Row]:
    """Largest error of outputs and gradients, relative to the largest value, in float32."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        for model, shape in _shapes(bench):
            found = [
                _passes(model, shape, torch.device("cpu"), torch.float64),
                _passes(model, shape, bench.device, torch.float32),
            ]
            (output, gradient), (other, other_gradient) = found
            forward, backward = _distance(output, other), _distance(gradient, other_gradient)
            yield {
                "what": _words(model, shape),
                "forward error": forward,
                "backward error": backward,
                "equal": forward < FORWARD_LIMIT and backward < BACKWARD_LIMIT,
            }
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _passes(
    model: Model, shape: tuple[int, ...], device: torch.device, kind: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Output and gradients of two networks, whose parameters are moved off their start."""
    ensemble = untrained(model, shape, [0, 1], device=device, batched=False)
    source = torch.Generator().manual_seed(1)
    ensemble.parameters = {
        name: (value.detach().cpu() + 0.05 * torch.randn(value.shape, generator=source))
        .to(device, kind)
        .requires_grad_()
        for name, value in ensemble.parameters.items()
    }
    ensemble.buffers = {
        name: value.to(kind) if value.is_floating_point() else value
        for name, value in ensemble.buffers.items()
    }
    x = torch.randn(2, 4, *shape, generator=source).to(device, kind)
    sigma = (0.1 + torch.rand(2, 4, generator=source)).to(device, kind)
    output = ensemble(x, sigma)
    output.square().mean().backward()
    grads = [p.grad.flatten() for p in ensemble.parameters.values() if p.grad is not None]
    return output.detach().double().cpu(), torch.cat(grads).double().cpu()


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / a.abs().max())


# --- Resuming ------------------------------------------------------------------------------------


def resuming(bench: Bench) -> Iterator[Row]:
    """Whether a run that was stopped ends with the same bits on this device."""
    for model in ({"name": "mlp"}, {"name": "unet"}):
        ends = []
        for stops in ([64], [32, 64]):
            state: dict[str, Tensor] = {}
            images = 0
            for stop in stops:
                trainer = _trainer(bench, model, (1, 8, 8), members=2, batch=16, batched=False)
                if state:
                    trainer.restore(state, images)
                while trainer.images < stop:
                    trainer._step()
                state = {key: value.clone() for key, value in trainer.state().items()}
                images = trainer.images
            ends.append(state)
        same = all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())
        off = max(float((v.double() - ends[1][k].double()).abs().max()) for k, v in ends[0].items())
        yield {"what": _words(model, (1, 8, 8)), "same bits": same, "largest difference": off}


# --- Throughput ----------------------------------------------------------------------------------


def _large() -> list[tuple[Model, tuple[int, ...], int]]:
    """Networks that fill a GPU: model, shape of an image, batch."""
    return [
        ({"name": "unet", "size": "base"}, (1, 32, 32), 256),
        ({"name": "conv", "size": "published"}, (1, 80, 80), 128),
    ]


@dataclass(frozen=True)
class Variant:
    """One way to run the same training step."""

    bfloat16: bool
    compiled: bool
    channels_last: bool

    def __str__(self) -> str:
        words = ["bfloat16" if self.bfloat16 else "float32"]
        words += ["compiled"] * self.compiled + ["channels last"] * self.channels_last
        return ", ".join(words)


VARIANTS = (
    Variant(False, False, False),
    Variant(True, False, False),
    Variant(True, False, True),
    Variant(True, True, False),
    Variant(True, True, True),
)


def _variants(bench: Bench) -> tuple[Variant, ...]:
    if not bench.cuda:
        return VARIANTS[:1]
    return VARIANTS[:4] if bench.short else VARIANTS


def throughput(bench: Bench) -> Iterator[Row]:
    """Images per second of a pair of large networks, optimiser and moving average included."""
    large = _large()
    if bench.short:
        large = [({**model, "size": "tiny"}, (1, 8, 8), 8) for model, _, _ in large]
    for model, shape, batch in large:
        for variant in _variants(bench):
            if bench.late:
                yield {"what": "stopped: the time is over"}
                return
            yield _guarded(
                f"{_words(model, shape)}, batch {batch}: {variant}",
                lambda m=model, s=shape, b=batch, v=variant: _speed(bench, m, s, b, v),
            )


def _speed(bench: Bench, model: Model, shape: tuple[int, ...], batch: int, variant: Variant) -> Row:
    if bench.cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(bench.device)
    started = time.perf_counter()
    with _precision(variant.bfloat16):
        trainer = _trainer(
            bench, model, shape, members=2, batch=batch, batched=False,
            compiled=variant.compiled, channels_last=variant.channels_last,
        )  # fmt: skip
        for _ in range(3):
            trainer._step()
        synchronise(bench.device)
        warm = time.perf_counter() - started
        taken = seconds_of(trainer._step, bench.device, 3 if bench.short else 12)
    row: Row = {
        "images/s": 2 * batch / taken,
        "ms a step": 1e3 * taken,
        "TFLOP/s": 1e-12 * _operations(model, shape, batch) / taken,
        "first steps s": warm,
        "parameters": trainer.ensemble.size,
    }
    if bench.cuda:
        row["memory GiB"] = torch.cuda.max_memory_allocated(bench.device) / 2**30
        row["busy %"] = _busy(trainer._step, bench.device)
    return row


def _operations(model: Model, shape: tuple[int, ...], batch: int) -> float:
    """Floating-point operations of one step of two models: forward, and twice that backward."""
    from torch.utils.flop_counter import FlopCounterMode

    ensemble = untrained(model, shape, [0])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        ensemble(torch.randn(1, 1, *shape), torch.ones(1, 1))
    return 2.0 * 3.0 * batch * counter.get_total_flops()


def _busy(step: Callable[[], object], device: torch.device) -> float | None:
    """Share of time in which the card works, as its driver samples it, over about two seconds."""
    try:
        torch.cuda.utilization(device)
    except (ModuleNotFoundError, RuntimeError):
        return None
    found, end = [], time.monotonic() + 2.0
    while time.monotonic() < end:
        step()
        found.append(torch.cuda.utilization(device))
    return statistics.median(found)


@contextmanager
def _precision(bfloat16: bool) -> Iterator[None]:
    """Products in bfloat16, as the trainer chooses on a GPU, or in float32."""
    if bfloat16:
        yield
        return
    target = "convergen.empirical.training.trainer.autocast"
    with mock.patch(target, return_value=nullcontext()):
        yield


def _trainer(
    bench: Bench,
    model: Model,
    shape: tuple[int, ...],
    *,
    members: int,
    batch: int,
    batched: bool,
    compiled: bool = False,
    channels_last: bool = False,
) -> Trainer:
    """A trainer of some models on noise of unit variance."""
    points = np.random.default_rng(0).standard_normal((512, *shape)).astype(np.float32)
    ensemble = untrained(
        model, shape, range(members), device=bench.device, batched=batched, compiled=compiled
    )
    if channels_last:
        ensemble.parameters = {
            name: _channels_last(value.detach()).requires_grad_()
            for name, value in ensemble.parameters.items()
        }
        ensemble.average = {name: _channels_last(v) for name, v in ensemble.average.items()}
    settings = TrainingSettings(images=batch * 10_000, batch=batch)
    sets = [Member(np.arange(512), seed) for seed in range(members)]
    return Trainer(ensemble, points, sets, settings)


def _channels_last(stacked: Tensor) -> Tensor:
    """The same values, each member's kernel with its channels innermost."""
    if stacked.ndim != 5:
        return stacked
    return stacked.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)


# --- Ensembles -----------------------------------------------------------------------------------


def ensembles(bench: Bench) -> Iterator[Row]:
    """Many small models in one call against the same models one by one."""
    members, batch = (2, 8) if bench.short else (12, 32)
    for name in NETWORKS.names():
        if name == "diffusers":  # a package of others, and large
            continue
        if bench.late:
            yield {"what": "stopped: the time is over"}
            return
        yield _guarded(
            f"{members} of {name} on 1×8×8, batch {batch}",
            lambda name=name: _grouped(bench, {"name": name}, members, batch),
        )


def _grouped(bench: Bench, model: Model, members: int, batch: int) -> Row:
    row: Row = {}
    for batched, word in ((True, "batched"), (False, "one by one")):
        # Compiling takes far longer than the steps: once a network.
        for compiled in (False, True) if bench.cuda and batched else (False,):
            trainer = _trainer(
                bench, model, (1, 8, 8), members=members, batch=batch, batched=batched,
                compiled=compiled,
            )  # fmt: skip
            for _ in range(3):
                trainer._step()
            taken = seconds_of(trainer._step, bench.device, 3 if bench.short else 12)
            row[f"{word}{', compiled' * compiled}, images/s"] = members * batch / taken
    return row


# --- Kernels -------------------------------------------------------------------------------------


def kernels(bench: Bench) -> Iterator[Row]:
    """Gram matrices of the convolutional tangent kernel against float64 on the processor."""
    compared = 8 if bench.short else 64
    # Pooling to a vector needs every pair of pixels, 64² times the work.
    for readout, count in (
        ("pool", 16 if bench.short else 256),
        ("flatten", 16 if bench.short else 4096),
    ):
        images = np.random.default_rng(2).standard_normal((count, 1, 8, 8))
        options: dict[str, Any] = {"depth": 3, "readout": readout}
        reference = gram(images[:compared], device="cpu", dtype=torch.float64, **options)
        for kind in (torch.float64, torch.float32):
            if bench.late:
                yield {"what": "stopped: the time is over"}
                return
            work = partial(gram, images, device=str(bench.device), dtype=kind, **options)

            found = work()[:compared, :compared].double().cpu()
            error = float((found - reference).abs().max() / reference.diagonal().max())
            taken = seconds_of(work, bench.device, 1 if bench.short else 2)
            yield {
                "what": f"{count} images of 8×8, {readout}, {str(kind).removeprefix('torch.')}",
                "entries/s": count**2 / taken,
                "error": error,
                # Near the diagonal the kernel has a corner, where rounding counts as a root.
                "equal": error < (1e-9 if kind == torch.float64 else 1e-3),
            }


# --- A paper preset, shortened -------------------------------------------------------------------


def paper(bench: Bench) -> Iterator[Row]:
    """The preset `paper` through the same code as ``convergen train``, with fewer images."""
    config = preset_config("paper")
    config["run"] = {**config["run"], "device": str(bench.device)}
    config["seeds"] = [0]
    if bench.short:
        config["samples"] = [16]
        config["data"].update(size=8, count=256)
        config["model"]["size"] = "tiny"
        config["training"].update(images=128, batch=32, snapshots=0)
        config["measure"] = {"draws": 16, "steps": 4, "error_points": 16}
    else:
        config["samples"] = [16, 1024, 16384]
        config["training"].update(images=96 * 1024, snapshots=0)
        config["measure"] = {"draws": 256}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = run_experiment(Experiment.from_config(config), Path(folder) / "paper")
        taken = time.perf_counter() - start
    for outcome in done.unfinished:
        yield {"what": outcome.name, "failed": str(outcome)}
    if done.result is None:
        return
    for n in done.result["samples"].values:
        cell = done.result.sel(samples=n)
        yield {
            "what": f"n = {n}, {config['training']['images']} images a model",
            "q": float(cell["convergence"].mean()),
            "m": float(cell["memorisation"].mean()),
        }
    yield {"what": "whole run", "seconds": taken}


SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "the card": card,
    "equality with float64 on the processor": equality,
    "stopping and resuming": resuming,
    "training throughput": throughput,
    "the preset `paper`, shortened": paper,
    "ensembles of small networks": ensembles,
    "convolutional tangent kernel": kernels,
}


def _guarded(what: str, work: Callable[[], Row]) -> Row:
    """A row, or what stopped it."""
    try:
        return {"what": what, **work()}
    except Exception as error:
        return {"what": what, **_failure(error)}


def _failure(error: Exception) -> Row:
    """What went wrong, and where in this package."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if "convergen" in f.filename]
    words = " ".join(str(error).split())[:300]
    return {"failed": f"{type(error).__name__}: {words}", "at": " < ".join(reversed(ours[-4:]))}


def _words(model: Model, shape: tuple[int, ...]) -> str:
    size = f" {model['size']}" if "size" in model else ""
    return f"{model['name']}{size}, {'×'.join(map(str, shape))}"


def _print(row: Row) -> None:
    values = [f"{key} {_number(value)}" for key, value in row.items() if key != "what"]
    print(f"  {row['what']:58s} {'   '.join(values)}", flush=True)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> int:
    """Run every section, print one table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--short", action="store_true", help="always so without a GPU")
    parser.add_argument("--minutes", type=float, default=8.0, help="no row is begun after them")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--only", nargs="*", default=list(SECTIONS), choices=list(SECTIONS))
    given = parser.parse_args()
    device = choose_device(given.device)
    short = given.short or device.type != "cuda"
    bench = Bench(device, short, time.monotonic() + 60.0 * given.minutes)
    name = torch.cuda.get_device_name(device) if bench.cuda else platform.processor() or "processor"
    report: dict[str, Any] = {"device": name, "torch": torch.__version__, "sections": {}}
    print(f"{name}, torch {torch.__version__}")
    for title in given.only:
        start = time.perf_counter()
        print(title)
        rows: list[Row] = []
        try:
            for row in SECTIONS[title](bench):
                rows.append(row)
                _print(row)
        except Exception as error:
            rows.append({"what": title, **_failure(error)})
            _print(rows[-1])
        report["sections"][title] = rows
        print(f"  ({time.perf_counter() - start:.1f} s)", flush=True)
        if given.json:  # after every section, so that a stopped run leaves its numbers
            given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    bad = [
        row["what"]
        for rows in report["sections"].values()
        for row in rows
        if "failed" in row or row.get("equal") is False
    ]
    for what in bad:
        print(f"not right: {what}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
