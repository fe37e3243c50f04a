"""Denoising errors of the shipped networks over those of linear denoisers: docs/networks.md.

Three linear denoisers are the bar, on the same test points with the same noise as the networks:

- all data: that of the covariance of all points, or of the true law, for Gaussian fields the best
  denoiser there is;
- same points: Wiener filter of the second moment of the very n training points, shrunk towards
  white or with a ridge, whichever of these is best;
- same, averaged: the same, shrunk towards the average of that moment over all periodic
  translations, which is its stationary part.

How far to shrink, and the ridge, are chosen on the test points themselves, for each set and noise
level: no linear denoiser of these two families does better. Ratios below 1 are networks that
denoise better.

A network without biases that does not see the noise level cannot reach them. On fields, whose law
is known, a fourth bar is the best function of its kind, D(a x) = a D(x), of noise like that of the
training, log-uniform and weighted alike; it is not linear, since it finds σ in each image.

    python benchmarks/linear_bars.py [NAME …] [--samples 768]   (default all convolutional networks)

Prints a table in Markdown: the mean over seeds and two training sets, its standard error over
seeds; 30 s of one core.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from convergen.empirical.measure.denoising_errors import denoising_error
from convergen.empirical.measure.intervals import over_seeds
from convergen.empirical.validate.shipped_results import shipped_names, shipped_result, shipped_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

    from convergen.empirical.experiment.run import Run
    from convergen.empirical.measure.evaluation_set import Subjects
    from convergen.empirical.training.settings import TrainingSettings

BARS = ("all data", "same points", "same, averaged")
BLIND = "not told σ"
LEVELS = (0.1, 0.3, 1.0)
# Shares of the target, and variances that a ridge adds to σ², in variances of a coordinate.
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RIDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# Of the integrals over what a blind denoiser cannot know: noise levels, and amplitudes about the
# likeliest in their standard deviations.
NOISES, WIDTHS = 60, np.linspace(-6.0, 6.0, 49)


def stationary(moment: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Average of a second moment over all periodic translations."""
    rest = moment.reshape(*shape, *shape)
    total = np.zeros_like(rest)
    for dy, dx in np.ndindex(shape[-2:]):
        total += np.roll(rest, (dy, dx, dy, dx), axis=(-5, -4, -2, -1))
    return (total / np.prod(shape[-2:])).reshape(moment.shape)


def filters(moment: np.ndarray, target: np.ndarray, sigma: float) -> Iterator[np.ndarray]:
    """Wiener filters of a moment that is shrunk towards a target."""
    noise = sigma**2 * np.eye(len(moment))
    for share in SHARES:
        mixed = (1.0 - share) * moment + share * target
        yield np.linalg.solve(mixed + noise, mixed)


def ridged(moment: np.ndarray, sigma: float) -> Iterator[np.ndarray]:
    """Wiener filters of a moment with a ridge."""
    unit = np.trace(moment) / len(moment)
    for ridge in RIDGES:
        noise = (sigma**2 + ridge * unit) * np.eye(len(moment))
        yield np.linalg.solve(moment + noise, moment)


def least_error(tried: Iterator[np.ndarray], subjects: Subjects, sigma: float) -> float:
    """Of the filters that are tried, with the noise that the networks were given."""

    def apply(matrix: np.ndarray, x: np.ndarray, sigma: float) -> np.ndarray:
        return (x.reshape(len(x), -1) @ matrix.T).reshape(x.shape)

    points = subjects.test_points
    return min(
        denoising_error(partial(apply, matrix), points, sigma, subjects.stream(8))
        for matrix in tried
    )


def blind_denoised(
    noisy: np.ndarray, covariance: np.ndarray, mean: np.ndarray, training: TrainingSettings
) -> np.ndarray:
    """What the best D(a x) = a D(x) makes of points N(mean, covariance) with noise of unknown σ.

    On the ray through y, D = |y| g with one g, so that the weighted squared error is least for
    g = E[w |y| x | ray]/E[w |y|² | ray]: integrals over σ and over the points s y on it, with the
    posterior means E[x | s y, σ] of the Gaussian. Over σ a sum; over s, for each σ, one around the
    largest s^(d-1) p(s y | σ), in its own width.
    """
    import torch

    values, vectors = np.linalg.eigh(covariance)
    values, centre, y = values.clip(0.0), mean @ vectors, noisy @ vectors
    levels, powers = np.geomspace(training.sigma_min, training.sigma_max, NOISES), len(values) - 1
    weights = training.weight(torch.from_numpy(levels)).numpy()
    precision = 1.0 / (values[:, None] + levels**2)
    share = values[:, None] * precision
    constant = np.log(weights) - 0.5 * (centre**2 @ precision - np.log(precision).sum(axis=0))
    found = np.empty_like(y)
    for one, out in zip(y, found, strict=True):
        square, product = one**2 @ precision, (one * centre) @ precision
        peak = (product + np.sqrt(product**2 + 4.0 * square * powers)) / (2.0 * square)
        width = 1.0 / np.sqrt(square + powers / peak**2)
        scale = np.maximum(peak + width * WIDTHS[:, None], 1e-9 * peak)
        log = constant - 0.5 * scale**2 * square + scale * product + powers * np.log(scale)
        posterior = np.exp(log - log.max()) * width
        first, second = (posterior * scale).sum(axis=0), (posterior * scale**2).sum(axis=0)
        out[:] = (one * (share @ second) + centre * ((1.0 - share) @ first)) / second.sum()
    return np.asarray(found @ vectors.T)


