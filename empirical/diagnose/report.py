"""What a diagnosis says, as text and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergen.empirical.diagnose.diagnose import Diagnosis
from convergen.empirical.measure.intervals import Estimate
from convergen.theory.messages.text import about, plain, table, wrapped

_LISTED = 5


def sentences(found: Diagnosis) -> dict[str, str]:
    """The answers in words, by question.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    dict of str
        ``memorising``, ``converged`` and ``needed``.
    """
    return {
        "memorising": _memorising(found),
        "converged": _converged(found),
        "needed": _need(found),
    }


def _memorising(found: Diagnosis) -> str:
    result = found.memorisation
    share = result.fraction
    return (
        f"{result.verdict.capitalize()}: m = {with_interval(result.m)} where true points "
        f"have {with_interval(result.baseline)}; {share.value:.1%} ({share.low:.1%} to "
        f"{share.high:.1%}) of the samples are copies (|cosine| above {result.threshold:.3g}), "
        f"against {result.chance.value:.1%} of true points."
    )


def _converged(found: Diagnosis) -> str:
    expected = float(found.prediction["convergence"][0])
    law = f"A linear model is predicted to have q = {expected:.3f} at n = {len(found.training)}."
    if found.convergence is None:
        return (
            "Convergence is not measured: give the samples that a second model, trained on other "
            f"data, makes of the same seeds. {law}"
        )
    return f"Two models agree to q = {with_interval(found.convergence)}. {law}"


def _need(found: Diagnosis) -> str:
    parts = [
        f"q = {level:g} from n = {about(n)}" if np.isfinite(n) else f"q = {level:g} at no n"
        for level, n in found.samples_for.items()
    ]
    factors = ", ".join(_from(k, n) for k, n in enumerate(found.factor_samples, 1))
    return (
        f"The theory of linear models says that these data need: {'; '.join(parts)} on. In the "
        f"limit of many dimensions, latent factors are recovered: {factors}; with few dimensions "
        "the transition is smooth."
    )


def _from(factor: int, n: float) -> str:
    """From which n a factor is recovered: one sample is the least there is."""
    return f"{factor} from n = {about(max(n, 1.0))} on" if np.isfinite(n) else f"{factor} at no n"


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


def heading(found: Diagnosis) -> str:
    """What was compared with what.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    str
    """
    names = " and ".join(f"{len(x)} samples of {x.name}" for x in found.samples)
    other = "" if found.reference is None else f", reference {found.reference.name}"
    return (
        f"{names}; trained on {len(found.training)} points of {found.training.name}{other}; "
        f"{found.training.dim} dimensions, effective dimension "
        f"{found.spectrum.participation_ratio:.3g}"
    )


def recovery_rows(found: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Table of the latent factors.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    head : list of str
        Column titles.
    rows : list of list of str
        One for each factor.
    """
    head = ["factor", "Q", "±", f"at {len(found.samples[0])} draws", "predicted", "n needed"]
    expected = found.prediction["latent_recovery_finite_size"].values[0]
    rows = []
    for k, value in enumerate(found.latent_recovery):
        error = found.latent_recovery_stderr[k]
        rows.append(
            [
                str(k + 1), f"{value:.3f}", "" if np.isnan(error) else f"{error:.3f}",
                f"{found.latent_recovery_draws[k]:.3f}", f"{expected[k]:.3f}",
                about(max(found.factor_samples[k], 1.0)),
            ]
        )  # fmt: skip
    return head, rows


RECOVERY_WORDS = (
    "Q: squared overlap of the k-th axis of the samples with the factor; at … draws: what as many "
    "draws of the truth itself would show; predicted: of a linear model at this n; n needed: in "
    "the limit of many dimensions."
)


def closest(found: Diagnosis, count: int) -> list[tuple[int, int, float]]:
    """Samples nearest to a training point.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.
    count : int
        How many at most.

    Returns
    -------
    list of (int, int, float)
        Row of the sample, row of the training point, |cosine|; nearest first.
    """
    own = found.memorisation.own
    order = np.argsort(-own.cosines[:, 0], kind="stable")[:count]
    return [(int(i), int(own.indices[i, 0]), float(own.cosines[i, 0])) for i in order]


def diagnosis_text(found: Diagnosis) -> str:
    """A short readable report.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    str
    """
    near = [[str(i), str(row), f"{cosine:.4f}"] for i, row, cosine in closest(found, _LISTED)]
    shares = ", ".join(f"{with_interval(value)}" for value in found.variance)
    paragraphs = [heading(found), *sentences(found).values()]
    lines = [line for text in paragraphs for line in (wrapped(text), "")]
    lines += [f"Variance of the samples over that of real points: {shares}.", ""]
    lines += [table(*recovery_rows(found)), "", wrapped(RECOVERY_WORDS), ""]
    lines += [
        "Samples nearest to a training point",
        table(["sample", "training point", "|cosine|"], near),
    ]
    lines += ["", *(wrapped(f"Note: {note}") for note in found.notes)] if found.notes else []
    return "\n".join(lines)


def diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    """Everything as one JSON object.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    dict
        Infinities and NaN are None, for JSON has neither.
    """
    from convergen.theory.common.versions import package_version

    result, own, q = found.memorisation, found.memorisation.own, found.convergence
    sizes: dict[str, Any] = {f"{level:g}": plain(n) for level, n in found.samples_for.items()}
    intervals = {"memorisation": result.m, "memorisation_baseline": result.baseline}
    if q is not None:
        intervals["convergence"] = q
    first = {
        name: plain(found.prediction[name].values[0])
        for name in ("convergence", "memorisation", "memorisation_baseline")
    }
    recovery = plain(found.prediction["latent_recovery_finite_size"].values[0])
    return {
        "samples": [each.name for each in found.samples],
        "train": found.training.name,
        "reference": None if found.reference is None else found.reference.name,
        "dimension": found.training.dim,
        "draws": len(found.samples[0]),
        "training_samples": len(found.training),
        "verdict": result.verdict,
        "memorisation": result.m.value,
        "memorisation_baseline": result.baseline.value,
        "baseline_from": found.baseline_from,
        "fraction_memorised": result.fraction.as_dict(),
        "fraction_by_chance": result.chance.as_dict(),
        "copy_threshold": result.threshold,
        "nearest": {"indices": own.indices.tolist(), "cosines": own.cosines.tolist()},
        "variance_ratio": [each.as_dict() for each in found.variance],
        "convergence": None if q is None else q.value,
        "latent_recovery": plain(found.latent_recovery),
        "latent_recovery_stderr": plain(found.latent_recovery_stderr),
        "latent_recovery_of_truth": plain(found.latent_recovery_draws),
        "intervals": {key: [value.low, value.high] for key, value in intervals.items()},
        "predicted": {**first, "latent_recovery": recovery},
        "samples_for": {**sizes, "factors": plain(found.factor_samples)},
        "notes": found.notes,
        "attributes": {
            "seed": found.seed,
            "centered": found.centered,
            "convergen": package_version("convergen"),
            "numpy": package_version("numpy"),
        },
    }
