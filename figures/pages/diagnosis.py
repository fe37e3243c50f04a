"""The page of `measure`: copies first, then what the samples are like, then every number."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import CHART
from convergen.figures.pages.elements import (
    chart,
    definitions,
    paragraph,
    section,
    table,
)
from convergen.figures.pages.frame import Answer, document
from convergen.figures.pages.point_pictures import picture
from convergen.figures.plots.diagnosis import draw_distances, draw_forecast

if TYPE_CHECKING:
    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis

_MARKS = {"memorising": "bad", "partly memorising": "doubt", "undecided": "doubt"}
_CLOSEST, _BLIND = 24, 8
# Suspects beyond these are in the file of --copies alone.
_ROWS = 1000


def page(found: Diagnosis, command: str = "", checkpoints: Checkpoints | None = None) -> str:
    """The report as text.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.
    command : str
        What was typed to get it.
    checkpoints : Checkpoints, optional
        The same generator earlier in its training; `found` is the last of them.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.empirical.diagnose.verdict import tables
    from convergen.empirical.diagnose.verdict.words import GLOSSARY, flaws, sentences
    from convergen.theory.common.versions import made_by

    said = sentences(found)
    near = tables.closest(found, len(found.samples[0]))
    return document(
        f"convergen: {found.verdict}",
        [
            Answer(said["copying"], _MARKS.get(found.verdict, "plain")),
            Answer(said["quality"], "doubt" if flaws(found) else "plain"),
        ],
        [
            paragraph(said["todo"]),
            paragraph(said["certainty"], aside=True),
            section("The samples most like one training point",
                    paragraph(_PAIRS, aside=True), _pairs(found, near[:_CLOSEST]), key="closest"),
            section("Chosen blindly",
                    paragraph("The first samples of the file, whatever they look like.",
                              aside=True), _pairs(found, sorted(near)[:_BLIND]), key="blind"),
            section("How near are samples to what was seen, and to what was not?",
                    _distances(found), key="distances"),
            section("How many samples do these data need?", paragraph(said["needed"]),
                    _forecast(found), paragraph(said["converged"]), key="forecast"),
            _over_training(checkpoints),
            section("Suspected copies", _suspects(found), key="copies"),
            section("The numbers",
                    table(*tables.score_table(found), caption="Samples beside real points",
                          key="scores"),
                    definitions(tables.meanings(found)), key="numbers"),
            _classes(found),
            _factors(found),
            section("What was compared", paragraph(tables.heading(found)),
                    *(paragraph(f"Note: {note}") for note in found.notes), key="compared"),
        ],
        glossary=GLOSSARY,
        settings=made_by(command, found.seed),
        data={"verdict": found.verdict},
    )  # fmt: skip


_PAIRS = (
    "Left the sample, right the training point. The number compares the distance between both "
    "with the distance to the next real point: near 0 for a copy, near 1 for a new one."
)


def _pairs(found: Diagnosis, rows: Iterable[tuple[int, int, float]]) -> str:
    """Samples beside their nearest training points, in the colours of the training set."""
    from convergen.empirical.diagnose.verdict import tables

    training, samples = found.training, found.samples[0]
    some = training.flat(slice(None, None, max(1, len(training) // 256)))
    ends = np.quantile(some, (0.002, 0.998))
    black, white = (float(ends[0]), float(ends[1])) if ends[0] < ends[1] else training.value_range
    parts = []
    for sample, point, ratio in rows:
        shown = "".join(
            picture(each.flat(np.array([row]))[0], training.shape, (black, white), words)
            for each, row, words in (
                (samples, sample, f"sample {sample}"),
                (training, point, f"training point {point}"),
            )
        )
        parts.append(
            f"<figure><div>{shown}</div><figcaption>{escape(tables.named(samples, sample))} and "
            f"{escape(tables.named(training, point))}: {ratio:.2f}</figcaption></figure>"
        )
    return f'<div class="pairs">{"".join(parts)}</div>'


def _distances(found: Diagnosis) -> str:
    judgement = found.judgement
    seen = float(np.median(judgement.near.distances[:, 0]))
    words = f"Two histograms of distances. Median from samples to the training set: {seen:.3g}"
    if judgement.unseen is not None:
        words += f"; to unseen data: {np.median(judgement.unseen.distances[:, 0]):.3g}"
    return chart(
        draw_distances(found, **CHART), f"{words}.",
        "A model that remembers nothing is as near to unseen data as to its training set, however "
        "good or bad it is.",
    )  # fmt: skip


def _over_training(checkpoints: Checkpoints | None) -> str:
    if checkpoints is None:
        return ""
    from convergen.empirical.diagnose.checkpoints.report import (
        FOLLOWED,
        checkpoint_rows,
        checkpoints_dataset,
    )
    from convergen.figures.plots.checkpoints import draw

    begins = checkpoints.onset.sentence()
    return section(
        "When did copying begin?", paragraph(begins),
        chart(
            draw(checkpoints_dataset(checkpoints), width=6.4, height=3.0),
            f"Curves over training. {begins}",
        ),
        table(*checkpoint_rows(checkpoints), caption="Over training", key="training"),
        definitions(FOLLOWED), key="checkpoints",
    )  # fmt: skip


def _classes(found: Diagnosis) -> str:
    if not found.classes:
        return ""
    from convergen.empirical.diagnose.verdict.by_class import class_words
    from convergen.empirical.diagnose.verdict.tables import class_table

    return section(
        "Which classes are copied?", paragraph(class_words(found.judgement), aside=True),
        table(*class_table(found), caption="Copies by class", key="classes"), key="by-class",
    )  # fmt: skip


def _factors(found: Diagnosis) -> str:
    from convergen.empirical.diagnose.verdict import tables

    if found.prediction is None:
        return ""
    rows = table(
        *tables.recovery_rows(found), caption="Latent factors, the strongest first", key="factors"
    )
    return section(
        "Which factors of the data do samples have?", rows,
        paragraph(tables.RECOVERY_WORDS, aside=True), key="recovery",
    )  # fmt: skip


def _forecast(found: Diagnosis) -> str:
    if found.prediction is None:
        return ""
    value, low, high = found.intervals("convergence")[0]
    return chart(
        draw_forecast(found, **CHART),
        f"Predicted agreement of two models against the number of training samples: {value:.2f} "
        f"({low:.2f} to {high:.2f}) at your {len(found.training)}.",
        "Predicted agreement of two linear models that were trained on n other points each. The "
        f"band is what {len(found.law)} points leave open.",
    )


def _suspects(found: Diagnosis) -> str:
    from convergen.empirical.diagnose.verdict.tables import SUSPECT_HEAD, named

    rows = found.suspects
    if not rows:
        return "<p>None.</p>"
    samples, training = found.samples[0], found.training
    cells = [
        [named(samples, i), named(training, j), *(f"{value:.4g}" for value in rest)]
        for i, j, *rest in rows[:_ROWS]
    ]
    more = f" The first {_ROWS} are shown." if len(rows) > _ROWS else ""
    return "<div>{}{}</div>".format(
        paragraph(
            f"{len(rows)} in all, the surest first.{more} Ratio: as above. Chance: how often an "
            "unseen point has a ratio as small.",
            aside=True,
        ),
        table(list(SUSPECT_HEAD), cells, caption="Suspected copies", key="suspects", sortable=True),
    )
