"""Predictions from pilot samples against the truth, beside those of two common estimators.

For each law and pilot size it prints the median and the 90 % quantile of |log n(q = 0.9) / truth|,
for the spectrum of the sample itself, for scikit-learn's Ledoit–Wolf covariance, and for what
`theory.predict` says of `theory.estimate_population`; the share of its 90 % intervals that hold the
truth at q = 0.5, 0.9 and 0.99; and the median of the largest error of q(n) for n ≤ N and n ≤ 10 N.
The truth is the law of the data as they are: that of the population spectrum and amplitudes where
they are known, measured on disjoint subsets of all points for digits and patches.

    python benchmarks/pilot.py [PILOTS] [SIZE …]     (default 12 of each; sizes 40, 140, 500)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma
from sklearn.covariance import LedoitWolf

from convergen import theory
from convergen.theory.linear.elliptical_data import elliptical_convergence
from convergen.theory.sources.table import load_source

LEVELS = np.array([0.5, 0.9, 0.99])
SIZES = (40, 140, 500)
SUBSETS, REPEATS = 14, 24
Draw = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Law:
    """A law to draw pilots from, and its convergence at a grid of n."""

    name: str
    draw: Draw
    samples: np.ndarray
    convergence: np.ndarray

    def at(self, n: np.ndarray) -> np.ndarray:
        """q(n); NaN beyond the grid."""
        odds = np.log(self.convergence / (1.0 - self.convergence))
        found = np.interp(np.log(n), np.log(self.samples), odds, np.nan, np.nan)
        return 1.0 / (1.0 + np.exp(-found))

    def needed(self) -> np.ndarray:
        """Samples n at each level; NaN beyond the grid."""
        return np.exp(
            np.interp(
                np.log(LEVELS / (1.0 - LEVELS)),
                np.log(self.convergence / (1.0 - self.convergence)),
                np.log(self.samples), np.nan, np.nan,
            )
        )  # fmt: skip


def known(name: str, spectrum: theory.Spectrum, shape: float | None = None) -> Law:
    """Gaussian or elliptical points, amplitudes τ ~ Gamma(shape)/shape."""
    values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))
    tau = np.ones(1) if shape is None else gamma(shape).ppf((np.arange(512) + 0.5) / 512)

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        points = rng.standard_normal((count, values.size)) * np.sqrt(values)
        if shape is not None:
            points *= np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
        return points

    n = np.geomspace(2.0, 1e6, 300)
    return Law(name, draw, n, elliptical_convergence(spectrum, n, tau))


def finite(name: str) -> Law:
    """Rows of a data set; two models of disjoint subsets say how they converge."""
    rows = load_source(name).data
    rows = np.asarray(rows, np.float64).reshape(len(rows), -1)
    rows = rows - rows.mean(axis=0)
    sizes = np.unique(np.geomspace(5, len(rows) // 2, SUBSETS).astype(int))
    rng = np.random.default_rng(0)

    def root(part: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(part.T @ part / len(part))
        return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T

    def measured(n: int) -> float:
        apart = size = 0.0
        for _ in range(REPEATS):
            order = rng.permutation(len(rows))
            first, second = root(rows[order[:n]]), root(rows[order[n : 2 * n]])
            apart += 0.5 * np.sum((first - second) ** 2)
            size += 0.5 * (np.sum(first**2) + np.sum(second**2))
        return 1.0 - apart / size

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        return rows[rng.choice(len(rows), count, replace=False)]

    return Law(name, draw, sizes.astype(float), np.array([measured(n) for n in sizes]))


def laws() -> Iterator[Law]:
    """Every law."""
    make = theory.Spectrum
    for name, spectrum, shape in (
        ("isotropic, d = 300", make.isotropic(300), None),
        ("spiked 20, 5, d = 300", make.spiked(300, [20.0, 5.0]), None),
        ("power law 1, d = 3072", make.power_law(3072, 1.0), None),
        ("power law 1.3, d = 784", make.power_law(784, 1.3), None),
        ("power law 1.3, Gamma(1.5)", make.power_law(784, 1.3), 1.5),
        ("power law 1.3, Gamma(5)", make.power_law(784, 1.3), 5.0),
    ):
        yield known(name, spectrum, shape)
    yield from map(finite, ("digits", "patches"))


def sizes(spectrum: theory.Spectrum) -> np.ndarray:
    """Samples n at each level, of Gaussian data."""
    return np.array([float(theory.samples_for(spectrum, convergence=q)) for q in LEVELS])


def ledoit_wolf(points: np.ndarray) -> theory.Spectrum:
    """Spectrum of the shrunk covariance; it differs from the sample's by shrinkage alone."""
    values = np.zeros(points.shape[1])
    sample = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2 / len(points)
    values[: sample.size] = sample[: values.size]
    shrinkage = LedoitWolf().fit(points).shrinkage_
    return theory.Spectrum.from_eigenvalues((1 - shrinkage) * values + shrinkage * values.mean())


def main(pilots: int, counts: tuple[int, ...]) -> None:
    """Print the table."""
    print(
        f"{'law':26s} {'N':>4s}  sample       Ledoit-Wolf  ours         inside, q = .5 .9 .99"
        "  |dq| <= N, 10 N   s"
    )
    every = []
    for law in laws():
        truth = np.log(law.needed())
        for count in counts:
            n = count * np.array([0.125, 0.5, 1.0, 2.0, 5.0, 10.0])
            errors, inside, gaps, start = [], [], [], time.process_time()
            for seed in range(pilots):
                points = law.draw(count, np.random.default_rng(seed))
                found = theory.predict(
                    theory.estimate_population(points), n, levels=LEVELS,
                    quantities=["convergence", "thresholds"],
                )  # fmt: skip
                value, low, high = (
                    np.log(found[f"convergence_samples{end}"].values)
                    for end in ("", "_low", "_high")
                )
                peers = (theory.Spectrum.from_data(points), ledoit_wolf(points))
                logs = [np.log(sizes(each)[1]) for each in peers] + [value[1]]
                errors.append(np.abs(np.array(logs) - truth[1]))
                inside.append(np.where(np.isnan(truth), np.nan, (low <= truth) & (truth <= high)))
                gap = np.abs(found["convergence"].values - law.at(n))
                gaps.append([np.nanmax(gap[:3]), np.nanmax(gap)])
            half, most = np.median(errors, axis=0), np.quantile(errors, 0.9, axis=0)
            columns = "  ".join(f"{a:5.3f} {b:5.3f}" for a, b in zip(half, most, strict=True))
            shares = " ".join(f"{share:4.2f}" for share in np.mean(inside, axis=0))
            near, far = np.median(gaps, axis=0)
            seconds = (time.process_time() - start) / pilots
            every += inside
            print(
                f"{law.name:26s} {count:4d}  {columns}  {shares:>21s}  {near:.4f} {far:.4f}"
                f"  {seconds:.2f}",
                flush=True,
            )
    shares = " ".join(f"{share:4.2f}" for share in np.nanmean(every, axis=0))
    print(f"{len(every)} pilots; intervals that hold the truth: {shares}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(given[0] if given else 12, tuple(given[1:]) or SIZES)
