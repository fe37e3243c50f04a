"""What a prediction says, in words: answers first, then what makes them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convergen.theory.messages.text import about, wrapped
from convergen.theory.quantities.labelled import Labelled

if TYPE_CHECKING:
    from convergen.theory.forecast.pilot import PilotAnswer

# Of the levels that were asked for, the one nearest to this is in the first sentence.
AGREED = 0.9
_NO_NEARER = "Samples are no nearer to the training set than fresh data (m within 5 % of m fresh)"
LINEAR = (
    "This is the theory of linear models, the simplest generators. Trained networks may need "
    "several times as many samples (U-Nets on digits: four times for q = 0.9)."
)


def first_words(prediction: Labelled, answer: PilotAnswer | None) -> str:
    """The answer in a sentence for anyone.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.
    answer : PilotAnswer or None
        What it says where the source is a pilot sample.

    Returns
    -------
    str
    """
    if answer is not None:
        from convergen.theory.cli.reports.answer import verdict  # known laws need nothing of this

        return verdict(answer)
    levels, sizes = prediction["level"], prediction["convergence_samples"]
    place = int(np.argmin(np.abs(levels - AGREED)))
    if np.isinf(sizes[place]):
        return f"Two linear models trained on different data never reach q = {levels[place]:g}."
    return (
        f"It takes about {about(max(sizes[place], 1.0))} training samples until two linear models "
        f"trained on different data agree to q = {levels[place]:g}; 1 is the same model."
    )


def threshold_lines(prediction: Labelled) -> list[str]:
    """From which n models agree, by level.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    list of str
    """
    lines = [
        f"q = {level:g} is reached at no finite n"
        if np.isinf(n)
        else f"q = {level:g} takes {about(max(n, 1.0))}"
        for level, n in zip(prediction["level"], prediction["convergence_samples"], strict=True)
    ]
    return [wrapped(f"In training samples, {', '.join(lines)}.")]


def factor_lines(prediction: Labelled) -> list[str]:
    """From which n factors are recovered, those that can be.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    list of str
    """
    hidden = trivial(prediction)
    start = prediction["recovery_threshold"]
    return recovery_lines({k + 1: n for k, n in enumerate(start) if not hidden[k]})


def recovery_lines(start: dict[int, float]) -> list[str]:
    """From which n factors are recovered, and what that means.

    Parameters
    ----------
    start : dict of int to float
        Threshold of the limit law by number of the factor, those that can be recovered.

    Returns
    -------
    list of str
        Empty if there are none.
    """
    if not start:
        return []
    known = [f"factor {k} from n = {about(max(n, 1.0))} on" for k, n in start.items() if n < np.inf]
    never = [f"factor {k} at no n" for k, n in start.items() if n == np.inf]
    return [
        wrapped(f"Recovered in the limit of large d: {', '.join(known + never)}."),
        "At finite d the transition is smooth: Qk rises before and after.",
    ]


def trivial(prediction: Labelled) -> NDArray[np.bool_]:
    """Factors in an eigenspace so wide that chance alone gives them half of its overlap or more.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    ndarray of bool, shape (factors,)
    """
    if "visible_factors" in prediction.attributes:  # a pilot: what it does not show is no factor
        return np.asarray(prediction["factor"] > prediction.attributes["visible_factors"])
    return np.asarray(prediction["multiplicity"] >= 0.5 * prediction.attributes["dimension"])


def eigenspaces(prediction: Labelled) -> list[str]:
    """A line for each group of equal eigenvalues, whose overlap is high by chance alone.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    list of str
    """
    if "visible_factors" in prediction.attributes:
        return []
    hidden = trivial(prediction)
    multiplicity, dim = prediction["multiplicity"], prediction.attributes["dimension"]
    eigenvalue = prediction["eigenvalue"]
    lines = []
    for value in dict.fromkeys(eigenvalue[multiplicity > 1]):
        members = np.flatnonzero(eigenvalue == value) + 1
        size = multiplicity[eigenvalue == value].max()
        first, last = members.min(), members.max()
        which = f"{first}" if first == last else f"{first}–{last}"
        if hidden[eigenvalue == value].all():
            lines.append(
                f"Factor{'s' * (members.size > 1)} {which}: equal variance in {size} of {dim} "
                "directions, nothing to recover."
            )
        else:
            lines.append(
                f"Q{which}: overlap with an eigenspace of dimension {size}; chance is "
                f"{size / dim:.3g}."
            )
    return lines


def memorisation_lines(prediction: Labelled) -> list[str]:
    """From which n samples are no nearer to the training set than fresh data are.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    list of str
    """
    baseline = prediction["memorisation_baseline"]
    quiet = prediction["memorisation"] - baseline < 0.05 * baseline
    n = prediction["samples"]
    loud = np.flatnonzero(~quiet)
    if loud.size == 0:
        return [wrapped(f"{_NO_NEARER} at every n listed.")]
    if loud[-1] == n.size - 1:
        return [
            wrapped(
                f"At n = {about(n[-1])} samples are still nearer to the training set than fresh "
                "data (m over m fresh by more than 5 %)."
            )
        ]
    return [wrapped(f"{_NO_NEARER} from n = {about(n[loud[-1] + 1])} on, of the n listed.")]


def excess_lines(result: Labelled) -> list[str]:
    """How far from Gaussian data are that are all there is.

    Parameters
    ----------
    result : Labelled
        A forecast or a simulation.

    Returns
    -------
    list of str
        Empty where the law is known.
    """
    excess = result.attributes.get("gap_over_gaussian")
    if excess is None:
        return []
    if result.attributes["amplitude_second_moment"] == 1.0:
        return ["", "Points differ in amplitude no more than Gaussian ones do."]
    return [
        "",
        wrapped(
            f"At large n, 1 − q is expected {excess:.3g} times the Gaussian value, because points "
            "differ in amplitude (contrast, brightness); all predictions but Qk and KL are for "
            "such data."
        ),
    ]


def precision(prediction: Labelled) -> list[str]:
    """How exact the simulated part of the table is.

    Parameters
    ----------
    prediction : Labelled
        From `convergen.theory.forecast.predict.forecast`.

    Returns
    -------
    list of str
        Empty where nothing was simulated.
    """
    error = prediction["memorisation_stderr"].max()
    return [] if error == 0.0 else [f"Standard errors of m are at most {error:.1g}."]
