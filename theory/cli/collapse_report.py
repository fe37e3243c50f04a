"""The collapse of the empirical score as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.theory.cli.report import heading
from convergen.theory.common.text import plain, table

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.spectra.spectrum import Spectrum


def collapse_text(spectrum: Spectrum, result: xr.Dataset) -> str:
    """Two tables, σ_c(n) and n*(σ), and what they mean.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    result : xarray.Dataset
        From `convergen.theory.forecast.predict_collapse.predict_collapse`.

    Returns
    -------
    str
    """
    noise = [
        [f"{n:.6g}", _or_dash(level), _or_dash(width)]
        for n, level, width in zip(
            result["samples"].values,
            result["collapse_noise"].values,
            result["collapse_width"].values,
            strict=True,
        )
    ]
    columns = {name: words for name, words in _COLUMNS.items() if name in result}
    needed = [
        [f"{sigma:.4g}", *(_or_dash(result[name].values[i]) for name in columns)]
        for i, sigma in enumerate(result["sigma"].values)
    ]
    lines = [
        heading(spectrum),
        "",
        table(["n", "σ_c(n)", "width in log σ"], noise),
        "",
        "Below σ_c(n) the empirical score pulls a noisy training point back to itself.",
        "",
        table(["σ", *columns.values()], needed),
        "",
        "n*(σ) = exp I(σ): samples from which a noisy training point no longer finds itself;",
        "linear: samples from which two linear denoisers on disjoint data agree to ½.",
    ]
    if "agreement_samples" in columns:
        lines += [
            "scores agree: samples from which two empirical scores on disjoint data agree to ½,",
            "which is n*(σ) only where σ is of the order of the data: fewer below, more above.",
        ]
    if np.isnan(result["collapse_noise"].values).any() or np.isnan(result["information"]).any():
        lines.append(
            "–: not resolved by this data set, which sees up to "
            f"n = {np.exp(result.attrs['resolution'] - 0.5):.0f}."
        )
    if "agreement_samples" in columns and np.isnan(result["agreement_samples"]).any():
        lines.append("Agreement is resolved up to n of a quarter of the data set.")
    return "\n".join(lines)


_COLUMNS = {
    "information": "I(σ) in nats",
    "samples_to_generalise": "n*(σ)",
    "gaussian_samples": "n*, Gaussian bound",
    "agreement_samples": "scores agree",
    "linear_samples": "n*, linear",
}


def _or_dash(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4g}"


def collapse_json(name: str, result: xr.Dataset) -> dict[str, Any]:
    """The same as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    result : xarray.Dataset
        From `convergen.theory.forecast.predict_collapse.predict_collapse`.

    Returns
    -------
    dict
        Infinities and NaN are None; `information` has the logarithm of samples beyond range.
    """
    return {
        "source": name,
        "dimension": result.attrs["dimension"],
        **{str(key): plain(values.values) for key, values in result.coords.items()},
        **{str(key): plain(values.values) for key, values in result.data_vars.items()},
        "attributes": {key: plain(value) for key, value in result.attrs.items()},
    }
