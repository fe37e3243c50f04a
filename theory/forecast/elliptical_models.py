"""Forecasts for elliptical data: amplitudes replace the Gaussian law where one is known for them.

The Gaussian law stays beside each as ``…_gaussian``. Leading factors, the Kullback–Leibler
divergence and the variance of denoisers have the Gaussian law alone.
"""

from __future__ import annotations

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.forecast.laws.crossings import last_crossing, sample_grid
from convergen.theory.forecast.predict import Request
from convergen.theory.linear.elliptical.elliptical_data import (
    elliptical_bures_wasserstein,
    elliptical_overlaps,
)
from convergen.theory.linear.elliptical.elliptical_denoising import elliptical_denoising_errors
from convergen.theory.linear.memorised.memorisation import memorisation_law
from convergen.theory.linear.order_parameters import order_parameters
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity


def add_elliptical(
    result: Labelled, request: Request, tau: FloatArray, total: int | None = None
) -> None:
    """Make a forecast one for elliptical data whose spectrum and amplitudes are known.

    Parameters
    ----------
    result : Labelled
        From `forecast`; changed in place.
    request : Request
        What was asked for; with a ridge the law stays Gaussian.
    tau : ndarray, shape (t,)
        Squared amplitudes of mean 1.
    total : int, optional
        Points N of a data set of which training sets are disjoint subsets, n < N: what compares
        with the truth is then taken at n N/(N − n).
    """
    n, spectrum = request.samples, request.spectrum
    result.attributes["amplitude_second_moment"] = float(np.mean(tau**2))
    if request.ridge > 0.0:
        return
    apart = n if total is None else n * total / (total - n)
    replace_law(result, "convergence", elliptical_overlaps(spectrum, n, tau)[0])
    replace_law(result, "convergence_to_truth", elliptical_overlaps(spectrum, apart, tau)[1])
    replace_law(result, "bures_wasserstein", elliptical_bures_wasserstein(spectrum, apart, tau))
    if "convergence_samples" in result:
        grid = sample_grid(float(max(n.max(), spectrum.dim)))
        gap = 1.0 - elliptical_overlaps(spectrum, grid, tau)[0]
        wanted = 1.0 - np.array(request.levels, np.float64)
        replace_law(result, "convergence_samples", last_crossing(grid, gap, wanted))
    far = 1e3 * spectrum.dim
    gaussian = float(order_parameters(spectrum, far).gap)
    excess = float(1.0 - elliptical_overlaps(spectrum, far, tau)[0]) / gaussian
    result.attributes["gap_over_gaussian"] = excess
    add_elliptical_models(result, request, tau, apart)


def add_elliptical_models(
    result: Labelled, request: Request, tau: FloatArray, apart: FloatArray | None = None
) -> None:
    """Memorisation and denoising errors of elliptical data.

    Parameters
    ----------
    result : Labelled
        From `forecast`; changed in place.
    request : Request
        What was asked for; with a ridge the law stays Gaussian.
    tau : ndarray, shape (t,)
        Squared amplitudes.
    apart : ndarray, shape (m,), optional
        Samples of what compares with the truth; default those of the request.
    """
    if tau.size == 1 or request.ridge > 0.0:
        return
    n, spectrum = request.samples, request.spectrum
    # A request with amplitudes has the law of the data from the start.
    if "memorisation" in result and request.amplitudes.size == 1:
        law = memorisation_law(spectrum, n, seed=request.seed, amplitudes=tau)
        replace_law(result, "memorisation", law.value)
        # Fresh data know no amplitudes: the same law, from the draws of the data as they are.
        for key, values in (
            ("memorisation_stderr", law.stderr),
            ("memorisation_baseline", law.baseline),
            ("memorisation_baseline_stderr", law.baseline_stderr),
        ):
            if key in result:
                dims, _, attributes = result.variables[key]
                result.variables[key] = dims, values, attributes
    if "test_error" not in result:
        return
    truth = n if apart is None else apart
    at_truth = [elliptical_denoising_errors(spectrum, truth, float(s), tau) for s in request.sigma]
    at_n = [elliptical_denoising_errors(spectrum, n, float(s), tau) for s in request.sigma]
    for key, found in (
        ("test_error", [each.test for each in at_truth]),
        ("train_error", [each.train for each in at_n]),
        ("agreement", [each.agreement for each in at_n]),
        ("renormalised_noise", [each.renormalised_noise for each in at_n]),
    ):
        replace_law(result, key, np.stack(found, axis=1))


def replace_law(result: Labelled, key: str, values: FloatArray) -> None:
    """Put values in the place of the Gaussian law, which stays beside them.

    Parameters
    ----------
    result : Labelled
        Changed in place, if it has the quantity.
    key : str
        Of the quantity.
    values : ndarray
        Of its shape.
    """
    if key not in result:
        return
    dims, law, attributes = result.variables[key]
    result.variables[key] = dims, values, attributes
    row = quantity(key)
    about = {
        **row.attributes,
        "long_name": f"{row.words}, for Gaussian data of the same covariance",
    }
    result.variables[f"{key}_gaussian"] = dims, law, about
