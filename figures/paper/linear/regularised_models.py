"""Linear models with a ridge or stopped early: functions of Σ̂, in theory and in simulation.

A model generates x̂ = f(Σ̂) z and denoises with g(Σ̂).

- Ridge ρ: f(x) = sqrt(x + ρ), g(x) = (x + ρ)/(x + ρ + σ²).
- Gradient flow on E|x − D(x + σε)|²/2 from D = 0 up to time t: dD/dt = Σ̂ − D (Σ̂ + σ²), so that
  g(x) = x (1 − e^{−t(x+σ²)})/(x + σ²). The probability flow dx/dσ = (x − D x)/σ with such a
  denoiser at each σ leads from σ_max z to f(Σ̂) z with, E₁ the exponential integral,

      f(x) = σ_max sqrt((x + σ_min²)/(x + σ_max²)) exp{½ [E₁(t(x + σ_min²)) − E₁(t(x + σ_max²))
             − e^{−tx} (E₁(tσ_min²) − E₁(tσ_max²))]}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from convergen.figures.paper.linear.sample_law import SampleLaw
    from convergen.theory import Spectrum

FloatArray = NDArray[np.float64]

QUANTITIES = (
    "convergence",
    "convergence_to_truth",
    "memorisation",
    "memorisation_baseline",
    "test_error",
    "train_error",
)
_SEEDS = 64


@dataclass(frozen=True)
class Ridge:
    """Model with a ridge.

    Attributes
    ----------
    ridge : float
        ρ, added to every eigenvalue of Σ̂.
    sigma : float
        Noise level of the denoiser.
    """

    ridge: float
    sigma: float

    def generator(self, x: FloatArray) -> FloatArray:
        """Generator f at sample eigenvalues x ≥ 0."""
        return np.sqrt(x + self.ridge)

    def denoiser(self, x: FloatArray) -> FloatArray:
        """Shrinkage g at sample eigenvalues x ≥ 0."""
        return (x + self.ridge) / (x + self.ridge + self.sigma**2)


@dataclass(frozen=True)
class Stopped:
    """Model whose denoisers, one for each noise level, are trained by gradient flow up to t.

    Attributes
    ----------
    time : float
        t, in units of 1/eigenvalue.
    sigma : float
        Noise level of the denoiser whose errors are wanted.
    low, high : float
        σ_min and σ_max of the sampler.
    """

    time: float
    sigma: float
    low: float
    high: float

    def generator(self, x: FloatArray) -> FloatArray:
        """Generator f at sample eigenvalues x ≥ 0."""
        from scipy.special import exp1

        t, low, high = self.time, self.low**2, self.high**2
        forgotten = np.exp(-t * x) * (exp1(t * low) - exp1(t * high))
        exponent = 0.5 * (exp1(t * (x + low)) - exp1(t * (x + high)) - forgotten)
        return np.asarray(self.high * np.sqrt((x + low) / (x + high)) * np.exp(exponent))

    def denoiser(self, x: FloatArray) -> FloatArray:
        """Shrinkage g at sample eigenvalues x ≥ 0."""
        rate = x + self.sigma**2
        return np.asarray(-np.expm1(-self.time * rate) * x / rate)


Model = Ridge | Stopped


def predict(model: Model, law: SampleLaw, spectrum: Spectrum) -> dict[str, float]:
    """Convergence, convergence to truth and errors for large d.

    Parameters
    ----------
    model : Ridge or Stopped
        The model.
    law : SampleLaw
        Law of the sample eigenvalues for n and `spectrum`.
    spectrum : Spectrum
        Population spectrum.

    Returns
    -------
    dict
        Members of `QUANTITIES` other than memorisation, which is not a function of Σ̂ alone; the
        errors are in units of data squared.
    """
    x, lam, count = law.points, spectrum.eigenvalues, law.multiplicities
    f, g = model.generator(x), model.denoiser(x)
    mean, energy = law.expectation(f), float(law.trace(f**2))
    noise = model.sigma**2 * float(law.trace(g**2))
    missed = (1.0 - g) ** 2
    return {
        "convergence": float(count @ mean**2) / energy,
        "convergence_to_truth": float(count @ (mean * np.sqrt(lam)))
        / float(np.sqrt(spectrum.trace * energy)),
        "test_error": float((count * lam) @ law.expectation(missed)) + noise,
        "train_error": float(law.trace(missed * x)) + noise,
    }


def simulate(
    models: list[Model], spectrum: Spectrum, samples: int, repeats: int, seed: int
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Measure models fitted to pairs of disjoint training sets.

    Parameters
    ----------
    models : list of Ridge or Stopped
        The models, all fitted to the same sets.
    spectrum : Spectrum
        Population spectrum of the Gaussian data.
    samples : int
        n of each training set.
    repeats : int
        Pairs.
    seed : int
        Seed of the training sets and of the starting noise.

    Returns
    -------
    dict
        For each of `QUANTITIES` the mean and its standard error, arrays of shape (len(models),).
    """
    rng = np.random.default_rng(seed)
    scale = np.sqrt(np.repeat(spectrum.eigenvalues, spectrum.multiplicities.astype(int)))
    table = np.empty((repeats, len(models), len(QUANTITIES) + 2))
    for row in table:
        sets = [rng.standard_normal((samples, scale.size)) * scale for _ in range(2)]
        z = rng.standard_normal((scale.size, _SEEDS))
        decomposed = [np.linalg.eigh(x.T @ x / samples) for x in sets]
        for cell, model in zip(row, models, strict=True):
            cell[:] = _measure(model, sets, decomposed, z, scale)
    return _average(table)


def _measure(
    model: Model,
    sets: list[FloatArray],
    decomposed: Sequence[tuple[FloatArray, FloatArray]],
    z: FloatArray,
    scale: FloatArray,
) -> list[float]:
    """`QUANTITIES` of one pair, the first two without their norms, which follow."""
    roots, errors = [], []
    for values, vectors in decomposed:
        x = np.maximum(values, 0.0)
        f, g = model.generator(x), model.denoiser(x)
        roots.append((vectors * f) @ vectors.T)
        noise = model.sigma**2 * np.sum(g**2)
        fresh = scale**2 @ vectors**2 @ (1.0 - g) ** 2
        errors.append((fresh + noise, x @ (1.0 - g) ** 2 + noise))
    energy = 0.5 * sum(np.sum(root**2) for root in roots)
    truth = 0.5 * sum(np.diag(root) @ scale for root in roots)
    generated = roots[0] @ z
    generated /= np.linalg.norm(generated, axis=0)
    own, fresh = (
        np.abs(x @ generated / np.linalg.norm(x, axis=1)[:, None]).max(axis=0).mean() for x in sets
    )
    test, train = np.mean(errors, axis=0)
    length = np.sqrt(np.sum(scale**2))
    return [np.sum(roots[0] * roots[1]), truth / length, own, fresh, test, train, energy, energy]


def _average(table: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Means over repeats; convergences are ratios of means, with delta-method errors."""
    result = {}
    root = np.sqrt(table.shape[0])
    for i, name in enumerate(QUANTITIES):
        values = table[:, :, i]
        mean, deviation = values.mean(axis=0), values - values.mean(axis=0)
        if i < 2:
            norm = table[:, :, len(QUANTITIES) + i]
            # q is divided by E|x̂|², q* by its root.
            power = 1.0 - 0.5 * i
            relative = power * (norm / norm.mean(axis=0) - 1.0)
            scale = norm.mean(axis=0) ** power
            deviation = (deviation - mean * relative) / scale
            mean = mean / scale
        result[name] = (mean, deviation.std(axis=0, ddof=1) / root)
    return result
