"""A diagnosis as one HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from convergen.figures.looks.style import style
from convergen.figures.plots.diagnosis import draw_cosines, draw_nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convergen.empirical.diagnose.diagnose import Diagnosis

_TEMPLATE = Path(__file__).with_name("diagnosis.html")
_COLOURS = {"memorising": "#A83F00", "partly memorising": "#8A6100", "not memorising": "#00664B"}
_PICTURES = 16


def page(found: Diagnosis) -> str:
    """The report as text.

    Parameters
    ----------
    found : Diagnosis
        From `convergen.empirical.diagnose.diagnose.diagnose`.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.empirical.diagnose.report import (
        RECOVERY_WORDS,
        closest,
        heading,
        recovery_rows,
        sentences,
        with_interval,
    )
    from convergen.theory.common.versions import package_version

    near = closest(found, len(found.samples[0]))
    blind = sorted(near)[: _PICTURES // 2]
    words = {key: escape(text) for key, text in sentences(found).items()}
    verdict = found.memorisation.verdict
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        words,
        verdict=escape(verdict),
        colour=_COLOURS[verdict],
        about=escape(heading(found)),
        variance=", ".join(with_interval(value) for value in found.variance),
        baseline=escape(found.baseline_from),
        cosines=_embedded(draw_cosines(found)),
        nearest=_embedded(draw_nearest(found, near[:_PICTURES])),
        blind=_embedded(draw_nearest(found, blind)),
        table=_table(*recovery_rows(found)),
        words=escape(RECOVERY_WORDS),
        notes="".join(f'<p class="about">Note: {escape(note)}</p>' for note in found.notes),
        version=escape(package_version("convergen")),
        seed=found.seed,
    )


def _embedded(figure: Figure) -> str:
    data = io.BytesIO()
    with style():
        figure.savefig(data, format="png", dpi=160)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["".join(f"<th>{escape(cell)}</th>" for cell in head)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return "".join(f"<tr>{line}</tr>" for line in lines)
