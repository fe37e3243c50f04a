"""Plans as text and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergen.theory.cli.reports.plan_answer import plan_answers, plan_trust, standing
from convergen.theory.cli.reports.prediction_words import LINEAR
from convergen.theory.cli.reports.report import heading
from convergen.theory.forecast.planning.plan import PlanAnswer
from convergen.theory.forecast.planning.request import PlanRequest
from convergen.theory.messages.text import about, plain, table, wrapped
from convergen.theory.quantities.labelled import Labelled

# Titles, and rows of cells.
Rows = tuple[list[str], list[list[str]]]
# Column title and format of each quantity, and of what it gains.
_REACHED = {
    "convergence": ("q", "{:.4f}"),
    "convergence_to_truth": ("q*", "{:.4f}"),
    "recovered_factors": ("factors", "{:.2f}"),
    "test_error_ratio": ("error", "{:.3f}"),
}
_GAINED = {
    "convergence_gain": ("q", "{:+.4f}"),
    "convergence_to_truth_gain": ("q*", "{:+.4f}"),
    "recovered_factors_gain": ("factors", "{:+.2f}"),
    "test_error_excess_left": ("excess", "× {:.3f}"),
}


def plan_text(request: PlanRequest, result: Labelled, answer: PlanAnswer) -> str:
    """Tables and a paragraph in words.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `planned`.
    answer : PlanAnswer
        From `planned`.

    Returns
    -------
    str
    """
    legend = ", ".join(f"{name}: {words}" for name, words in plan_words(request, result).items())
    wishes = wish_rows(request, answer)
    return "\n".join(
        [
            wrapped(" ".join(plan_answers(request, result, answer))),
            "",
            heading(request.spectrum),
            "",
            table(*reached_rows(request, result)),
            "",
            wrapped(f"{legend}."),
            "",
            f"{gained_title(request)}:",
            "",
            table(*gained_rows(request, result)),
            *(["", table(*wishes)] if wishes[1] else []),
            "",
            wrapped(f"{plan_trust(request, answer)} {LINEAR}".strip()),
        ]
    )


def plan_words(request: PlanRequest, result: Labelled) -> dict[str, str]:
    """What the columns of the tables mean.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `planned`.

    Returns
    -------
    dict of str
        Meaning by title.
    """
    words = {
        "×": "times the samples at hand",
        "q": "overlap of two models trained on disjoint data",
        "q*": "overlap with the truth",
        "factors": f"Σ Qk, recovered out of the {request.factors} leading ones"
        + " that show" * (request.pilot is not None),
        "error": f"test error of the linear denoiser at noise σ = {request.sigma:.3g} over that of "
        "the true one",
    }
    return {k: v for k, v in words.items() if k != "factors" or "recovered_factors" in result}


def gained_title(request: PlanRequest) -> str:
    """What the second table shows.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.

    Returns
    -------
    str
    """
    return f"Gained over the {about(request.have)} at hand (excess: what is left of error − 1)"


def reached_rows(request: PlanRequest, result: Labelled) -> Rows:
    """What each number of samples reaches.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `planned`.

    Returns
    -------
    tuple
        Titles and rows; columns without a title hold a pilot's intervals.
    """
    return _rows(request, result, _REACHED, 0)


def gained_rows(request: PlanRequest, result: Labelled) -> Rows:
    """What each further number of samples gains.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `planned`.

    Returns
    -------
    tuple
        As `reached_rows`.
    """
    return _rows(request, result, _GAINED, 1)


def _rows(
    request: PlanRequest, result: Labelled, shown: dict[str, tuple[str, str]], first: int
) -> Rows:
    """Rows of sample sizes; a pilot's intervals stand beside the numbers."""
    n = result["samples"][first:]
    columns = [
        ("n", [f"{each:.6g}" for each in n]),
        ("×", [f"{each / request.have:.3g}" for each in n]),
    ]
    if request.priced:
        columns.append(("cost", [f"{(each - request.have) * request.cost:.6g}" for each in n]))
    for key, (title, form) in shown.items():
        if key not in result:
            continue
        columns.append((title, [form.format(each) for each in result[key][first:]]))
        if f"{key}_low" in result:
            plain_form = form.replace("+", "").replace("× ", "")
            ends = zip(result[f"{key}_low"][first:], result[f"{key}_high"][first:], strict=True)
            shown_ends = [
                f"({plain_form.format(low)}–{plain_form.format(high)})" for low, high in ends
            ]
            columns.append(("", shown_ends))
    head, cells = zip(*columns, strict=True)
    return list(head), [list(row) for row in zip(*cells, strict=True)]


def wish_rows(request: PlanRequest, answer: PlanAnswer) -> Rows:
    """How many samples each wish takes.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    answer : PlanAnswer
        From `planned`.

    Returns
    -------
    tuple
        Titles and rows; the last column says where that is beside what is at hand.
    """
    names = [wish.name for wish in request.wishes]
    each = [answer.wishes[i] for i in range(len(names))]
    if len(names) > 1:
        names.append("all of these")
        each.append(answer.together)
    rows = []
    for name, found in zip(names, each, strict=True):
        n, more = float(found.value), max(float(found.value) - request.have, 0.0)
        known = np.isfinite(n)
        ends = f"({about(float(found.low))}–{about(float(found.high))})"
        rows.append([
            name,
            about(n) if known else "–",
            *([ends if known else ""] if request.pilot is not None else []),
            about(np.ceil(more)) if known else "–",
            *([about(np.ceil(more) * request.cost) if known else "–"] if request.priced else []),
            standing(request, found),
        ])  # fmt: skip
    interval = [""] if request.pilot is not None else []
    return ["wish", "n", *interval, "more", *["cost"] * request.priced, ""], rows


def plan_json(name: str, request: PlanRequest, result: Labelled) -> dict[str, Any]:
    """The plan as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    request : PlanRequest
        What was asked for.
    result : Labelled
        From `planned`.

    Returns
    -------
    dict
        Infinities and NaN are None, for JSON has neither.
    """
    found: dict[str, Any] = {
        "source": name,
        "dimension": request.spectrum.dim,
        "have": plain(request.have),
        "samples": plain(result["samples"]),
        "cost": plain((result["samples"] - request.have) * request.cost),
    }
    for key, (dims, values, _) in result.variables.items():
        if "samples" in dims or not dims:
            found[key] = plain(values[()])
    columns = [key for key in result.variables if key.startswith("wish_")]
    found["wishes"] = [
        {"wish": wish.name, **{key: plain(result[key][i]) for key in columns}}
        for i, wish in enumerate(request.wishes)
    ]
    found["attributes"] = {key: plain(value) for key, value in result.attributes.items()}
    return found
