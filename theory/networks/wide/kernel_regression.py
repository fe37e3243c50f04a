"""Wide fully connected denoisers in the kernel regime: regression with their tangent kernel.

At each noise level the network is fitted to N noised copies of its training set, as many as it has
seen near that level, in the preconditioning in which it is trained. Where noise outweighs the data
images of more levels count as near.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_finite,
    as_nonnegative,
    as_number,
    as_positive,
    as_seed,
)
from convergen.theory.common.machine.memory import need_memory
from convergen.theory.denoisers.protocol import Array, ExactDenoiser
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from convergen.theory.networks.wide.spectral_filters import FILTERS, landmark_ridge

# Chosen on the digits alone: images seen at all levels for each that counts at one of them, times
# as many that count above one standard deviation of the data, ...
IMAGES_PER_COPY = 50
ABOVE = 2.5
# ... and the time of the filter, in units in which a mode λ of K/N is learnt after 1/λ.
TIME = 1e5
# Copies beyond which landmarks stand for all.
MOST = 10_000
_BLOCK = 2048


class KernelRegression(ExactDenoiser):
    """Denoiser of an infinitely wide ReLU network, trained with noise on a finite set.

    Parameters
    ----------
    data : array_like, shape (n, *shape)
        Training points, of about unit variance and centred, as networks are trained on them.
    images : float
        Images that the network has seen; at levels σ ≤ 1 it is fitted to N = images/50 copies.
    depth : int
        Hidden layers.
    bias : float
        Variance of the biases.
    time : float
        τ of the filter.
    filter : {'ridge', 'flow'}
        Modes λ of K/N are learnt to λτ/(1 + λτ), or to 1 − e^{−τλ} as by gradient descent.
    seed : int
        Of the noise of the copies, drawn for each level by itself.
    landmarks : int
        Copies above which regression is on a kernel of low rank, with as many landmarks.
    above : float
        How many times as many copies it is fitted to at levels σ > 1.

    Attributes
    ----------
    copies : int
        N at σ ≤ 1.

    Raises
    ------
    InputError
        If a setting is out of range, the kernel does not fit into memory, or gradient descent is
        asked for with more copies than landmarks.

    Notes
    -----
    Inputs x̃ = c_in x, targets F = (y − c_skip x)/c_out, D = c_skip x + c_out k(x̃, X)(K + N/τ)⁻¹ F
    with the coefficients of arXiv:2206.00364, table 1. A level is fitted when it is first asked
    for: N³/3 multiplications with Cholesky, 8 N² bytes; above `landmarks` copies N m² of them and
    16 m² bytes. A call costs N d a point. The fits of all levels are kept, 16 N d bytes each.
    """

    def __init__(
        self,
        data: ArrayLike,
        *,
        images: float,
        depth: int = 3,
        bias: float = 0.0,
        time: float = TIME,
        filter: str = "ridge",
        seed: int = 0,
        landmarks: int = MOST,
        above: float = ABOVE,
    ) -> None:
        points = as_finite(data, "data")
        if points.ndim < 2 or points.size == 0:
            raise InputError(
                f"data of shape {points.shape} hold no points: give an array (n, *shape)."
            )
        if filter not in FILTERS:
            raise InputError(f"filter {filter!r} is unknown: choose from {', '.join(FILTERS)}.")
        self.shape = points.shape[1:]
        seen = as_number(as_positive(images, "images"), "images")
        self.copies = max(1, round(seen / IMAGES_PER_COPY))
        self._points = points.reshape(len(points), -1)
        self._kernel: dict[str, Any] = {
            "depth": as_count(depth, "depth"), "bias": float(as_nonnegative(bias, "bias")),
        }  # fmt: skip
        self._time = as_number(as_positive(time, "time"), "time")
        self._filter, self._seed = filter, as_seed(seed, "seed")
        self._landmarks = as_count(landmarks, "landmarks")
        self._above = max(1, round(self.copies * as_number(as_positive(above, "above"), "above")))
        most = max(self.copies, self._above)
        if filter != "ridge" and self._landmarks < most:
            raise InputError(
                f"filter {filter!r} needs the eigenvectors of {most} copies, more than the "
                f"{self._landmarks} landmarks: take the filter 'ridge', or give fewer images."
            )
        size = min(most, self._landmarks)
        need_memory(
            16 * (size * len(self._outputs_of(self._points[:1]))) ** 2,
            f"the kernel of {size} copies", "give fewer images, or fewer landmarks",
        )  # fmt: skip
        self._fits: dict[float, tuple[FloatArray, FloatArray]] = {}

    def _denoise(self, x: Array, sigma: Array) -> Array:
        result = np.empty_like(x)
        for level in np.unique(sigma):
            chosen = sigma == level
            result[chosen] = self._at(x[chosen], float(level))
        return result

    def _at(self, x: Array, sigma: float) -> FloatArray:
        inputs, coefficients = self._fit(sigma)
        keep, answer = _coefficients(sigma)
        found = np.empty(x.shape)
        for start in range(0, len(x), _BLOCK):
            part = x[start : start + _BLOCK]
            said = self._between(np.sqrt(keep) * part, inputs) @ coefficients
            found[start : start + _BLOCK] = keep * part + answer * self._points_of(said)
        return found

    def _between(self, x: FloatArray, y: FloatArray | None = None) -> FloatArray:
        """Kernel between outputs at flat points."""
        return relu_tangent_kernel(x, y, **self._kernel)

    def _outputs_of(self, points: FloatArray) -> FloatArray:
        """Flat points as what the kernel regresses, one row for each of its rows."""
        return points

    def _points_of(self, outputs: FloatArray) -> FloatArray:
        """Inverse of `_outputs_of`."""
        return outputs

    def _fit(self, sigma: float) -> tuple[FloatArray, FloatArray]:
        """Inputs and coefficients at a level; one that went through float32 is still that level."""
        level = float(np.float32(sigma))
        if level not in self._fits:
            self._fits[level] = self._fitted(level)
        return self._fits[level]

    def _fitted(self, sigma: float) -> tuple[FloatArray, FloatArray]:
        inputs, targets = self._noised(sigma)
        copies = len(inputs)
        if copies <= self._landmarks:
            wanted = self._outputs_of(targets)
            return inputs, FILTERS[self._filter](self._between(inputs), wanted, self._time)
        # The copies come in random order.
        chosen = inputs[: self._landmarks].copy()

        def rows() -> Iterator[tuple[FloatArray, FloatArray]]:
            for start in range(0, copies, _BLOCK):
                part = slice(start, start + _BLOCK)
                yield self._between(inputs[part], chosen), self._outputs_of(targets[part])

        return chosen, landmark_ridge(self._between(chosen), rows(), self._time)

    def _noised(self, sigma: float) -> tuple[FloatArray, FloatArray]:
        """What the network sees and what it should answer, for N copies in random order."""
        level = int(np.float32(sigma).view(np.uint32))
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(level,)))
        count, copies = len(self._points), self._above if sigma > 1.0 else self.copies
        # Every point is seen equally often, to one.
        rounds = [rng.permutation(count) for _ in range(-(-copies // count))]
        clean = self._points[np.concatenate(rounds)[:copies]]
        noisy = clean + sigma * rng.standard_normal(clean.shape)
        keep, answer = _coefficients(sigma)
        return np.sqrt(keep) * noisy, (clean - keep * noisy) / answer


def _coefficients(sigma: float) -> tuple[float, float]:
    """c_skip = c_in² and c_out at unit variance of the data."""
    total = 1.0 + sigma**2
    return 1.0 / total, sigma / float(np.sqrt(total))
