"""How fast a device trains, beside the limits of the card itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from unittest import mock

import torch

from benchmarks.gpu_checks.bench import (
    Bench,
    Model,
    Row,
    failure,
    guarded,
    large_networks,
    noise_trainer,
    seconds_of,
    synchronise,
    words_of,
)
from convergen.empirical.models.by_name import untrained
from convergen.empirical.networks.table import NETWORKS


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
    large = large_networks()
    if bench.short:
        large = [({**model, "size": "tiny"}, (1, 8, 8), 8) for model, _, _ in large]
    for model, shape, batch in large:
        for variant in _variants(bench):
            if bench.late:
                yield {"what": "stopped: the time is over"}
                return
            yield guarded(
                f"{words_of(model, shape)}, batch {batch}: {variant}",
                lambda m=model, s=shape, b=batch, v=variant: _speed(bench, m, s, b, v),
            )


def _speed(bench: Bench, model: Model, shape: tuple[int, ...], batch: int, variant: Variant) -> Row:
    if bench.cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(bench.device)
    started = time.perf_counter()
    with _precision(variant.bfloat16):
        trainer = noise_trainer(
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
    found, end = [], time.monotonic() + 2.0
    try:
        torch.cuda.utilization(device)
        while time.monotonic() < end:
            step()
            found.append(torch.cuda.utilization(device))
    except Exception:  # no package for it, or a card or a part of one that does not tell
        return None
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


def ensembles(bench: Bench) -> Iterator[Row]:
    """Many small models in one call against the same models one by one."""
    members, batch = (2, 8) if bench.short else (12, 32)
    for name in NETWORKS.names():
        if name == "diffusers":  # a package of others, and large
            continue
        if bench.late:
            yield {"what": "stopped: the time is over"}
            return
        yield guarded(
            f"{members} of {name} on 1×8×8, batch {batch}",
            lambda name=name: _grouped(bench, {"name": name}, members, batch),
        )


def _grouped(bench: Bench, model: Model, members: int, batch: int) -> Row:
    row: Row = {}
    for batched, word in ((True, "batched"), (False, "one by one")):
        # Compiling takes far longer than the steps: once a network.
        for compiled in (False, True) if bench.cuda and batched else (False,):
            try:
                trainer = noise_trainer(
                    bench, model, (1, 8, 8), members=members, batch=batch, batched=batched,
                    compiled=compiled,
                )  # fmt: skip
                for _ in range(3):
                    trainer._step()
                taken = seconds_of(trainer._step, bench.device, 3 if bench.short else 12)
            except Exception as error:  # the other ways are still worth their numbers
                row |= failure(error)
                continue
            row[f"{word}{', compiled' * compiled}, images/s"] = members * batch / taken
    return row
