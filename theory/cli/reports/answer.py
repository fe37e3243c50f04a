"""What a pilot sample says, in words that anyone understands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convergen.theory.forecast.model_intervals import LEVEL
from convergen.theory.forecast.pilot import PilotAnswer
from convergen.theory.messages.text import about
from convergen.theory.pilot.interval import Interval

_FACTORS = "Factors are the directions in which the data vary most."
# Factors whose starts are listed.
_LISTED = 5
# Ratios nearer to 1 than this are printed as 1.
_SAME = 0.005
# What is said of the points, by the agreement that two models reach with as many.
_STATES = (
    (0.5, "are too few", "differ: each mostly repeats its own training set"),
    (0.9, "are not quite enough", "agree in part"),
    (np.inf, "are enough", "agree almost entirely"),
)


def verdict(answer: PilotAnswer) -> str:
    """Whether the points are enough, in one sentence for anyone.

    Parameters
    ----------
    answer : PilotAnswer
        From `add_intervals`.

    Returns
    -------
    str
    """
    state, who = next(words for limit, *words in _STATES if answer.today.value < limit)
    return (
        f"{answer.points} points like these {state}: two linear models, each trained on as many of "
        f"its own, would {who}."
    )


def needed(answer: PilotAnswer, levels: Sequence[float]) -> str:
    """How far two such models agree, and how many samples each level of agreement takes.

    Parameters
    ----------
    answer : PilotAnswer
        From `add_intervals`.
    levels : sequence of float
        Levels of convergence that were asked for.

    Returns
    -------
    str
    """
    found = answer.needed
    sizes = [
        f"q = {level:g} takes {about(value)} ({about(max(low, 1.0))} to {about(high)})"
        if np.isfinite(value)
        else f"q = {level:g} is reached at no finite n"
        for level, value, low, high in zip(levels, found.value, found.low, found.high, strict=True)
    ]
    today = answer.today
    return (
        f"Their agreement would be q = {today.value:.3f} ({today.low:.3f} to {today.high:.3f}); 1 "
        f"is the same model. In training samples, {', '.join(sizes)}."
    )


def repeats_text(exact: int, near: int) -> str:
    """A warning where points occur twice.

    Parameters
    ----------
    exact, near : int
        Points that repeat an earlier one exactly, and but for little.

    Returns
    -------
    str
        Empty where there are none.
    """
    if exact + near == 0:
        return ""
    parts = [
        f"{count} of the points {verb}{'s' * (count == 1)} {which}"
        for count, verb, which in (
            (exact, "repeat", "an earlier one exactly"),
            (near, "nearly repeat", "another one"),
        )
        if count
    ]
    return (
        f" Beware: {' and '.join(parts)}, which makes all of this too optimistic: remove "
        "repetitions."
    )


def factors(answer: PilotAnswer) -> str:
    """Which factors show, from when on they are recovered, and which are out of reach.

    Parameters
    ----------
    answer : PilotAnswer
        From `add_intervals`.

    Returns
    -------
    str
    """
    starts = answer.factors
    count = starts.value.size
    if count == 0:
        return "So few points show no leading factor: none can be told apart from the others."
    which = "factor 1" if count == 1 else f"factors 1 to {count}"
    beyond = "further ones are out of reach of these points."
    known = np.flatnonzero(np.isfinite(starts.low))
    if known.size == 0:
        they = "it is" if count == 1 else "they are"
        return (
            f"{_FACTORS} These points show {which}, but not from which n on {they} recovered; "
            f"{beyond}"
        )
    said = [
        f"{f'factor {k + 1} ' * (count > 1)}{'recovered ' if k == known[0] else ''}from "
        f"{_start(starts, int(k))} on"
        for k in known[:_LISTED]
    ]
    if known.size > _LISTED:
        said.append("…")
    if known.size < count:
        said.append("the others from an n that these points do not tell")
    return f"{_FACTORS} These points show {which}: {', '.join(said)}; {beyond}"


def _start(starts: Interval, k: int) -> str:
    """A number with its ends, or where it lies, if it is not known better."""
    low, high = about(starts.low[k]), about(starts.high[k])
    if np.isfinite(starts.value[k]):
        return f"n = {about(starts.value[k])} ({low} to {high})"
    return f"an n between {low} and {high}"


def trust(answer: PilotAnswer) -> str:
    """How far to trust all this: what was read, what makes intervals wide, what is wrong.

    Parameters
    ----------
    answer : PilotAnswer
        From `add_intervals`.

    Returns
    -------
    str
    """
    worst = int(np.nanargmax(np.hypot(answer.needed.sampling, answer.needed.unseen)))
    unseen = answer.needed.unseen[worst] > answer.needed.sampling[worst]
    cause = (
        f"what {answer.points} points cannot show"
        if unseen
        else "which points happened to be drawn"
    )
    halve = (
        f"about {about(answer.more)} points would halve it"
        if np.isfinite(answer.more)
        else "no pilot of a feasible size halves it"
    )
    return (
        f"The {answer.points} points were read as a sample: all numbers are estimates for the law "
        f"behind them, in brackets {100 * LEVEL:.0f} % intervals (--population: these points are "
        f"all there is). The widest interval comes from {cause}; {halve}.{_excess(answer)}"
        f"{repeats_text(answer.repeated, answer.nearly_repeated)}"
    )


def _excess(answer: PilotAnswer) -> str:
    """How far from Gaussian the points are."""
    value, low, high = answer.excess
    if low == high:
        return ""
    if low < 1.0 + _SAME and high > 1.0 - _SAME:
        return " Up to the errors, models disagree as much as on Gaussian data."
    # Which explains more of the logarithm.
    amplitude = answer.by_amplitudes**2 > value if value > 1.0 else answer.by_amplitudes**2 < value
    cause = (
        "points differ in amplitude (contrast, brightness)"
        if amplitude
        else "the data are far from Gaussian in ways other than amplitude"
    )
    return (
        f" Models disagree {value:.3g} times ({low:.3g} to {high:.3g}) as much as on Gaussian data "
        f"of the same covariance: {cause}."
    )
