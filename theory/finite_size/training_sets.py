"""Training sets in the eigenbasis of the population: drawn from a law, or rows of a data matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.common.machine.memory import need_memory
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    from convergen.theory.mixtures.mixture import GaussianMixture

# Draws points in the population eigenbasis.
Draw = Callable[[int, np.random.Generator], FloatArray]


def training_sets(
    population: Spectrum | GaussianMixture | ArrayLike, source: str, largest: int
) -> tuple[Spectrum, Draw, int | None]:
    """How training sets are drawn.

    Parameters
    ----------
    population : Spectrum, GaussianMixture or array_like of shape (N, d)
        A law, or all points there are.
    source : str
        Label of a data matrix.
    largest : int
        Training samples of the largest set.

    Returns
    -------
    spectrum : Spectrum
        Of the population.
    draw : callable
        ``draw(count, rng)``: points in the population eigenbasis, shape (count, rank).
    total : int or None
        N; None where points are unlimited.

    Raises
    ------
    InputError
        If two disjoint sets do not fit into the data, or two models not into memory.
    """
    if isinstance(population, Spectrum):
        _need_room(population.rank, largest)
        return population, partial(_draw_gaussian, np.sqrt(expanded(population))), None
    if hasattr(population, "responsibilities"):
        return _mixture(cast("GaussianMixture", population), largest)
    return _project(population, source, largest)


def _need_room(rank: int, samples: int) -> None:
    """Refuse two models, with their training sets and the squares of their vectors, too large."""
    size = 8 * rank * (2 * samples + 4 * min(rank, samples))
    need_memory(
        size,
        f"a pair of models in {rank} dimensions, trained on {samples} points each,",
        "use fewer dimensions or samples",
    )


def expanded(spectrum: Spectrum) -> FloatArray:
    """Positive eigenvalues, repeated by multiplicity.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.

    Returns
    -------
    ndarray, shape (rank,)
        Descending.
    """
    lam = spectrum.eigenvalues[spectrum.eigenvalues > 0.0]
    return np.repeat(lam, spectrum.multiplicities[: lam.size].astype(int))


def _draw_gaussian(scale: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal((count, scale.size)) * scale


def _draw_rows(rows: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    return rows[rng.permutation(rows.shape[0])[:count]]


def _draw_mixture(
    mixture: GaussianMixture, vectors: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    points = mixture.sample(count, rng) - mixture.mean
    return np.asarray(points.reshape(count, -1) @ vectors)


def _mixture(mixture: GaussianMixture, largest: int) -> tuple[Spectrum, Draw, None]:
    """Spectrum of a mixture, and how to draw from it in the eigenbasis."""
    from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum

    spectrum = mixture_spectrum(mixture)
    _need_room(spectrum.rank, largest)
    vectors = np.linalg.eigh(mixture.covariance)[1][:, ::-1][:, : spectrum.rank]
    return spectrum, partial(_draw_mixture, mixture, vectors), None


def _project(data: ArrayLike, source: str, largest: int) -> tuple[Spectrum, Draw, int]:
    """Spectrum of a data matrix, how to draw its rows in the eigenbasis, and their number."""
    spectrum = Spectrum.from_data(data, source=source)
    matrix = np.asarray(data)
    matrix = matrix.reshape(matrix.shape[0], -1)
    total = matrix.shape[0]
    if 2 * largest > total:
        raise InputError(
            f"two disjoint training sets of {largest} samples do not fit into {total} rows: use "
            f"samples of at most {total // 2}."
        )
    assert spectrum.eigenvectors is not None
    assert spectrum.mean is not None
    rows = (matrix - spectrum.mean) @ spectrum.eigenvectors
    return spectrum, partial(_draw_rows, rows), total
