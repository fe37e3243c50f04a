"""Checkpoints made of numbers, for tests of what is said of them."""

from types import SimpleNamespace

import numpy as np

from convergen.empirical.diagnose.checkpoints.measure import Checkpoint, Checkpoints
from convergen.empirical.diagnose.checkpoints.onset import Onset
from convergen.empirical.measure.intervals import Estimate


def estimate(value):
    """Value, and ends a quarter apart."""
    return Estimate(value, value - 0.25, value + 0.25, 0.125)


def checkpoint(step, place, *, reference=True, pair=True):
    """The share of copies is `place` eighths; all numbers differ."""
    share = place / 8
    scores = [SimpleNamespace(key=key, value=estimate(share + shift))
              for key, shift in (("AuthPct", 9.0), ("f_mem", 0.25), ("m", 0.5))]  # fmt: skip
    judgement = SimpleNamespace(
        samples=[range(20 + place)],
        training=SimpleNamespace(name=f"t{place}"),
        reference=SimpleNamespace(name=f"u{place}") if reference else None,
        verdict="memorising" if place > 1 else "not memorising",
        copies=SimpleNamespace(
            share=estimate(share), significant=place > 1, visible=0.0625 * place,
            suspected=np.arange(place),
        ),
        leaning=SimpleNamespace(share=estimate(share + 0.625)) if reference else None,
        scores=scores,
        notes=["always"] + ["late"] * (place > 1),
    )  # fmt: skip
    judgement.samples = [Named(f"a{step}", 20 + place), *[Named(f"b{step}", 9)] * pair]
    return Checkpoint(
        step, judgement, estimate(share + 2.0), estimate(share - 1.0) if pair else None
    )


class Named:
    """Points of which only name and number are asked for."""

    def __init__(self, name, count):
        self.name, self.count = name, count

    def __len__(self):
        return self.count


def checkpoints(*, onset=None, seed=7, **more):
    found = [checkpoint(step, place, **more) for place, step in enumerate((10, 100, 1000))]
    return Checkpoints(found, onset or Onset(100, 1000, (10,), 0.03125), seed)
