"""Collapse of the empirical score and the linear model beside it, in one labelled data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.collapse.agreement import agreement_threshold
from convergen.theory.collapse.collapse_noise import collapse_noise, collapse_width
from convergen.theory.collapse.data_laws import as_law
from convergen.theory.collapse.information import information
from convergen.theory.common.checks import as_positive, as_samples
from convergen.theory.linear.thresholds import samples_for
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
    """
    import xarray as xr

    n, noise = np.atleast_1d(as_samples(samples)), np.atleast_1d(as_positive(sigma))
    known = as_law(law, seed)
    found = information(known, noise, draws=draws, seed=seed)
    gaussian = information(spectrum, noise)
    linear = [float(samples_for(spectrum, agreement=0.5, sigma=float(s))) for s in noise]
    with np.errstate(over="ignore"):
        needed, bound = np.exp(found.value), np.exp(gaussian.value)
    table: dict[str, tuple[str, Any, str, str]] = {
        "collapse_noise": (
            "samples", collapse_noise(known, n, draws=draws, seed=seed),
            "noise below which the empirical score repeats training points", "data",
        ),
        "collapse_width": (
            "samples", collapse_width(known, n, draws=draws, seed=seed),
            "width of the collapse in log sigma", "1",
        ),
        "information": (
            "sigma", np.where(found.reliable, found.value, np.nan),
            "mutual information of data and noisy data", "nat",
        ),
        "information_stderr": ("sigma", found.stderr, "its standard error", "nat"),
        "samples_to_generalise": (
            "sigma", np.where(found.reliable, needed, np.nan),
            "samples for the empirical score to generalise", "1",
        ),
        "gaussian_samples": ("sigma", bound, "the same for a Gaussian, an upper bound", "1"),
        "linear_samples": (
            "sigma", np.array(linear), "samples for two linear denoisers to agree to 1/2", "1",
        ),
    }  # fmt: skip
    if agreement:
        table["agreement_samples"] = (
            "sigma", agreement_threshold(known, noise, seed=seed).samples,
            "samples for two empirical scores to agree to 1/2", "1",
        )  # fmt: skip
    return xr.Dataset(
        {
            name: ((dim,), values, {"long_name": words, "units": units})
            for name, (dim, values, words, units) in table.items()
        },
        {
            "samples": ("samples", n, {"long_name": "number of training samples"}),
            "sigma": ("sigma", noise, {"long_name": "noise level", "units": "data"}),
        },
        {**provenance(spectrum, seed=seed, draws=draws), "resolution": known.resolution},
    )
