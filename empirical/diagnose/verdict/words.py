"""What a diagnosis means, in sentences that anyone understands."""

from __future__ import annotations

import numpy as np

from convergen.empirical.diagnose.distances.orbit import INVARIANCES
from convergen.empirical.diagnose.evidence.copies import Copies
from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.messages.glossary import glossary
from convergen.theory.messages.text import about, percent

# Changes under which copies can be as far from their training image as from others.
_LARGE_CHANGES = ("turn", "shift", "crop", "contrast")
GLOSSARY = glossary(
    "copy", "memorising", "reference", "q, convergence", "linear model", "factor", "interval"
)


def sentences(found: Diagnosis) -> dict[str, str]:
    """The answers in words, by question.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    dict of str
        ``copying``, ``quality``, ``needed``, ``todo``, ``certainty`` and ``converged``, in the
        order in which they are read.
    """
    return {
        "copying": copying(found),
        "quality": quality(found),
        "needed": needed(found),
        "todo": _to_do(found),
        "certainty": _certainty(found),
        "converged": _converged(found),
    }


def _things(found: Diagnosis) -> str:
    return "images" if len(found.training.shape) == 3 else "samples"


def copying(found: Diagnosis) -> str:
    """The first line: how many samples are copies."""
    copies, total, what = found.judgement.copies, len(found.samples[0]), _things(found)
    kind = {"images": "image", "samples": "point"}[what]
    if copies.significant:
        share = copies.share
        number = max(1, round(share.value * total))
        whole = "All" if number == total else f"About {number}"
        low, high = (round(end * total) for end in (share.low, share.high))
        return (
            f"{whole} of your {total} {what} cop{'ies' if number == 1 else 'y'} a training {kind} "
            f"(between {max(low, 1)} and {high})."
        )
    lean = found.judgement.leaning
    if lean is not None and lean.significant:
        return (
            f"None of your {total} {what} is a plain copy, but {percent(lean.share.value)} of them "
            f"lie nearer to the training set than to unseen data ({percent(lean.share.low)} to "
            f"{percent(lean.share.high)}; 50 % would be fair): the model partly remembers its data."
        )
    if found.verdict == "undecided":
        return (
            f"{total} {what} are too few to say whether the model copies: none of them does, but "
            "a model half of whose samples are copies could show as many."
        )
    return f"None of your {total} {what} copies a training {kind}, as far as can be seen."


def _certainty(found: Diagnosis) -> str:
    """What could have been missed."""
    judgement, copies = found.judgement, found.judgement.copies
    changes = [INVARIANCES[each].words for each in judgement.orbit.names]
    dress = (
        f"Copies that differ in {_series(changes, 'or')} count, too."
        if changes
        else "Only copies in the same position and brightness were looked for."
    )
    alone = (
        ""
        if judgement.reference is not None
        else " Without unseen data, only copies of single training points can be seen."
    )
    view = judgement.view
    where = "" if view.name == "pixels" else f" Distances are those of {view.words}."
    return (
        f"What may have been missed: plain copies, if they are fewer than {_share(copies.visible)} "
        f"of the {_things(found)}; {_faint(copies)}. {dress}{_unseen(found)}{alone}{where}"
    )


def _share(value: float) -> str:
    """A share in hundredths, with two digits or so."""
    return percent(value, 0 if value >= 0.1 else 1 if value >= 0.01 else 2)


def _faint(copies: Copies) -> str:
    """Power for copies that are changed so much that they are a third of the way to others."""
    changed = "copies changed as by compression or noise"
    if copies.faint >= 1.0:
        return f"{changed}, however many they are"
    return f"{changed}, if fewer than {_share(copies.faint)}"


def _unseen(found: Diagnosis) -> str:
    """Changes of an image under which copies may pass for new ones."""
    if len(found.training.shape) != 3 or found.judgement.copies.significant:
        return ""
    names = found.judgement.orbit.names
    blind = [each for each in _LARGE_CHANGES if each not in names]
    if not blind:
        return ""
    words = [INVARIANCES[each].words for each in blind]
    return (
        f" Those changed by {_series(words, 'or')} may have been missed, too: --invariant "
        f"{','.join([*names, *blind])} looks for them."
    )


def _series(words: list[str], last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def quality(found: Diagnosis) -> str:
    """The second line: what samples are like, whether or not they are copies."""
    findings = flaws(found)
    if findings:
        return f"Quality: compared with real data, the samples are {_series(findings, 'and')}."
    return "Quality: sharpness, variety and variance of the samples are like those of real data."


def flaws(found: Diagnosis) -> list[str]:
    """In which ways samples differ from real data, copying apart.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    list of str
        Empty where nothing is remarkable.
    """
    findings = [each.finding for each in found.judgement.remarks if each.finding]
    lost = found.lost_factors
    if lost:
        findings.append(f"without the data's factor{'s' if len(lost) > 1 else ''} {_listed(lost)}")
    return findings


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def needed(found: Diagnosis) -> str:
    """How many samples the data need, with a range, and how far to trust it."""
    n = len(found.training)
    if found.prediction is None:
        return (
            f"How many samples: the theory speaks of {_plain_words(found)} and of whitened points, "
            f"not of {found.judgement.view.words}: measure without --features to read it."
        )
    what = _things(found)
    sizes = [
        f"q = {level:g} takes {about(value)} {what} ({about(max(low, 1.0))} to {about(high)})"
        if np.isfinite(value)
        else f"q = {level:g} is reached at no n"
        for level, (value, low, high) in zip(
            found.levels, found.intervals("convergence_samples"), strict=True
        )
    ]
    value, low, high = found.intervals("convergence")[0]
    return (
        f"How many {what}: you trained on {n}. Two linear models, each trained on {n} other "
        f"{what} of this kind, would agree to q = {value:.2f} ({low:.2f} to {high:.2f}), where 1 "
        f"is the same model. {'; '.join(sizes)}. Photographs and digits obey this theory within "
        f"about 10 %; trained networks may need several times as many {what} (U-Nets on digits: "
        f"four times for q = 0.9). Estimated from {len(found.law)} points of {found.law.name}."
    )


def _plain_words(found: Diagnosis) -> str:
    return "pixels" if len(found.training.shape) == 3 else "points as they are"


def _converged(found: Diagnosis) -> str:
    if found.convergence is None:
        return (
            "Convergence was not measured: that takes the samples that a second model, trained on "
            "other data, makes of the same seeds."
        )
    return f"Two models agree to q = {with_interval(found.convergence)}."


def _to_do(found: Diagnosis) -> str:
    """What to do now."""
    verdict, judgement = found.verdict, found.judgement
    steps = []
    if verdict == "undecided":
        steps.append("generate a few hundred samples and measure again")
    if judgement.copies.significant:
        steps.append("look at the suspected copies beside their training points")
        if not judgement.sets.repeated.any():
            steps.append("train on more data or stop earlier")
    if judgement.sets.repeated.any():
        steps.append("remove repeated training points: they are copied first")
    if not judgement.copies.significant and judgement.leaning and judgement.leaning.significant:
        steps.append("train on more data, stop earlier, or use a smaller model")
    if judgement.reference is None:
        steps.append("keep some data unseen and give them as --reference")
    if flaws(found):
        steps.append("look at samples beside real data, and train longer or change the model")
    if not steps:
        steps.append("nothing stands out; more samples would show smaller shares of copies")
    return f"What to do: {'; '.join(steps)}."


def with_interval(value: Estimate) -> str:
    """A number and its confidence interval.

    Parameters
    ----------
    value : Estimate
        What was measured.

    Returns
    -------
    str
    """
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
