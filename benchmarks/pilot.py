"""Predictions from pilot samples against the truth, beside those of two common estimators.

For each law and pilot size it prints the median and the 90 % quantile of |log n(q = 0.9) / truth|,
for the spectrum of the sample itself, for scikit-learn's Ledoit–Wolf covariance, and for
`theory.estimate_population`; the share of 90 % intervals that hold the truth at q = 0.5, 0.9 and
0.99; and the largest error of q(n) for n ≤ N and n ≤ 10 N.

    python benchmarks/pilot.py [PILOTS]     (default 12 of each; 24 laws and sizes)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from sklearn.covariance import LedoitWolf

from convergen import theory
from convergen.theory.sources.table import load_source

LEVELS = (0.5, 0.9, 0.99)
SIZES = (40, 140, 500)
Draw = Callable[[int, np.random.Generator], np.ndarray]


def gaussian(spectrum: theory.Spectrum, shape: float | None = None) -> Draw:
    """Gaussian or elliptical points, amplitudes τ ~ Gamma(shape)/shape."""
    values = np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int))

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        points = rng.standard_normal((count, values.size)) * np.sqrt(values)
        if shape is not None:
            points *= np.sqrt(rng.gamma(shape, 1.0 / shape, (count, 1)))
        return points

    return draw


def laws() -> Iterator[tuple[str, Draw, theory.Spectrum]]:
    """Name, draw and population spectrum of every law."""
    make = theory.Spectrum
    for name, spectrum, shape in (
        ("isotropic, d = 300", make.isotropic(300), None),
        ("spiked 20, 5, d = 300", make.spiked(300, [20.0, 5.0]), None),
        ("power law 1, d = 3072", make.power_law(3072, 1.0), None),
        ("power law 1.3, d = 784", make.power_law(784, 1.3), None),
        ("power law 1.3, Gamma(1.5)", make.power_law(784, 1.3), 1.5),
        ("power law 1.3, Gamma(5)", make.power_law(784, 1.3), 5.0),
    ):
        yield name, gaussian(spectrum, shape), spectrum
    for name in ("digits", "patches"):
        rows = load_source(name).data
        rows = rows.reshape(len(rows), -1)

        def draw(count: int, rng: np.random.Generator, rows: np.ndarray = rows) -> np.ndarray:
            return rows[rng.choice(len(rows), count, replace=False)]

        yield name, draw, make.from_data(rows)


def sizes(spectrum: theory.Spectrum) -> list[float]:
    """Samples n at each level."""
    return [float(theory.samples_for(spectrum, convergence=level)) for level in LEVELS]


def ledoit_wolf(points: np.ndarray) -> theory.Spectrum:
    """Spectrum of the shrunk covariance; it differs from the sample's by shrinkage alone."""
    values = np.zeros(points.shape[1])
    sample = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2 / len(points)
    values[: sample.size] = sample[: values.size]
    shrinkage = LedoitWolf().fit(points).shrinkage_
    return theory.Spectrum.from_eigenvalues((1 - shrinkage) * values + shrinkage * values.mean())


def main(pilots: int) -> None:
    """Print the table."""
    print(
        f"{'law':26s} {'N':>4s}  sample       Ledoit-Wolf  ours         inside, q = .5 .9 .99",
        end="",
    )
    print("  |dq| <= N, 10 N   s")
    for name, draw, spectrum in laws():
        truth = np.log(sizes(spectrum))
        for count in SIZES:
            near, far = count * np.array([0.125, 0.5, 1.0]), count * np.array([2.0, 5.0, 10.0])
            errors, inside, gaps, start = [], [], [], time.process_time()
            for seed in range(pilots):
                points = draw(count, np.random.default_rng(seed))
                found = theory.estimate_population(points)
                interval = found.interval(sizes)
                peers = (theory.Spectrum.from_data(points), ledoit_wolf(points))
                logs = [np.log(sizes(each)[1]) for each in peers] + [np.log(interval.value[1])]
                errors.append(np.abs(np.array(logs) - truth[1]))
                inside.append((np.log(interval.low) <= truth) & (truth <= np.log(interval.high)))
                gaps.append(
                    [
                        np.abs(
                            theory.convergence(found.spectrum, n) - theory.convergence(spectrum, n)
                        ).max()
                        for n in (near, far)
                    ]
                )
            half, most = np.median(errors, axis=0), np.quantile(errors, 0.9, axis=0)
            columns = "  ".join(f"{a:5.3f} {b:5.3f}" for a, b in zip(half, most, strict=True))
            shares = " ".join(f"{share:4.2f}" for share in np.mean(inside, axis=0))
            low, high = np.median(gaps, axis=0)
            seconds = (time.process_time() - start) / pilots
            ends = f"{low:.4f} {high:.4f}  {seconds:.2f}"
            print(f"{name:26s} {count:4d}  {columns}  {shares:>21s}  {ends}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
