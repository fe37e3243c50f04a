"""What the onsets of memorisation say, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.empirical.validate.memorisation_time import ENDS, has_history, memorisation_time
from convergen.theory.common.checks import InputError
from convergen.theory.messages.text import plain, rounded, table, wrapped

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.run import Run

# Width of an interval of an exponent beyond which it says nothing.
_KNOWN = 4.0


def memorisation_text(found: xr.Dataset) -> str:
    """The onsets, the law and what follows from it.

    Parameters
    ----------
    found : xarray.Dataset
        From `memorisation_time`.

    Returns
    -------
    str
    """
    head, rows = onset_rows(found)
    return "\n".join(
        ["Onset of memorisation in training, in images", table(head, rows), "",
         *map(wrapped, onset_words(found))]
    )  # fmt: skip


def onset_rows(found: xr.Dataset) -> tuple[list[str], list[list[str]]]:
    """When networks begin to memorise, for each n.

    Parameters
    ----------
    found : xarray.Dataset
        From `memorisation_time`.

    Returns
    -------
    head : list of str
        Titles.
    rows : list of list of str
        One for each n.
    """
    columns = ("memorisation_time", "memorisation_images", "law_time", "law_budget")
    rows = [
        [str(n), *(_range(found.isel(samples=i), name) for name in columns)]
        for i, n in enumerate(found["samples"].values)
    ]
    return ["n", "weighted", "seen", "law, weighted", "budget to stop at"], rows


def onset_words(found: xr.Dataset) -> list[str]:
    """What the table of onsets says, and the law behind it.

    Parameters
    ----------
    found : xarray.Dataset
        From `memorisation_time`.

    Returns
    -------
    list of str
        Paragraphs.
    """
    about = found.attrs
    free = _free_fit(*(about[f"exponent{end}"] for end in ENDS))
    return [
        f"Onset: m exceeds that of fresh data by {about['onset_level']:.0%} of the way to copies. "
        "Weighted: by the learning rate over its largest. Brackets: 95 %.",
        f"Law: {rounded(about['kappa'])} n ({rounded(about['kappa_low'])} to "
        f"{rounded(about['kappa_high'])}){free}. With this budget ({rounded(about['budget'])} "
        f"weighted) networks begin to memorise below n = {rounded(about['copied_below'])} "
        f"({rounded(about['copied_below_low'])} to {rounded(about['copied_below_high'])}).",
    ]


def _free_fit(exponent: float, low: float, high: float) -> str:
    """The exponent of n that the onsets alone give, if they give one."""
    if np.isnan(exponent):
        return ""
    if high - low > _KNOWN:
        return "; these n are too few to tell its exponent"
    return f"; a free fit gives n^{exponent:.2f} ({low:.2f} to {high:.2f})"


def _range(part: xr.Dataset, name: str) -> str:
    middle, low, high = (float(part[f"{name}{end}"]) for end in ENDS)
    if np.isinf(middle):
        return "not reached"
    return f"{rounded(middle)} ({rounded(low)} to {rounded(high)})"


def memorisation_json(found: xr.Dataset) -> dict[str, Any]:
    """The numbers of `memorisation_time`.

    Parameters
    ----------
    found : xarray.Dataset
        From `memorisation_time`.

    Returns
    -------
    dict
        Lists along ``samples`` by name, and the numbers of the law; null for what is not finite.
    """
    law = {key: plain(value) for key, value in found.attrs.items() if key != "references"}
    columns = {str(name): plain(values.values) for name, values in found.items()}
    return {"samples": found["samples"].values.tolist(), **law, **columns}


def onsets(run: Run, result: xr.Dataset) -> tuple[xr.Dataset | None, str]:
    """The onsets of memorisation of a run, or why there are none.

    Parameters
    ----------
    run : Run
        What was trained.
    result : xarray.Dataset
        What was measured.

    Returns
    -------
    found : xarray.Dataset or None
        From `memorisation_time`.
    refusal : str
        Why there is none; empty for a run without snapshots, which asks for nothing.
    """
    if not has_history(result):
        return None, ""
    try:
        return memorisation_time(run, result), ""
    except InputError as error:
        return None, str(error)


def onsets_text(found: xr.Dataset | None, refusal: str) -> str:
    """What follows a validation: the onsets of memorisation, or why there are none.

    Parameters
    ----------
    found, refusal
        From `onsets`.

    Returns
    -------
    str
    """
    if found is not None:
        return "\n\n" + memorisation_text(found)
    return "\n\n" + wrapped(f"Onset of memorisation: {refusal}") if refusal else ""


def onsets_json(found: xr.Dataset | None) -> dict[str, Any]:
    """The numbers of the onsets.

    Parameters
    ----------
    found : xarray.Dataset or None
        From `onsets`.

    Returns
    -------
    dict
        ``memorisation_time``: null where there is nothing to say.
    """
    return {"memorisation_time": None if found is None else memorisation_json(found)}
