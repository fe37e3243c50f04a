"""The collapse of the empirical score as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.theory.cli.reports.report import heading
from convergen.theory.messages.text import plain, table, wrapped
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantities, quantity

if TYPE_CHECKING:
    from convergen.theory.spectra.spectrum import Spectrum


def collapse_text(spectrum: Spectrum, result: Labelled) -> str:
    """Two tables, σ_c(n) and n*(σ), and what they mean.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    result : Labelled
        From `convergen.theory.forecast.predict_collapse.forecast_collapse`.

    Returns
    -------
    str
    """
    noise = [
        [f"{n:.6g}", _or_dash(level), _or_dash(width)]
        for n, level, width in zip(
            result["samples"], result["collapse_noise"], result["collapse_width"], strict=True
        )
    ]
    columns = [
        row for row in quantities() if row.symbol and row.key in result and row.dims == ("sigma",)
    ]
    needed = [
        [f"{sigma:.4g}", *(_or_dash(result[row.key][i]) for row in columns)]
        for i, sigma in enumerate(result["sigma"])
    ]
    noise_symbol = quantity("collapse_noise").symbol
    lines = [
        wrapped(_first(result)),
        "",
        heading(spectrum),
        "",
        table(["n", f"{noise_symbol}(n)", "width in log σ"], noise),
        "",
        "Below σ_c(n) the empirical score pulls a noisy training point back to itself.",
        "",
        table(["σ", *(row.symbol for row in columns)], needed),
        "",
        *(wrapped(f"{row.symbol}: {row.meaning}.") for row in columns if row.meaning),
    ]
    if np.isnan(result["collapse_noise"]).any() or np.isnan(result["information"]).any():
        lines.append(
            "–: not resolved by this data set, which sees up to "
            f"n = {np.exp(result.attributes['resolution'] - 0.5):.0f}."
        )
    if "agreement_samples" in result and np.isnan(result["agreement_samples"]).any():
        lines.append("Agreement is resolved up to n of a quarter of the data set.")
    return "\n".join(lines)


def _first(result: Labelled) -> str:
    """What the first row means, for anyone."""
    known = np.flatnonzero(np.isfinite(result["collapse_noise"]))
    if known.size == 0:
        return "These data are too few to say at which noise their empirical score repeats them."
    n, noise = (float(result[key][known[0]]) for key in ("samples", "collapse_noise"))
    return (
        f"A model that knows {n:.6g} training points by heart (the empirical score) returns to one "
        f"of them once the noise is below σ = {noise:.3g}; above it, it makes something new."
    )


def _or_dash(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4g}"


def collapse_json(name: str, result: Labelled) -> dict[str, Any]:
    """The same as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    result : Labelled
        From `convergen.theory.forecast.predict_collapse.forecast_collapse`.

    Returns
    -------
    dict
        Infinities and NaN are None; `information` has the logarithm of samples beyond range.
    """
    return {
        "source": name,
        "dimension": result.attributes["dimension"],
        **{key: plain(result[key]) for key in (*result.coordinates, *result.variables)},
        "attributes": {key: plain(value) for key, value in result.attributes.items()},
    }
