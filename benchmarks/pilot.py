"""Predictions from pilot samples against the truth, beside those of two common estimators.

Each pilot is one line of JSON in `benchmarks/pilot.jsonl`: what `theory.predict` says of
`theory.estimate_population`, the truth, and n(q = 0.9) by the spectrum of the sample itself and by
scikit-learn's Ledoit–Wolf covariance (for the first few pilots of each kind). Pilots that are there
already are not drawn again, so that a run may be interrupted and continued; then the tables are
printed from the file. The truth is the law of the data as they are: for digits and patches measured
between disjoint subsets of all points; where spectrum and amplitudes are known that of the
elliptical law, times what a simulation of few points (n ≤ 32) shows besides; from there it goes as
1/n to what the finite number of dimensions adds to the constant of 1 − q ≈ C/n.

    python benchmarks/pilot.py [PILOTS] [SIZE …]     (default 10 of each; sizes 40, 140, 500)
    python benchmarks/pilot.py others                (other dimensions; N = 50 and 2000)
    python benchmarks/pilot.py 0                     (the tables alone)
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy.stats import gamma

from convergen import theory
from convergen.theory.forecast.pilot import add_intervals
from convergen.theory.forecast.predict import Request, forecast
from convergen.theory.linear.elliptical.elliptical_data import elliptical_convergence
from convergen.theory.sources.table import load_source

ROWS = Path(__file__).with_suffix(".jsonl")
LEVELS = np.array([0.5, 0.9, 0.99])
SIZES = (40, 140, 500)
# Sample sizes n/N at which q is compared; those up to 1 are the first four.
AT = np.array([0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0])
# Truth of finite data: sizes, and disjoint parts that are compared, each with each.
SUBSETS, PARTS, SPLITS = 16, 24, 48
FACTORS = 32
# Sizes at which the limit law is held against a simulation, parts of a split and splits.
FEW, FEW_PARTS, FEW_SPLITS = np.array([2, 3, 4, 6, 8, 11, 16, 23, 32]), 16, 16
PEERS = 3
Draw = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Law:
    """A law to draw pilots from, its convergence at a grid of n, and n_k* where it is known."""

    draw: Draw
    samples: np.ndarray
    convergence: np.ndarray
    starts: np.ndarray

    def at(self, n: np.ndarray) -> np.ndarray:
        """q(n); NaN beyond the grid."""
        odds = np.log(self.convergence / (1.0 - self.convergence))
        found = np.interp(np.log(n), np.log(self.samples), odds, np.nan, np.nan)
        return 1.0 / (1.0 + np.exp(-found))

    def needed(self) -> np.ndarray:
        """Samples n at each level; NaN beyond the grid."""
        odds = np.log(self.convergence / (1.0 - self.convergence))
        wanted = np.log(LEVELS / (1.0 - LEVELS))
        return np.exp(np.interp(wanted, odds, np.log(self.samples), np.nan, np.nan))


def known(spectrum: theory.Spectrum, shape: float | None = None) -> Law:
    """Gaussian or elliptical points, amplitudes τ ~ Gamma(shape)/shape."""
    values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    tau = np.ones(1) if shape is None else gamma(shape).ppf((np.arange(512) + 0.5) / 512) / shape

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        points = rng.standard_normal((count, values.size)) * np.sqrt(values)
        if shape is not None:
            points *= np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
        return points

    n = np.geomspace(2.0, 1e6, 300)
    law = elliptical_convergence(spectrum, n, tau)
    there = elliptical_convergence(spectrum, FEW, tau)
    rng = np.random.default_rng(0)
    found = np.array([between(draw, count, rng) for count in FEW])
    left = np.log((1.0 - found) / found * there / (1.0 - there))
    # In the limit law the variance of λ̂_k itself is one of infinitely many: (2 E τ² − 1)/4 of C.
    far = 1e3 * values.size
    constant = far * (1.0 - float(elliptical_convergence(spectrum, far, tau)))
    end = np.log1p((2.0 * np.mean(tau**2) - 1.0) / 4.0 / constant)
    more = np.interp(np.log(n), np.log(FEW), left)
    more = end + (more - end) * np.minimum(FEW[-1] / n, 1.0)
    q = 1.0 / (1.0 + (1.0 - law) / law * np.exp(more))
    # Starts of factors of one direction, for Gaussian data.
    single = spectrum.multiplicities[spectrum.groups(FACTORS)] == 1.0
    starts = np.where(single, theory.recovery_thresholds(spectrum, FACTORS), np.nan)
    if shape is not None:
        starts[:] = np.nan
    return Law(draw, n, q, starts)


def between(draw: Draw, n: int, rng: np.random.Generator) -> float:
    """Convergence of models about the known mean, n points each, from Gram matrices."""
    apart = size = 0.0
    for _ in range(FEW_SPLITS):
        parts = draw(FEW_PARTS * n, rng).reshape(FEW_PARTS, n, -1) / np.sqrt(n)
        values, left = np.linalg.eigh(parts @ parts.transpose(0, 2, 1))
        scale = np.maximum(values, 1e-14 * values[:, -1:]) ** -0.25
        rows = ((left * scale[:, None]).transpose(0, 2, 1) @ parts).reshape(FEW_PARTS * n, -1)
        common = ((rows @ rows.T) ** 2).reshape(FEW_PARTS, n, FEW_PARTS, n).sum(axis=(1, 3))
        trace = np.trace(common)
        apart += trace - (common.sum() - trace) / (FEW_PARTS - 1.0)
        size += trace
    return 1.0 - apart / size


def finite(name: str) -> Law:
    """Rows of a data set; models of disjoint subsets say how they converge."""
    rows = load_source(name).data
    rows = np.asarray(rows, np.float64).reshape(len(rows), -1)
    rows = rows - rows.mean(axis=0)
    sizes = np.unique(np.geomspace(5, len(rows) // 2, SUBSETS).astype(int))
    rng = np.random.default_rng(0)

    def measured(n: int) -> float:
        """Roots about the mean of all, in every two of the parts of each split."""
        count = min(len(rows) // n, PARTS)
        apart = size = 0.0
        for _ in range(SPLITS):
            parts = rows[rng.permutation(len(rows))[: n * count].reshape(count, n)]
            values, vectors = np.linalg.eigh(parts.transpose(0, 2, 1) @ parts / n)
            scaled = vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
            roots = (scaled @ vectors.transpose(0, 2, 1)).reshape(count, -1)
            common = roots @ roots.T
            trace = np.trace(common)
            apart += trace - (common.sum() - trace) / (count - 1.0)
            size += trace
        return 1.0 - apart / size

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        return rows[rng.choice(len(rows), count, replace=False)]

    convergence = np.array([measured(n) for n in sizes])
    return Law(draw, sizes.astype(float), convergence, np.full(FACTORS, np.nan))


_make = theory.Spectrum
LAWS: dict[str, Callable[[], Law]] = {
    "isotropic, d = 300": lambda: known(_make.isotropic(300)),
    "spiked 20, 5, d = 300": lambda: known(_make.spiked(300, [20.0, 5.0])),
    "two levels, d = 300": lambda: known(_make.from_eigenvalues([3.0, 0.3], [60, 240])),
    "power law 0.5, d = 256": lambda: known(_make.power_law(256, 0.5)),
    "power law 1, d = 3072": lambda: known(_make.power_law(3072, 1.0)),
    "power law 1.3, d = 784": lambda: known(_make.power_law(784, 1.3)),
    "power law 1.5, d = 3072": lambda: known(_make.power_law(3072, 1.5)),
    "power law 2, d = 64": lambda: known(_make.power_law(64, 2.0)),
    "power law 1.3, Gamma(1.5)": lambda: known(_make.power_law(784, 1.3), 1.5),
    "power law 1.3, Gamma(5)": lambda: known(_make.power_law(784, 1.3), 5.0),
    "digits": partial(finite, "digits"),
    "patches": partial(finite, "patches"),
}
# Other dimensions, fewer and more points; the pooled figures of the laws above leave them out.
_DIMENSIONS = (64, 256, 1024)
OTHERS: dict[str, Callable[[], Law]] = {
    **{f"isotropic, d = {d}": lambda d=d: known(_make.isotropic(d)) for d in _DIMENSIONS},
    **{
        f"power law {alpha:g}, d = {d}": lambda d=d, alpha=alpha: known(_make.power_law(d, alpha))
        for alpha in (1.0, 1.5)
        for d in _DIMENSIONS
    },
    "digits": LAWS["digits"],
}
OTHER_SIZES = (50, 2000)
# Points of finite data that leave none to be drawn.
_ALL = {"digits": 1797}


def sizes(spectrum: theory.Spectrum) -> np.ndarray:
    """Samples n at each level, of Gaussian data."""
    return np.array([float(theory.samples_for(spectrum, convergence=q)) for q in LEVELS])


def ledoit_wolf(points: np.ndarray) -> theory.Spectrum:
    """Spectrum of the shrunk covariance; it differs from the sample's by shrinkage alone."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    values = np.zeros(points.shape[1])
    sample = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2 / len(points)
    values[: sample.size] = sample[: values.size]
    shrinkage = ledoit_wolf_shrinkage(points)
    return theory.Spectrum.from_eigenvalues((1 - shrinkage) * values + shrinkage * values.mean())


