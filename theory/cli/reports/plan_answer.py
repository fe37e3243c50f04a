"""A plan in words that anyone understands."""

from __future__ import annotations

import numpy as np

from convergen.theory.cli.reports.answer import repeats_text
from convergen.theory.forecast.model_intervals import LEVEL
from convergen.theory.forecast.planning.plan import PlanAnswer
from convergen.theory.forecast.planning.request import PlanRequest
from convergen.theory.messages.text import about
from convergen.theory.pilot.interval import Interval
from convergen.theory.quantities.labelled import Labelled


def plan_answers(request: PlanRequest, result: Labelled, answer: PlanAnswer) -> list[str]:
    """Where one stands, what more would bring, and what is enough.

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
    list of str
        A sentence or two each.
    """
    parts = (
        _today(request, result), _gains(request, result, answer), _enough(request, answer),
    )  # fmt: skip
    return list(filter(None, parts))


def plan_trust(request: PlanRequest, answer: PlanAnswer) -> str:
    """What was read, how many points would halve the widest interval, and what else is off.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    answer : PlanAnswer
        From `planned`.

    Returns
    -------
    str
        On one line; empty where the law is known.
    """
    pilot = request.pilot
    if pilot is None:
        return ""
    words = (
        f"About {about(answer.more)} points would halve the widest interval."
        if np.isfinite(answer.more)
        else "No pilot of a feasible size halves the widest interval."
    )
    if pilot.amplitudes.size > 1:
        words += (
            " Points differ in amplitude (contrast, brightness): q, q* and the test error account "
            "for that, the recovery of factors does not."
        )
    return (
        f"The {pilot.points} points were read as a sample of the law behind them; "
        f"{100 * LEVEL:.0f} % intervals are in parentheses. {words}"
        f"{repeats_text(pilot.repeated, pilot.nearly_repeated)}"
    )


def standing(request: PlanRequest, needed: Interval) -> str:
    """Where a number of samples lies beside what is at hand and what can be paid for.

    Parameters
    ----------
    request : PlanRequest
        What was asked for.
    needed : Interval
        Samples.

    Returns
    -------
    str
    """
    low, high = float(needed.low), float(needed.high)
    if np.isnan(needed.value):
        return "unseen in the pilot"
    if np.isinf(needed.value):
        return "at no n"
    if high <= request.have:
        return "reached"
    if low <= request.have:
        return "perhaps reached"
    if request.affordable is None:
        return ""
    end = request.have + request.affordable
    if high <= end:
        return "within the budget"
    return "beyond the budget" if low > end else "perhaps within the budget"


def _today(request: PlanRequest, result: Labelled) -> str:
    """Where one stands."""
    return (
        f"Two linear models, each trained on {about(request.have)} samples, would agree to q = "
        f"{_number(result, 'convergence', 0, request, '.3f')}; 1 is the same model."
    )


def _gains(request: PlanRequest, result: Labelled, answer: PlanAnswer) -> str:
    """What the last row brings, and when half of it is there."""
    last = result["samples"].size - 1
    if last < 1:
        return ""
    more = float(result["samples"][last]) - request.have
    times = float(result["samples"][last]) / request.have
    who = (
        f"{times:.3g} times as many"
        if request.affordable is None
        else f"The budget pays for {about(more)} more, which"
    )
    gain = _number(result, "convergence_gain", last, request, ".3g")
    half = ""
    if answer.halfway is not None:
        first = max(float(answer.halfway.value) - request.have, 1.0)
        ends = ""
        if request.pilot is not None:
            low, high = (
                max(float(end) - request.have, 1.0)
                for end in (answer.halfway.low, answer.halfway.high)
            )
            ends = f" ({about(low)} to {about(high)})"
        half = f", half of it with the first {about(first)}{ends}"
    return f"{who} would gain {gain}{half}."


def _enough(request: PlanRequest, answer: PlanAnswer) -> str:
    """How many samples all wishes take."""
    if not request.wishes:
        return ""
    unseen = [
        wish.words
        for wish, n in zip(request.wishes, answer.wishes.value, strict=True)
        if np.isnan(n)
    ]
    if unseen:
        assert request.pilot is not None
        count = request.pilot.factors.eigenvalues.size
        shown = "one factor" if count == 1 else f"{count or 'no'} factors"
        return (
            f"From which n {_listed(unseen)} cannot be said: these points show "
            f"{shown} and no further one."
        )
    words = _listed([wish.words for wish in request.wishes])
    found = answer.together
    ends = f" ({about(found.low.item())} to {about(found.high.item())})" if request.pilot else ""
    place = standing(request, found)
    return (
        f"It takes {about(found.value.item())} samples{ends} in all until {words}"
        f"{f': {place}' if place else ''}."
    )


def _listed(words: list[str]) -> str:
    """One, two and three."""
    return " and ".join([*filter(None, [", ".join(words[:-1])]), words[-1]])


def _number(result: Labelled, key: str, row: int, request: PlanRequest, form: str) -> str:
    """A number, with its interval where the law is an estimate."""
    value = format(result[key][row], form)
    if request.pilot is None:
        return value
    low, high = (format(result[f"{key}_{end}"][row], form) for end in ("low", "high"))
    return f"{value} ({low} to {high})"
