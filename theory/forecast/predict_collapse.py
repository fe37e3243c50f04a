"""Collapse of the empirical score and the linear model beside it, in one labelled data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.collapse.agreement_threshold import agreement_threshold
from convergen.theory.collapse.collapse_noise import collapse_noise, collapse_width
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.information import information
from convergen.theory.common.checks import as_noise, as_samples
from convergen.theory.linear.thresholds import samples_for
from convergen.theory.messages.progress import phase
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr


def predict_collapse(
    law: Any,
    spectrum: Spectrum,
    samples: ArrayLike,
    sigma: ArrayLike,
    *,
    draws: int = 1024,
    seed: int = 0,
    agreement: bool = False,
) -> xr.Dataset:
    """Collapse noise along n, and the samples that either model needs along σ.

    Parameters
    ----------
    law : Spectrum, GaussianMixture, Law or array_like of shape (N, …)
        The data distribution.
    spectrum : Spectrum
        Spectrum of its covariance.
    samples : array_like, shape (m,)
        Training samples n ≥ 1.
    sigma : array_like, shape (s,)
        Noise levels, > 0; data units.
    draws : int
        Monte Carlo draws where I(σ) has no closed form.
    seed : int
        Seed of the draws.
    agreement : bool
        Whether to find out, too, from which n two empirical scores agree to ½; the slowest part.

    Returns
    -------
    xarray.Dataset
        ``collapse_noise`` and ``collapse_width`` along samples; ``information`` I(σ) with its
        standard error, ``samples_to_generalise`` exp I(σ), ``gaussian_samples`` (the same for the
        Gaussian of equal covariance, an upper bound) and ``linear_samples`` (n at which two
        linear denoisers agree to ½) along sigma; if asked for, ``agreement_samples`` (n at which
        two empirical scores do). NaN where a data set resolves no answer.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.predict_collapse(spectrum, spectrum, [10, 100], [1.0])
    >>> found["collapse_noise"].values.round(2)
    array([2.32, 1.5 ])
    >>> found["linear_samples"].values.round(1)
    array([9.2])
    """
    return forecast_collapse(
        law, spectrum, samples, sigma, draws=draws, seed=seed, agreement=agreement
    ).dataset()


def forecast_collapse(
    law: Any,
    spectrum: Spectrum,
    samples: ArrayLike,
    sigma: ArrayLike,
    *,
    draws: int = 1024,
    seed: int = 0,
    agreement: bool = False,
) -> Labelled:
    """What `predict_collapse` returns, before it becomes a data set; arguments as there."""
    n, noise = np.atleast_1d(as_samples(samples)), np.atleast_1d(as_noise(sigma))
    known = as_law(law, seed)

    def of_information() -> dict[str, ArrayLike]:
        found = information(known, noise, draws=draws, seed=seed)
        with np.errstate(over="ignore"):
            needed = np.exp(found.value)
        return {
            "information": np.where(found.reliable, found.value, np.nan),
            "information_stderr": found.stderr,
            "samples_to_generalise": np.where(found.reliable, needed, np.nan),
        }

    def of_gaussian() -> dict[str, ArrayLike]:
        with np.errstate(over="ignore"):
            return {"gaussian_samples": np.exp(information(spectrum, noise).value)}

    def of_linear() -> dict[str, ArrayLike]:
        sizes = [samples_for(spectrum, agreement=0.5, sigma=float(s)) for s in noise]
        return {"linear_samples": [float(size) for size in sizes]}

    steps: list[tuple[str, Callable[[], dict[str, ArrayLike]]]] = [
        ("collapse noise", lambda: {
            "collapse_noise": collapse_noise(known, n, draws=draws, seed=seed),
            "collapse_width": collapse_width(known, n, draws=draws, seed=seed),
        }),
        ("information", of_information),
        ("Gaussian bound", of_gaussian),
        ("linear denoisers", of_linear),
    ]  # fmt: skip
    result = Labelled()
    for name, step in steps:
        with phase(name):
            found = step()
        for key, values in found.items():
            result.add(key, values)
    if agreement:
        # It has a bar of its own.
        result.add("agreement_samples", agreement_threshold(known, noise, seed=seed).samples)
    result.mark("samples", "samples", n)
    result.mark("sigma", "sigma", noise)
    result.attributes |= provenance(spectrum, seed=seed, draws=draws)
    result.attributes["resolution"] = known.resolution
    return result