def pilot(law: Law, count: int, seed: int) -> dict[str, object]:
    """One row."""
    points = law.draw(count, np.random.default_rng(seed))
    start = time.process_time()
    population = theory.estimate_population(points)
    half = population.halves
    n = np.concatenate([count * AT, half.freedom[:1]])
    request = Request.of(population.spectrum, n, factors=FACTORS, levels=LEVELS)
    result = forecast(request, ["convergence", "thresholds"])
    answer = add_intervals(result, population, request)
    row: dict[str, object] = {"seconds": round(time.process_time() - start, 3)}
    for end in ("", "_low", "_high"):
        row["needed" + end] = result["convergence_samples" + end]
    starts = answer.factors[:FACTORS]
    whole = np.stack([starts.value, starts.low, starts.high, law.starts[: starts.value.size]])
    # Those that are numbered and have a start of their own: value, low, high, truth.
    row["starts"] = whole.T[np.isfinite(whole).all(axis=0)].ravel()
    row["needed_sampling"] = answer.needed.sampling
    q = result["convergence"]
    row |= {"q": q[:-1], "gap": 1.0 - q[-1], "parts": half.gap[0], "parts_error": half.error[0]}
    row["truth"], row["truth_q"] = law.needed(), law.at(count * AT)
    if seed < PEERS:
        row["sample"] = sizes(theory.Spectrum.from_data(points))
        row["shrunk"] = sizes(ledoit_wolf(points))
    return row


