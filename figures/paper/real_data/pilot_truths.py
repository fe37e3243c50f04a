"""Laws whose convergence is known: exactly, or by measurement on a large data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FloatArray = np.ndarray

_DIM, _EXPONENT = 3072, 1.0
# Sample size below which more subsets are measured.
_MORE = 200


@dataclass(frozen=True)
class Law:
    """A law, pilots of it, and the truth.

    Attributes
    ----------
    draw : callable
        From a number of points and a generator to a pilot.
    convergence : callable
        From sample sizes to q.
    samples_for : callable
        From a level of q to samples.
    first, last : float
        Range of sample sizes where the truth is known.
    """

    draw: Callable[[int, np.random.Generator], FloatArray]
    convergence: Callable[[FloatArray], FloatArray]
    samples_for: Callable[[float], float]
    first: float
    last: float


@dataclass(frozen=True)
class Truth:
    """A named law, loaded with the pairs of subsets by which it is measured, and a seed."""

    name: str
    load: Callable[[int, int], Law]


def _power_law(_: int, __: int) -> Law:
    from convergen import theory

    spectrum = theory.Spectrum.power_law(_DIM, _EXPONENT)
    roots = np.sqrt(spectrum.leading(_DIM))
    return Law(
        lambda count, rng: rng.standard_normal((count, _DIM)) * roots,
        lambda n: theory.convergence(spectrum, n),
        lambda level: float(theory.samples_for(spectrum, convergence=level)),
        4.0, 1e5,
    )  # fmt: skip


def _measured(rows: FloatArray, last: int) -> Callable[[int, int], Law]:
    """Law of a data set: q between disjoint subsets, monotone cubic between the sizes measured."""

    def load(repeats: int, seed: int) -> Law:
        from scipy.interpolate import PchipInterpolator

        from convergen import theory

        n = np.unique(np.round(np.geomspace(4, last, 14)))
        # Few points scatter more, and cost less.
        found = [
            theory.simulate(
                rows, [count], quantities=("convergence",), seed=seed,
                repeats=repeats * max(1, int(_MORE / count)),
            )["convergence"].item()
            for count in n
        ]  # fmt: skip
        q = np.maximum.accumulate(found)
        curve = PchipInterpolator(np.log(n), np.log((1.0 - q) / q))
        fine = np.geomspace(4.0, last, 4000)
        odds = np.exp(curve(np.log(fine)))
        return Law(
            lambda count, rng: rows[rng.permutation(len(rows))[:count]],
            lambda at: 1.0 / (1.0 + np.exp(curve(np.log(at)))),
            lambda level: float(fine[np.argmax(odds <= (1.0 - level) / level)]),
            4.0, float(last),
        )  # fmt: skip

    return load


def _digits(repeats: int, seed: int) -> Law:
    from convergen.theory.data.sets.digits import load_digits

    return _measured(load_digits(), 800)(repeats, seed)


def _patches(repeats: int, seed: int) -> Law:
    from convergen.theory.sources.table import load_source

    return _measured(load_source("patches").points.flat(), 4000)(repeats, seed)


TRUTHS = (
    Truth("digits, $d$ = 64", _digits),
    Truth(r"power law $\lambda_k = 1/k$, $d$ = 3072", _power_law),
    Truth("photograph patches, $d$ = 64", _patches),
)
