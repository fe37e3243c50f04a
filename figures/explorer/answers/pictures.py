"""What two linear models, trained on disjoint images, make of the same noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.sources.points import Points

# Images for each of the two models, coordinates of an image, and pictures side by side.
_MOST, _LARGEST, COUNT = 2000, 3 * 64 * 64, 6


@dataclass(frozen=True, eq=False)
class Pair:
    """Pictures of two models, and what they say.

    Attributes
    ----------
    samples : int
        Images in each training set.
    made, nearest : ndarray, shape (2, count, d)
        What both models generate, and the training image nearest in direction.
    memorisation : float
        Mean largest |cosine| with a training image.
    convergence : float
        Overlap of what the two models made of the same noise.
    """

    samples: int
    made: FloatArray
    nearest: FloatArray
    memorisation: float
    convergence: float


@dataclass(frozen=True, eq=False)
class Studio:
    """Images in two disjoint halves, and noise that both models share.

    Attributes
    ----------
    halves : ndarray, shape (2, N, d)
        Images about their mean.
    mean : ndarray, shape (d,)
        Of all of them.
    noise : ndarray, shape (count, d)
        Standard normal.
    shape : tuple of int
        (channels, height, width).
    ends : (float, float)
        What is black, what is white.
    limited : bool
        Whether there are more images than are used.
    """

    halves: FloatArray
    mean: FloatArray
    noise: FloatArray
    shape: tuple[int, ...]
    ends: tuple[float, float]
    limited: bool

    @classmethod
    def of(cls, points: Points, rng: np.random.Generator) -> Studio | None:
        """Shuffle the images of a data set.

        Parameters
        ----------
        points : Points
            A data set.
        rng : numpy.random.Generator
            Of the shuffle and the noise.

        Returns
        -------
        Studio or None
            None where points are no images, too few, or too large to be made while a slider moves.
        """
        if len(points.shape) != 3 or points.dim > _LARGEST or len(points) < 4:
            return None
        size = min(len(points) // 2, _MOST)
        rows = rng.permutation(len(points))[: 2 * size]
        images = points.flat(rows)
        mean = images.mean(axis=0)
        halves = (images - mean).reshape(2, size, points.dim)
        noise = rng.standard_normal((COUNT, points.dim))
        ends = (float(images.min()), float(images.max()))
        return cls(halves, mean, noise, points.shape, ends, size < len(points) // 2)

    @property
    def most(self) -> int:
        """Largest number of images that each model can be given."""
        return self.halves.shape[1]

    def work(self, samples: float) -> int:
        """Order of the matrix that a pair needs decomposed.

        Parameters
        ----------
        samples : float
            n.

        Returns
        -------
        int
        """
        return int(min(samples, self.most, self.mean.size))

    def pair(self, samples: float, ridge: float = 0.0) -> Pair:
        """Train two models on n images each and show what they generate.

        Parameters
        ----------
        samples : float
            n; at most half of the images are used.
        ridge : float
            ρ ≥ 0.

        Returns
        -------
        Pair
        """
        n = int(np.clip(samples, 1, self.most))
        made = np.array([generated(half[:n], self.noise, ridge) for half in self.halves])
        nearest, largest = np.empty_like(made), []
        for side, half in enumerate(self.halves):
            cosines = np.abs(_directions(made[side]) @ _directions(half[:n]).T)
            nearest[side] = half[cosines.argmax(axis=1)]
            largest.append(cosines.max(axis=1).mean())
        overlap = np.sum(made[0] * made[1]) / np.sqrt(np.sum(made[0] ** 2) * np.sum(made[1] ** 2))
        return Pair(
            n, made + self.mean, nearest + self.mean, float(np.mean(largest)), float(overlap)
        )  # fmt: skip


def generated(centred: FloatArray, noise: FloatArray, ridge: float) -> FloatArray:
    """(Σ̂ + ρ)^{1/2} z for each z, Σ̂ = XᵀX/n, through the smaller of two matrices.

    Parameters
    ----------
    centred : ndarray, shape (n, d)
        Training points about the mean X.
    noise : ndarray, shape (count, d)
        z.
    ridge : float
        ρ ≥ 0.

    Returns
    -------
    ndarray, shape (count, d)
    """
    n, dim = centred.shape
    x = centred / np.sqrt(n)
    flat = np.sqrt(ridge)
    if n >= dim:
        values, vectors = np.linalg.eigh(x.T @ x)
        root = np.sqrt(np.maximum(values, 0.0) + ridge) - flat
        return np.asarray((noise @ vectors * root) @ vectors.T + flat * noise)
    values, vectors = np.linalg.eigh(x @ x.T)
    kept = values > values[-1] * n * np.finfo(np.float64).eps
    values, vectors = values[kept], vectors[:, kept]
    # f(XᵀX) = f(0) + Xᵀ U (f(s) − f(0))/s Uᵀ X.
    gain = (np.sqrt(values + ridge) - flat) / values
    return np.asarray(((noise @ x.T) @ vectors * gain) @ vectors.T @ x + flat * noise)


def _directions(rows: FloatArray) -> FloatArray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
