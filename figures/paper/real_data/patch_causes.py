"""Photograph patches, their contrast, and surrogates that keep only a part of what patches are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

SAMPLES = 256
# From nothing but the covariance, by way of the patches, to sets that are not random subsets.
CAUSES = (
    "gaussian",
    "permuted",
    "elliptical",
    "signs",
    "patches",
    "normalised",
    "regions",
    "normalised_regions",
)
_REGION = 16  # patches a side: as many in a region as SAMPLES
_PATCH = 8  # pixels a side
_PIXELS = (427, 640)  # of each photograph


def photograph_patches(side: int, stride: int) -> np.ndarray:
    """Patches of scikit-learn's two sample photographs.

    Parameters
    ----------
    side : int
        Pixels of a patch's side.
    stride : int
        Pixels from one patch to the next.

    Returns
    -------
    ndarray, shape (patches, side²)
        Grey values in [0, 1] less the mean of each patch, row by row of each photograph. Patches
        of one constant colour stay in, as zeros.
    """
    from convergen.theory.sources.real.patches import photographs

    grid = photographs()
    windows = np.lib.stride_tricks.sliding_window_view(grid, (side, side), axis=(1, 2))
    rows = windows[:, ::stride, ::stride].reshape(-1, side**2)
    return rows - rows.mean(axis=1, keepdims=True)


def amplitudes(rows: np.ndarray) -> np.ndarray:
    """Squared amplitudes τ of the elliptical law that is closest to the data.

    Parameters
    ----------
    rows : ndarray, shape (N, d)
        Data of mean 0.

    Returns
    -------
    ndarray, shape (M,)
        |x|^2a of the M rows that are not 0, over their mean. The length of a Gaussian vector
        varies too, E |x|⁴ = (1 + 2 Tr Σ²/(Tr Σ)²) (E |x|²)²; the exponent a ≤ 1 takes this factor
        off the second moment. 1 throughout where nothing is left.
    """
    from scipy.optimize import brentq

    squares = np.sum(rows**2, axis=1)
    squares = squares[squares > 0.0] / squares.mean()
    covariance = rows.T @ rows / len(rows)
    own = 1.0 + 2.0 * np.sum(covariance**2) / np.trace(covariance) ** 2

    def second_moment(power: float) -> float:
        tau = squares**power
        return float(np.mean(tau**2) / np.mean(tau) ** 2)

    wanted = second_moment(1.0) / own
    if wanted <= 1.0:
        return np.ones(squares.size)
    tau = squares ** brentq(lambda power: second_moment(power) - wanted, 0.0, 1.0)
    return np.asarray(tau / tau.mean())


def limit_ratio(rows: np.ndarray) -> float:
    """Value of (1 − q)/(its Gaussian prediction) as n → ∞, from fourth moments.

    Parameters
    ----------
    rows : ndarray, shape (N, d)
        Samples that stand for the law.

    Returns
    -------
    float
    """
    from convergen import theory
    from convergen.theory.linear.elliptical.fourth_moments import large_sample_gap

    far = 1e9
    predicted = theory.order_parameters(theory.Spectrum.from_data(rows), far).gap
    return large_sample_gap(rows).constant / far / float(predicted)


def causes(rows: np.ndarray, repeats: int, seed: int) -> xr.Dataset:
    """Measured over predicted 1 − q for 8 × 8 patches, and for what surrogates leave of them.

    Parameters
    ----------
    rows : ndarray, shape (N, 64)
        From `photograph_patches`, side and stride 8.
    repeats : int
        Pairs of training sets of `SAMPLES` patches.
    seed : int
        Seed of subsets and surrogates.

    Returns
    -------
    xarray.Dataset
        Along `cause`, one of `CAUSES` each.
    """
    import xarray as xr

    from convergen import theory

    rng = np.random.default_rng(seed)
    vectors = theory.Spectrum.from_data(rows).eigenvectors
    assert vectors is not None
    components = (rows - rows.mean(axis=0)) @ vectors
    shape = components.shape
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    plain = components / np.where(lengths > 0.0, lengths, np.inf)
    normal = rng.standard_normal(shape) * components.std(axis=0)
    populations = {
        "gaussian": normal,
        "permuted": rng.permuted(components, axis=0),
        "elliptical": normal * np.sqrt(rng.choice(amplitudes(components), (shape[0], 1))),
        "signs": components * rng.choice([-1.0, 1.0], shape),
        "patches": components,
        "normalised": plain,
    }
    found = {
        name: (*_subsets(population, repeats, seed), limit_ratio(population))
        for name, population in populations.items()
    }
    for name, population in (("regions", components), ("normalised_regions", plain)):
        found[name] = (*_regions(population), np.nan)
    ratio, stderr, limit = np.array([found[name] for name in CAUSES]).T
    words = "measured over predicted 1 - q"
    return xr.Dataset(
        {
            "ratio": ("cause", ratio, {"long_name": words, "units": "1"}),
            "ratio_stderr": ("cause", stderr, {"long_name": "standard error"}),
            "ratio_limit": ("cause", limit, {"long_name": f"{words} as n grows", "units": "1"}),
        },
        {"cause": list(CAUSES)},
    )


def _subsets(population: np.ndarray, repeats: int, seed: int) -> tuple[float, float]:
    """Ratio for random disjoint subsets, with its standard error."""
    from convergen import theory

    result = theory.simulate(
        population, [SAMPLES], quantities=("convergence",), repeats=repeats, seed=seed
    )
    spectrum = theory.Spectrum.from_data(population - population.mean(axis=0))
    expected = float(theory.order_parameters(spectrum, SAMPLES).gap)
    gap, stderr = 1.0 - float(result["convergence"][0]), float(result["convergence_stderr"][0])
    return gap / expected, stderr / expected


def _regions(components: np.ndarray) -> tuple[float, float]:
    """Ratio for models that see one square region of a photograph each, with jackknife error."""
    from convergen import theory

    side, sides = _REGION, [size // _PATCH for size in _PIXELS]
    grid = components.reshape(-1, *sides, components.shape[1])
    roots: list[np.ndarray] = []
    for photograph in grid:
        for i in range(0, sides[0] - side + 1, side):
            for j in range(0, sides[1] - side + 1, side):
                rows = photograph[i : i + side, j : j + side].reshape(side**2, -1) / side
                _, values, vectors = np.linalg.svd(rows, full_matrices=False)
                roots.append(((vectors.T * values) @ vectors).ravel())
    products = np.array(roots) @ np.array(roots).T
    spectrum = theory.Spectrum.from_data(components)
    expected = float(theory.order_parameters(spectrum, SAMPLES).gap)

    def ratio(kept: np.ndarray) -> float:
        table = products[np.ix_(kept, kept)]
        size = np.trace(table) / len(kept)
        overlap = (table.sum() - np.trace(table)) / (len(kept) * (len(kept) - 1))
        return float(1.0 - overlap / size) / expected

    every = np.arange(len(roots))
    without = np.array([ratio(np.delete(every, k)) for k in every])
    return ratio(every), float(np.sqrt((every.size - 1) * np.var(without)))