def plain(value: object) -> object:
    """A row's entry as JSON takes it; NaN is null."""
    if not isinstance(value, np.ndarray | np.floating):
        return value
    rounded = [float(f"{each:.5g}") for each in np.atleast_1d(value)]
    listed = [None if np.isnan(each) else each for each in rounded]
    return listed if isinstance(value, np.ndarray) else listed[0]


def stored() -> dict[tuple[str, int, int], dict[str, object]]:
    """Rows of the file by law, size and seed."""
    lines = ROWS.read_text().splitlines() if ROWS.exists() else []
    rows = map(json.loads, lines)
    return {(row["law"], row["points"], row["seed"]): row for row in rows}


def run(laws: dict[str, Callable[[], Law]], pilots: int, counts: tuple[int, ...]) -> None:
    """Draw what is missing: first one pilot of every kind, then the second."""
    there, made = stored(), cache(lambda name: laws[name]())
    for seed in range(pilots):
        for name in laws:
            for count in counts:
                if (name, count, seed) in there or count > _ALL.get(name, count):
                    continue
                found = {"law": name, "points": count, "seed": seed}
                found |= pilot(made(name), count, seed)
                with ROWS.open("a") as file:
                    print(json.dumps({k: plain(v) for k, v in found.items()}), file=file)


