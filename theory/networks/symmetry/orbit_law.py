"""The linear model of data whose orbit under translations is learnt with them.

Σ̂ of an orbit commutes with the group, so it is block-diagonal in the group's Fourier modes: one
complex block for each pair of conjugate modes, or real block for a mode that is its own conjugate.
Each block is the sample covariance of n points in fewer dimensions, which is why an orbit of g
images is worth more than n points, and not g n of them either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convergen.theory.common.checks import FloatArray, InputError, as_count, as_finite, as_samples
from convergen.theory.linear.order_parameters import convergence
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.spectra.spectrum import Spectrum

# Relative size of what the group changes in a covariance that it leaves alone, but for rounding.
_ROUNDING = 1e-8
# The law of a block of more than one dimension is off by about 0.1/n at small n: up to this n the
# block itself is simulated where random numbers are given, in so many pairs.
_FEW, _PAIRS = 64, 100


@dataclass(frozen=True)
class OrbitLaw:
    """Convergence of linear models of orbits.

    Attributes
    ----------
    convergence : ndarray, shape of the samples
        q.
    closed_form : bool
        Whether it is the closed form, else a simulation.
    error : ndarray, shape of the samples
        Standard error of the simulation; 0 for the closed form.
    """

    convergence: FloatArray
    closed_form: bool
    error: FloatArray


def fourier_blocks(
    covariance: ArrayLike, shape: tuple[int, ...], shift: int
) -> tuple[list[FloatArray], float]:
    """Eigenvalues of a covariance in each Fourier block of a group of translations.

    Parameters
    ----------
    covariance : array_like, shape (d, d)
        Second moment of images, squared data units.
    shape : tuple of int
        (channels, height, width), d = their product.
    shift : int
        Translations by multiples of so many pixels; divides both sides.

    Returns
    -------
    list of ndarray, each of shape (channels · shift²,)
        One for each of the g modes.
    float
        Size of what lies outside of the blocks, as a share of the Frobenius norm: 0 where the law
        is invariant.
    """
    modes = _in_modes(np.asarray(covariance, np.float64), shape, shift)
    count = modes.shape[0]
    inside = modes[np.arange(count), :, np.arange(count)]
    total = float(np.linalg.norm(modes))
    outside = np.sqrt(max(total**2 - float(np.linalg.norm(inside)) ** 2, 0.0)) / total
    values = np.linalg.eigvalsh(0.5 * (inside + inside.conj().transpose(0, 2, 1)))
    return [np.maximum(block, 0.0) for block in values], float(outside)


def orbit_law(
    covariance: ArrayLike,
    shape: tuple[int, ...],
    orbit: Orbit,
    samples: ArrayLike,
    rng: np.random.Generator | None = None,
    *,
    repeats: int = 8,
) -> OrbitLaw:
    """Convergence q of two linear models, each of the orbit of n Gaussian points.

    Parameters
    ----------
    covariance : array_like, shape (d, d)
        Second moment of the points, squared data units.
    shape : tuple of int
        Shape of one point, d = product.
    orbit : Orbit
        The group.
    samples : array_like, any shape
        n, without images.
    rng : numpy.random.Generator, optional
        Needed where there is no closed form: the law of the data is not invariant itself, or
        images are mirrored. Otherwise, blocks of more than one dimension are simulated for n up
        to 64, where their closed form is off by about 0.1/n.
    repeats : int
        Pairs that are simulated for each n, at least two.

    Returns
    -------
    OrbitLaw

    Raises
    ------
    InputError
        If the orbit does not suit the shape, or a simulation is needed and `rng` is not given.

    Notes
    -----
    Closed form, for an invariant law: q Tr Σ = Σ_k q_k Tr Σ_k over the Fourier blocks, with q_k
    the convergence of the spectrum of block k at n (deterministic equivalents are those of real
    data). A block of one dimension is exact: Γ(a + ½)²/(a Γ(a)²), a = n, or n/2 where the mode is
    its own conjugate.
    """
    matrix, n = as_finite(covariance, "covariance"), as_samples(samples)
    dim = int(np.prod(shape))
    if matrix.shape != (dim, dim):
        raise InputError(
            f"the covariance has shape {matrix.shape}, but points have {dim} coordinates."
        )
    orbit.order(shape)
    if orbit.trivial:
        values = np.maximum(np.linalg.eigvalsh(matrix), 0.0)
        return _block(values, n, real=True, rng=None)
    if not orbit.mirrored:
        blocks, outside = fourier_blocks(matrix, shape, orbit.shift)
        if outside < _ROUNDING:
            return _of_blocks(blocks, _own_conjugates(shape, orbit.shift), n, rng)
    if rng is None:
        raise InputError(
            "the law of the data is not invariant under the orbit, or images are mirrored, so that "
            "q is simulated: give rng, such as numpy.random.default_rng(0)."
        )
    return _simulated(matrix, shape, orbit, n, rng, as_count(repeats, "repeats", 2))


def _of_blocks(
    blocks: list[FloatArray],
    own: NDArray[np.bool_],
    n: FloatArray,
    rng: np.random.Generator | None,
) -> OrbitLaw:
    """Convergence of an invariant law, block by block."""
    trace = sum(values.sum() for values in blocks)
    total, square, closed = np.zeros_like(n), np.zeros_like(n), True
    for values, real in zip(blocks, own, strict=True):
        if values.any():
            share = values.sum() / trace
            found = _block(values, n, real=bool(real), rng=rng)
            total += share * found.convergence
            square += (share * found.error) ** 2
            closed &= found.closed_form
    return OrbitLaw(total, closed, np.sqrt(square))


def _in_modes(matrix: FloatArray, shape: tuple[int, ...], shift: int) -> NDArray[Any]:
    """A covariance between Fourier modes of the group, shape (g, block, g, block)."""
    channels, height, width = shape
    rows, columns = height // shift, width // shift
    split = (channels, rows, shift, columns, shift)
    moved = matrix.reshape(split + split)
    # Mode axes: which multiple of the shift, along rows (1, 6) and columns (3, 8).
    moved = np.fft.fft2(moved, axes=(1, 3), norm="ortho")
    moved = np.fft.ifft2(moved, axes=(6, 8), norm="ortho")
    moved = moved.transpose(1, 3, 0, 2, 4, 6, 8, 5, 7, 9)
    group, block = rows * columns, channels * shift**2
    return np.asarray(moved.reshape(group, block, group, block))


def _own_conjugates(shape: tuple[int, ...], shift: int) -> NDArray[np.bool_]:
    """Which modes are real: those whose negative is the same mode."""
    rows, columns = shape[1] // shift, shape[2] // shift
    row = np.arange(rows)[:, None] * 2 % rows == 0
    column = np.arange(columns)[None] * 2 % columns == 0
    return np.asarray(row & column).ravel()


def _block(
    values: FloatArray, n: FloatArray, *, real: bool, rng: np.random.Generator | None
) -> OrbitLaw:
    """Convergence of one block, for each n."""
    if values.size == 1:
        from scipy.special import gammaln

        freedom = 0.5 * n if real else n
        exact = np.exp(2.0 * (gammaln(freedom + 0.5) - gammaln(freedom))) / freedom
        return OrbitLaw(np.asarray(exact), True, np.zeros_like(n))
    found = np.array(convergence(Spectrum.from_eigenvalues(values), n), dtype=np.float64)
    few = (n <= _FEW) & (n == np.round(n)) if rng is not None else np.zeros(n.shape, np.bool_)
    error = np.zeros_like(n)
    for place in np.argwhere(few).tolist():
        assert rng is not None
        at = tuple(place)
        products = _products(values, int(n[at]), real, rng)
        found[at], error[at] = _with_error(products)
    return OrbitLaw(found, not few.any(), error)


def _products(values: FloatArray, count: int, real: bool, rng: np.random.Generator) -> FloatArray:
    """Tr of the three products of the roots Σ̂^{1/2} of pairs of n points of one block."""
    size = (_PAIRS, 2, count, values.size)
    draws: NDArray[Any] = rng.standard_normal(size)
    if not real:
        draws = (draws + 1j * rng.standard_normal(size)) / np.sqrt(2.0)
    _, lengths, axes = np.linalg.svd(draws * np.sqrt(values), full_matrices=False)
    turned = axes.conj().transpose(0, 1, 3, 2)
    roots = (turned * (lengths / np.sqrt(count))[..., None, :]) @ axes
    first, second = roots[:, 0], roots[:, 1]
    pairs = ((first, second), (first, first), (second, second))
    traces = [np.sum(one * other.conj(), axis=(1, 2)).real for one, other in pairs]
    return np.stack(traces, axis=1)


def _with_error(products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratio of means over the first axis, and its error: each pair left out once."""
    count = len(products)
    left = _ratio((products.sum(axis=0) - products) / (count - 1))
    return _ratio(products.mean(axis=0)), np.asarray(np.sqrt((count - 1) * left.var(axis=0)))


