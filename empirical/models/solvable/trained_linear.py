"""Linear denoisers trained by gradient descent: one matrix for each noise level."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from convergen.empirical.models.table import SOLVABLE, SolvableModel, TrainingSets
from convergen.theory.common.checks import InputError, as_count, as_number, as_positive
from convergen.theory.sources.options import NUMBER, WHOLE, Option

# Steps between two looks at the gradient.
_LOOK = 25


@dataclass(frozen=True)
class Descent:
    """How gradient descent ended.

    Attributes
    ----------
    converged : bool
        Whether every matrix is within the tolerance of its optimum.
    steps : int
        Steps taken.
    error_bound : float
        Largest relative Frobenius distance to the optimum that the last gradient allows.
    """

    converged: bool
    steps: int
    error_bound: float


class TrainedLinear:
    """M · L matrices W that start at 0 and descend the denoising error of their training sets.

    Parameters
    ----------
    training_sets : sequence of ndarray, each of shape (n, *shape)
        One for each member, any n ≥ 1; centred by the caller.
    sigmas : array_like, shape (L,)
        Noise levels, one matrix for each.
    device : torch.device or str
        Where the products run, in float64.

    Notes
    -----
    The mean over the noise is taken exactly, E_ε|x − W(x + σε)|² = |x − Wx|² + σ²|W|², so the
    gradient is W(Σ̂ + σ²) − Σ̂ and its zero is the Wiener filter. Starting at 0 leaves the null
    space of Σ̂ at 0; preconditioning that starts at the identity would not.
    """

    def __init__(
        self,
        training_sets: Sequence[NDArray[Any]],
        sigmas: ArrayLike,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        (self.shape,) = {x.shape[1:] for x in training_sets}
        self.members = len(training_sets)
        self.sigmas = np.unique(as_positive(sigmas, "sigmas"))
        flat = [np.asarray(x, np.float64).reshape(len(x), -1) for x in training_sets]
        covariance = torch.as_tensor(np.stack([x.T @ x / len(x) for x in flat]))
        self.covariance = covariance.to(self.device)[:, None]
        variances = torch.as_tensor(self.sigmas**2).to(self.device)[:, None, None]
        eye = torch.eye(math.prod(self.shape), dtype=torch.float64, device=self.device)
        self._noisy = self.covariance + variances * eye
        self._variances = variances
        self.weights: Tensor = torch.zeros_like(self._noisy)

    def train(
        self,
        steps: int = 20_000,
        tolerance: float = 1e-4,
        report: Callable[[float], object] = lambda share: None,
    ) -> Descent:
        """Descend with Nesterov's momentum, which suits the known curvature of each level.

        Parameters
        ----------
        steps : int
            At most.
        tolerance : float
            Relative Frobenius distance to the optimum at which to stop. The smallest curvature
            is at least σ², so |gradient|/(σ²|W|) bounds it.
        report : callable
            Called now and then with the share of the way to the tolerance, on a log scale.

        Returns
        -------
        Descent
        """
        limit = as_count(steps, "steps")
        goal = as_number(as_positive(tolerance, "tolerance"), "tolerance")
        largest = torch.linalg.matrix_norm(self._noisy, ord=2)[..., None, None]
        root = torch.sqrt(self._variances / largest)
        momentum = (1.0 - root) / (1.0 + root)
        weights = previous = self.weights
        first = bound = math.inf
        for taken in range(1, limit + 1):
            ahead = weights + momentum * (weights - previous)
            gradient = ahead @ self._noisy - self.covariance
            previous, weights = weights, ahead - gradient / largest
            if taken % _LOOK == 0 or taken == limit:
                bound = float(self._bound(weights))
                if bound <= goal:
                    break
                first = bound if math.isinf(first) else first
                report(_share(first, bound, goal))
        self.weights = weights
        return Descent(bound <= goal, taken, bound)

    def _bound(self, weights: Tensor) -> Tensor:
        gradient = weights @ self._noisy - self.covariance
        norm = torch.linalg.matrix_norm
        scale = self._variances.flatten() * norm(weights)
        return (norm(gradient) / scale).max()

    def denoiser(self, member: int) -> LinearLevels:
        """One member as a denoiser.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        LinearLevels
        """
        return LinearLevels(self.sigmas, self.weights[member].cpu().numpy(), self.shape)


def _share(first: float, bound: float, goal: float) -> float:
    """How much of the way from the first bound to the goal is done, on a log scale."""
    if not goal < bound < first:
        return 0.0
    return math.log(first / bound) / math.log(first / goal)


class LinearLevels:
    """D(x, σ) = W_σ x at given levels, linear in log σ between them.

    Parameters
    ----------
    sigmas : ndarray, shape (L,)
        Noise levels, ascending.
    weights : ndarray, shape (L, d, d)
        One matrix for each.
    shape : tuple of int
        Shape of one point.
    """

    def __init__(
        self, sigmas: NDArray[np.float64], weights: NDArray[np.float64], shape: tuple[int, ...]
    ) -> None:
        self.sigmas, self.weights, self.shape = sigmas, weights, shape

    def __call__(self, x: ArrayLike, sigma: ArrayLike, /) -> NDArray[Any]:
        """Denoise.

        Parameters
        ----------
        x : array_like, shape (batch, *shape)
            Noisy points.
        sigma : array_like, shape () or (batch,)
            Noise levels within the range that was trained.

        Returns
        -------
        ndarray, shape and dtype of `x`

        Raises
        ------
        InputError
            If a level is outside the range.
        """
        points = np.asarray(x)
        levels = np.broadcast_to(np.asarray(sigma, np.float64), points.shape[:1])
        result = np.empty_like(points, dtype=np.result_type(points, np.float32))
        for level in np.unique(levels):
            chosen = levels == level
            flat = points[chosen].reshape(int(chosen.sum()), -1)
            result[chosen] = (flat @ self._matrix(float(level)).T).reshape(-1, *self.shape)
        return result

    def _matrix(self, sigma: float) -> NDArray[np.float64]:
        low, high = self.sigmas[0], self.sigmas[-1]
        # A level that went through float32 is still the level it was.
        if not low * (1 - 1e-6) <= sigma <= high * (1 + 1e-6):
            raise InputError(
                f"sigma = {sigma:g} is outside the trained range {low:g} … {high:g}: train with "
                "levels around it."
            )
        place = np.interp(np.log(sigma), np.log(self.sigmas), np.arange(len(self.sigmas)))
        if abs(place - round(place)) < 1e-5:
            return np.asarray(self.weights[round(place)])
        below = int(place)
        part = place - below
        return np.asarray((1.0 - part) * self.weights[below] + part * self.weights[below + 1])


def fit(sets: TrainingSets, steps: int, tolerance: float) -> list[LinearLevels]:
    """Descend for all training sets at once.

    Parameters
    ----------
    sets : TrainingSets
        Centred points, and the noise levels at which the models will be called.
    steps, tolerance
        As in `TrainedLinear.train`.

    Returns
    -------
    list of LinearLevels

    Raises
    ------
    InputError
        If the descent did not reach its tolerance.
    """
    linear = TrainedLinear(sets.points, sets.sigmas, sets.device)
    end = linear.train(steps, tolerance, sets.report)
    if not end.converged:
        raise InputError(
            f"gradient descent stopped after {end.steps} steps within {end.error_bound:.1e} of "
            "the optimum: give more steps, or a larger tolerance."
        )
    return [linear.denoiser(member) for member in range(linear.members)]


SOLVABLE.register(
    SolvableModel(
        name="trained-linear",
        description="linear denoiser trained by gradient descent, one matrix a noise level",
        words="linear model trained on the same data",
        fit=fit,
        line=(0, (1, 3)),
        order=5,
        options=(
            Option("steps", WHOLE, "steps of the descent, at most", 20_000, least=1),
            Option(
                "tolerance", NUMBER, "relative distance to the optimum at which it ends", 1e-4,
                least=1e-12, most=1.0,
            ),
        ),
        # It ends where the closed form begins.
        compared=False,
    )
)  # fmt: skip