def table(rows: list[dict[str, object]], words: str) -> str:
    """One line: errors of n(0.9), shares of intervals that hold the truth, errors of q."""

    def column(key: str) -> np.ndarray:
        return np.array([row[key] for row in rows if key in row], dtype=np.float64)

    truth = np.log(column("truth"))
    low, high = np.log(column("needed_low")), np.log(column("needed_high"))
    logs = []
    for key in ("sample", "shrunk", "needed"):
        error = np.abs(np.log(column(key)[:, 1]) - truth[[key in row for row in rows], 1])
        logs.append(f"{np.median(error):5.3f} {np.quantile(error, 0.9):5.3f}")
    inside = np.where(np.isnan(truth), np.nan, (low <= truth) & (truth <= high))
    shares = " ".join(
        f"{np.nanmean(each):4.2f}" if np.isfinite(each).any() else "   –" for each in inside.T
    )
    gap = np.abs(column("q") - column("truth_q"))
    near, far = np.nanmax(gap[:, :4], axis=1), np.nanmax(gap, axis=1)
    return (
        f"{words:32s} {len(rows):4d}  {'  '.join(logs)}  {shares}"
        f"  {np.median(near):.4f} {np.median(far):.4f}  {column('seconds').mean():5.2f}"
    )


def tables() -> None:
    """Print what the file holds: each law and size, each law, each size, all."""
    all_rows = list(stored().values())
    others = [row for row in all_rows if row["points"] in OTHER_SIZES]
    every = [row for row in all_rows if row["points"] not in OTHER_SIZES]
    print(
        f"{'law, N':32s} rows  {'sample':11s}  {'Ledoit-Wolf':11s}  {'ours':11s}  inside"
        "          |dq| to N, 10 N  CPU s"
    )
    for name in LAWS:
        for count in sorted({row["points"] for row in every}):
            rows = [row for row in every if (row["law"], row["points"]) == (name, count)]
            if rows:
                print(table(rows, f"{name}, {count}"))
    for name in LAWS:
        if rows := [row for row in every if row["law"] == name]:
            print(table(rows, f"{name}, all"))
    for words, kept in (
        ("N = 40", lambda n: n == 40), ("N >= 140", lambda n: n >= 140), ("all", lambda n: True)
    ):  # fmt: skip
        if rows := [row for row in every if kept(row["points"])]:
            print(table(rows, f"all laws, {words}"))
    for name in OTHERS:
        for count in OTHER_SIZES:
            if rows := [row for row in others if (row["law"], row["points"]) == (name, count)]:
                print(table(rows, f"{name}, {count}"))
    for count in OTHER_SIZES:
        if rows := [row for row in others if row["points"] == count]:
            print(table(rows, f"other dimensions, N = {count}"))
    factors(every)
    parts = np.array([[row["gap"], row["parts"], row["parts_error"]] for row in every])
    score = (np.log(parts[:, 0]) - np.log(parts[:, 1])) / parts[:, 2]
    print(
        f"1 - q over that of disjoint halves: median {np.median(parts[:, 0] / parts[:, 1]):.3f}, "
        f"least {np.min(parts[:, 0] / parts[:, 1]):.3f} ({score.min():.1f} of its errors)"
    )


def factors(every: list[dict[str, object]]) -> None:
    """Print how well starts of factors are known where a pilot shows them."""
    for count in sorted({row["points"] for row in every}):
        rows = [row for row in every if row["points"] == count]
        found = np.concatenate([np.asarray(row["starts"], float) for row in rows]).reshape(-1, 4)
        if not found.size:
            continue
        value, low, high, truth = np.maximum(found, 1.0).T
        error = np.abs(np.log(value / truth))
        inside = (low <= truth) & (truth <= high)
        near = (error < np.log(1.3)) | (np.abs(value - truth) < 1.0)
        print(
            f"n_k*, N = {count}: {len(found)} factors numbered, |log error| median "
            f"{np.median(error):.3f}, 90 % {np.quantile(error, 0.9):.3f}; within 30 % or one "
            f"sample {near.mean():.2f}; intervals hold {inside.mean():.2f}"
        )


if __name__ == "__main__":
    words = sys.argv[1:]
    laws, usual = (OTHERS, OTHER_SIZES) if words[:1] == ["others"] else (LAWS, SIZES)
    given = [int(each) for each in words[laws is OTHERS :]]
    run(laws, given[0] if given else 10, tuple(given[1:]) or usual)
    tables()