def _simulated(
    matrix: FloatArray,
    shape: tuple[int, ...],
    orbit: Orbit,
    n: FloatArray,
    rng: np.random.Generator,
    repeats: int,
) -> OrbitLaw:
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    products = np.empty((repeats, n.size, 3))
    for column, count in enumerate(n.ravel()):
        size = as_count(count, "samples")
        for row in range(repeats):
            draws = rng.standard_normal((2, size, len(root))) @ root.T
            first, second = (_root(orbit.of(half.reshape(-1, *shape))) for half in draws)
            pairs = ((first, second), (first, first), (second, second))
            products[row, column] = [np.sum(one * other) for one, other in pairs]
    found, error = _with_error(products)
    return OrbitLaw(found.reshape(n.shape), False, error.reshape(n.shape))


def _ratio(products: FloatArray) -> FloatArray:
    """E⟨x, y⟩/(E|x|² E|y|²)^{1/2} of the last axis."""
    return np.asarray(products[..., 0] / np.sqrt(products[..., 1] * products[..., 2]))


def _root(images: NDArray[Any]) -> FloatArray:
    """Σ̂^{1/2} of points."""
    rows = images.reshape(len(images), -1)
    _, lengths, axes = np.linalg.svd(np.linalg.qr(rows, mode="r"), full_matrices=False)
    return np.asarray((axes.T * (lengths / np.sqrt(len(rows)))) @ axes)
