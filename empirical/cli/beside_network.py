"""What a network of the package would do on the points of `measure`, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.theory.messages.text import plain, wrapped

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
    from convergen.empirical.measure.intervals import Estimate

# What is compared: name of the forecast, and words.
_COMPARED = {
    "memorisation": "m",
    "fraction_memorised": "share of copies",
    "convergence": "q",
}


def beside_text(found: Diagnosis, said: xr.Dataset, network: str) -> str:
    """One sentence for each quantity.

    Parameters
    ----------
    found : Diagnosis
        Of the user's samples.
    said : xarray.Dataset
        From `convergen.empirical.forecast.requests.forecast_on`.
    network : str
        As it was named.

    Returns
    -------
    str
    """
    lines = [
        f"Beside it, forecast: {network}, trained for {said.attrs['images']:.0f} images on the "
        "same training set."
    ]
    yours = _measured(found)
    for name, words in _COMPARED.items():
        best, low, high = (float(said[f"{name}{end}"][0]) for end in ("", "_low", "_high"))
        mine = yours[name]
        if np.isnan(best) or mine is None:
            continue
        lines.append(
            f"{words}: {best:.2f} ({low:.2f} to {high:.2f}); yours {mine.value:.2f} "
            f"({mine.low:.2f} to {mine.high:.2f})."
        )
    return "\n".join(["", *map(wrapped, [*lines, said.attrs["rests_on"], said.attrs["trust"]])])


def beside_json(said: xr.Dataset, network: str) -> dict[str, Any]:
    """The numbers of the forecast.

    Parameters
    ----------
    said : xarray.Dataset
        From `convergen.empirical.forecast.requests.forecast_on`.
    network : str
        As it was named.

    Returns
    -------
    dict
        ``forecast``: the quantities with the ends of their intervals, null for unknown.
    """
    numbers = {
        name: {
            end or "value": plain(float(said[f"{name}{tail}"][0]))
            for end, tail in (("", ""), ("low", "_low"), ("high", "_high"))
        }
        for name in _COMPARED
    }
    about = {key: plain(value) for key, value in said.attrs.items()}
    return {"forecast": {"network": network, **numbers, "about": about}}


def _measured(found: Diagnosis) -> dict[str, Estimate | None]:
    """What was measured of the user's samples, by the names of the forecast."""
    scores = {each.key: each.value for each in found.judgement.scores}
    return {
        "memorisation": scores.get("m"),
        "fraction_memorised": found.judgement.copies.share,
        "convergence": found.convergence,
    }
