"""A diagnosis as one HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.looks.style import style
from convergen.figures.plots.diagnosis import draw_distances, draw_forecast
from convergen.figures.plots.point_pictures import picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convergen.empirical.diagnose.verdict.diagnose import Diagnosis

_TEMPLATE = Path(__file__).with_name("diagnosis.html")
_BAD, _DOUBT, _PLAIN = "#A83F00", "#8A6100", "#555555"
_COLOURS = {"memorising": _BAD, "partly memorising": _DOUBT, "undecided": _DOUBT}
_CLOSEST, _BLIND = 24, 8
# Suspects beyond these are in the file of --copies alone.
_ROWS = 1000


def page(found: Diagnosis) -> str:
    """The report as text.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.verdict.diagnose.diagnose`.

    Returns
    -------
    str
        HTML, its pictures inside; a script only sorts and filters the table of suspects.
    """
    from convergen.empirical.diagnose.verdict.report import (
        RECOVERY_WORDS,
        closest,
        heading,
        meanings,
        recovery_rows,
        score_table,
    )
    from convergen.empirical.diagnose.verdict.words import GLOSSARY, sentences
    from convergen.theory.common.versions import package_version

    near = closest(found, len(found.samples[0]))
    flawed = any(each.finding for each in found.judgement.remarks)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        {key: escape(text) for key, text in sentences(found).items()},
        verdict=escape(found.verdict),
        colour=_COLOURS.get(found.verdict, _PLAIN),
        quality_colour=_DOUBT if flawed else _PLAIN,
        closest=_pairs(found, near[:_CLOSEST]),
        blind=_pairs(found, sorted(near)[:_BLIND]),
        distances=_embedded(draw_distances(found)),
        forecast=_embedded(draw_forecast(found)),
        law_size=len(found.law),
        suspects=_suspects(found),
        scores=_table(*score_table(found)),
        meanings=_list(meanings(found)),
        factors=_table(*recovery_rows(found)),
        factor_words=escape(RECOVERY_WORDS),
        glossary=_list(GLOSSARY),
        about=escape(heading(found)),
        notes="".join(f'<p class="about">Note: {escape(note)}</p>' for note in found.notes),
        version=escape(package_version("convergen")),
        seed=found.seed,
    )


def _pairs(found: Diagnosis, rows: Iterable[tuple[int, int, float]]) -> str:
    """Samples beside their nearest training points, in the colours of the training set."""
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
            f"<figure><div>{shown}</div><figcaption>{sample} and {point}: {ratio:.2f}"
            "</figcaption></figure>"
        )
    return "".join(parts)


def _suspects(found: Diagnosis) -> str:
    from convergen.empirical.diagnose.verdict.report import SUSPECT_HEAD, suspects

    rows = suspects(found)
    if not rows:
        return "<p>None.</p>"
    cells = [[str(i), str(j), *(f"{value:.4g}" for value in rest)] for i, j, *rest in rows[:_ROWS]]
    more = f" The first {_ROWS} are shown." if len(rows) > _ROWS else ""
    return (
        f'<p class="about">{len(rows)} in all, the surest first.{more} Ratio: as above. Chance: '
        "how often an unseen point has a ratio as small.</p>"
        f'<div class="scroll"><table class="sortable" id="suspects">'
        f"{_table(list(SUSPECT_HEAD), cells)}</table></div>"
    )


def _embedded(figure: Figure) -> str:
    data = io.BytesIO()
    with style():
        figure.savefig(data, format="png", dpi=160)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rest = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in rest)
    return f"<thead><tr>{first}</tr></thead><tbody>{body}</tbody>"


def _list(words: dict[str, str]) -> str:
    return "".join(f"<dt>{escape(k)}</dt><dd>{escape(text)}</dd>" for k, text in words.items())