def blind_error(run: Run, subjects: Subjects, sigma: float) -> float:
    """Of the best denoiser that is homogeneous about the grey level and not told σ."""
    points = subjects.test_points
    grey = np.full(subjects.data.dim, float(run.experiment.model["grey"]))

    def denoise(x: np.ndarray, _: float) -> np.ndarray:
        flat = x.reshape(len(x), -1) + grey
        found = blind_denoised(flat, subjects.covariance, grey, run.experiment.training) - grey
        return found.reshape(x.shape)

    return denoising_error(denoise, points, sigma, subjects.stream(8))


def bars(run: Run, samples: int) -> np.ndarray:
    """Errors of the two fitted linear denoisers, shape (seeds, 2, sides, levels)."""
    found = []
    for seed in run.experiment.seeds:
        subjects = run.subjects(seed, (samples,))
        sides = []
        for side in range(2):
            rows = subjects.training_set(side).reshape(samples, -1).astype(np.float64)
            moment = rows.T @ rows / samples
            white = np.trace(moment) / len(moment) * np.eye(len(moment))
            even = stationary(moment, run.data.shape)
            sides.append([
                (
                    least_error((*filters(moment, white, s), *ridged(moment, s)), subjects, s),
                    least_error(filters(moment, even, s), subjects, s),
                )
                for s in LEVELS
            ])  # fmt: skip
        found.append(np.transpose(sides, (2, 0, 1)))
    return np.array(found)


def ratios(name: str, samples: int) -> tuple[int, xr.DataArray, xr.DataArray]:
    """The n that is looked at, mean ratios along `bar` and `sigma`, and their standard errors."""
    import xarray as xr

    from convergen.theory.spectra.spectrum import Spectrum

    run, result = shipped_run(name), shipped_result(name)
    n = min(run.experiment.samples, key=lambda one: abs(one - samples))
    part = result.sel(samples=n, sigma=list(LEVELS))
    errors = part["test_error"].transpose("seed", "side", "sigma").values
    optimal = part["true_error"].transpose("seed", "sigma").values[:, None, None, :]
    fitted = bars(run, n)
    every, names = [np.broadcast_to(optimal, fitted[:, :1].shape), fitted], list(BARS)
    if run.experiment.model.get("grey") and isinstance(run.data.truth, Spectrum):
        sets = [run.subjects(seed, (n,)) for seed in run.experiment.seeds]
        blind = np.array([[blind_error(run, one, level) for level in LEVELS] for one in sets])
        every.append(np.broadcast_to(blind[:, None, None], fitted[:, :1].shape))
        names.append(BLIND)
    values = xr.DataArray(
        (errors[:, None] / np.concatenate(every, axis=1)).mean(axis=2),
        dims=("seed", "bar", "sigma"), coords={"bar": names, "sigma": list(LEVELS)},
    )  # fmt: skip
    return n, *over_seeds(values)


def rows(name: str, samples: int) -> list[str]:
    """Of the table, one for each bar."""
    n, mean, stderr = ratios(name, samples)
    found = []
    for first, bar in enumerate(mean["bar"].values):
        pairs = zip(mean.sel(bar=bar).values, stderr.sel(bar=bar).values, strict=True)
        cells = " | ".join(f"{value:.3f} ± {error:.3f}" for value, error in pairs)
        found.append(f"| {'' if first else name} | {'' if first else n} | {bar} | {cells} |")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    names = [name for name in shipped_names() if name.endswith(("-unet", "-conv"))]
    parser.add_argument("names", nargs="*", default=names, metavar="NAME")
    parser.add_argument("--samples", type=int, default=768, help="the nearest n is taken")
    given = parser.parse_args()
    print("| network | n | linear denoiser of | σ = 0.1 | 0.3 | 1 |\n|---|---|---|---|---|---|")
    for name in given.names:
        print("\n".join(rows(name, given.samples)), flush=True)


if __name__ == "__main__":
    main()
