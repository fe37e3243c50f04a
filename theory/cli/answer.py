"""What a pilot sample says, in words that anyone understands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convergen.theory.forecast.model_intervals import LEVEL
from convergen.theory.forecast.pilot import PilotAnswer
from convergen.theory.messages.text import about, wrapped

# Factors whose starts are listed.
_LISTED = 5
# What two models of a given agreement are called.
_STATES = (
    (0.5, "each mostly repeats its own training set"),
    (0.9, "they half agree"),
    (np.inf, "they have converged"),
)


def answer_text(answer: PilotAnswer, levels: Sequence[float]) -> str:
    """A short paragraph: what was read, where one stands, what is needed, how far to trust it.

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
    today, needed = answer.today, answer.needed
    state = next(words for limit, words in _STATES if today.value < limit)
    sizes = [
        f"q = {level:g} takes {about(value)} ({about(max(low, 1.0))} to {about(high)})"
        if np.isfinite(value)
        else f"q = {level:g} is reached at no finite n"
        for level, value, low, high in zip(
            levels, needed.value, needed.low, needed.high, strict=True
        )
    ]
    interval = f"{100 * LEVEL:.0f} %"
    return wrapped(
        f"The {answer.points} points were read as a sample; all numbers are estimates for the law "
        f"behind them, with {interval} intervals in parentheses (--population: these points are "
        f"all there is). Two models trained on {answer.points} points each would agree to "
        f"q = {today.value:.3f} ({today.low:.3f} to {today.high:.3f}): {state}. In training "
        f"samples, {', '.join(sizes)}. {_factors(answer)} {_excess(answer)}{_trust(answer)}"
        f"{repeats_text(answer.repeated, answer.nearly_repeated)}"
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


def _excess(answer: PilotAnswer) -> str:
    """How far from Gaussian the points are."""
    value, low, high = answer.excess
    if low == high:
        return ""
    if low <= 1.0 <= high:
        return "Up to the errors, 1 − q is what it is for Gaussian data. "
    # Which explains more of the logarithm.
    amplitude = answer.by_amplitudes**2 > value if value > 1.0 else answer.by_amplitudes**2 < value
    cause = (
        "points differ in amplitude (contrast, brightness)"
        if amplitude
        else "the data are far from Gaussian in ways other than amplitude"
    )
    return (
        f"1 − q is expected {value:.3g} times ({low:.3g} to {high:.3g}) the Gaussian value, "
        f"because {cause}. "
    )


def _factors(answer: PilotAnswer) -> str:
    """Which factors show, from when on they are recovered, and which are out of reach."""
    starts = answer.factors
    count = starts.value.size
    if count == 0:
        return (
            "No leading factor can be told apart from the others with so few points: all of them "
            "are out of reach."
        )
    listed = ", ".join(
        f"{about(value)} ({about(low)} to {about(high)})"
        for value, low, high in zip(
            starts.value[:_LISTED], starts.low[:_LISTED], starts.high[:_LISTED], strict=True
        )
    )
    more = ", …" * (count > _LISTED)
    which = "Factor 1 is" if count == 1 else f"Factors 1 to {count} are"
    return (
        f"{which} visible in these points, recovered from n = {listed}{more} on; further ones are "
        "out of reach of these points."
    )


def _trust(answer: PilotAnswer) -> str:
    """What makes the widest interval, and how many points would halve it."""
    worst = int(np.nanargmax(np.hypot(answer.needed.sampling, answer.needed.unseen)))
    unseen = answer.needed.unseen[worst] > answer.needed.sampling[worst]
    cause = (
        f"what {answer.points} points cannot show"
        if unseen
        else "which points happened to be drawn"
    )
    if np.isfinite(answer.more):
        return f"The widest interval comes from {cause}; about {about(answer.more)} would halve it."
    return f"The widest interval comes from {cause}; no pilot of a feasible size halves it."
