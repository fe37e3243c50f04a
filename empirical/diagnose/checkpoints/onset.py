"""The step of training at which copying begins, and what lies between two looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Verdicts that say that something was copied.
COPYING = ("memorising", "partly memorising")


@dataclass(frozen=True)
class Onset:
    """Where copying begins: after `after` and at `by` at the latest.

    Attributes
    ----------
    after : int or None
        Last step before at which nothing was found; None if there is none.
    by : int or None
        First step from which on every later checkpoint copies; None if the last does not.
    again : tuple of int
        Earlier steps that seemed to copy, though a later one did not.
    blind : float
        Share of copies that could have been missed at `after`.
    """

    after: int | None
    by: int | None
    again: tuple[int, ...] = ()
    blind: float = 0.0

    def sentence(self) -> str:
        """Say it.

        Returns
        -------
        str
        """
        if self.by is None:
            words = f"No copying up to step {self.after}, as far as can be seen."
        elif self.after is None:
            words = f"Copying began before step {self.by}, the first that was measured."
        else:
            words = (
                f"Copying begins between steps {self.after} and {self.by} (at {self.after} a share "
                f"below {self.blind:.1%} would not have shown)."
            )
        if self.again:
            steps = ", ".join(map(str, self.again))
            words += (
                f" Before, step{'s' * (len(self.again) > 1)} {steps} seemed to copy while a later "
                "one did not: measure with more samples there."
            )
        return words


def onset(steps: Sequence[int], verdicts: Sequence[str], blind: Sequence[float]) -> Onset:
    """Where copying begins.

    Parameters
    ----------
    steps : sequence of int
        Rising.
    verdicts : sequence of str
        Of each checkpoint. One that is undecided says nothing.
    blind : sequence of float
        Share of copies that could have been missed at each.

    Returns
    -------
    Onset
    """
    judged = [
        (step, verdict in COPYING, share)
        for step, verdict, share in zip(steps, verdicts, blind, strict=True)
        if verdict != "undecided"
    ]
    clean = [place for place, (_, copies, _) in enumerate(judged) if not copies]
    last = clean[-1] if clean else -1
    again = tuple(step for step, copies, _ in judged[: max(last, 0)] if copies)
    by = judged[last + 1][0] if last + 1 < len(judged) else None
    if last < 0:
        return Onset(steps[-1] if by is None else None, by, again)
    return Onset(judged[last][0], by, again, judged[last][2])
