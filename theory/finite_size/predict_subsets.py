"""Predictions for subsets of a finite data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convergen.theory.common.checks import FloatArray
from convergen.theory.forecast.elliptical_models import add_elliptical
from convergen.theory.forecast.predict import Request, forecast
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import chosen
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr


def predict_subsets(
    spectrum: Spectrum,
    samples: FloatArray,
    population: int | None,
    *,
    quantities: Iterable[str] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Predict what `simulate` measures.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    samples : ndarray, shape (m,)
        n of each training set.
    population : int or None
        Rows N of the data matrix from which disjoint sets are drawn; None for Gaussian data.
    quantities : iterable of str, optional
        As in `theory.predict`.
    **options
        Further ones of `theory.predict`.

    Returns
    -------
    xarray.Dataset
        As `theory.predict`; quantities measured against a finite population are those at
        n N/(N − n).
    """
    return forecast_subsets(
        Request.of(spectrum, samples, **options), population, quantities
    ).dataset()


def forecast_subsets(
    request: Request,
    population: int | None,
    names: Iterable[str] | None = None,
    amplitudes: FloatArray | None = None,
) -> Labelled:
    """What `predict_subsets` returns, before it becomes a data set.

    Parameters
    ----------
    request : Request
        For training sets of these sizes.
    population : int or None
        Rows N of the data matrix; None for Gaussian data.
    names : iterable of str, optional
        Keys or groups of quantities; default all.
    amplitudes : ndarray, shape (t,), optional
        Squared amplitudes of the rows: the law is then that of elliptical data, the Gaussian one
        beside it.

    Returns
    -------
    Labelled
    """
    listed = None if names is None else list(names)
    plain = forecast(request, listed)
    shifted = [row.key for row in chosen(listed, "formula") if row.to_truth]
    if population is not None and shifted:
        inflated = request.samples * population / (population - request.samples)
        others = forecast(replace(request, samples=inflated), shifted)
        for key in shifted:
            dims, values, attributes = others.variables[key]
            said = {**attributes, "finite_population": "predicted at n N/(N - n)"}
            plain.variables[key] = (dims, values, said)
    if population is not None and amplitudes is not None:
        add_elliptical(plain, request, amplitudes, population)
    return plain
