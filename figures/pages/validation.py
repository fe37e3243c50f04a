"""The page of `validate`: what trained networks do, beside every theory, and where each fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convergen.figures.pages.elements import beside, chart, paragraph, section, table
from convergen.figures.pages.frame import Answer, document
from convergen.figures.plots.validation import draw_one
from convergen.theory.messages.glossary import glossary
from convergen.theory.quantities.table import Quantity, compared

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.experiment.declared.declaration import Experiment


def page(
    experiment: Experiment, found: xr.Dataset, onsets: xr.Dataset | None, command: str = ""
) -> str:
    """The page as text.

    Parameters
    ----------
    experiment : Experiment
        What was trained.
    found : xarray.Dataset
        From `convergen.empirical.validate.validate.validate`.
    onsets : xarray.Dataset or None
        From `convergen.empirical.validate.memorisation_time.memorisation_time`.
    command : str
        What was typed to get it.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.empirical.validate import report, words
    from convergen.theory.common.versions import made_by

    return document(
        f"convergen: {experiment.name}",
        [Answer(words.measured(found)), Answer(words.best(found))],
        [
            section("Where does each theory hold?",
                    table(*report.verdict_rows(found), caption="Errors, theory by theory",
                          cards=True),
                    paragraph(report.OFF),
                    *map(paragraph, report.calibrations(found)), key="theories"),
            *(_quantity(found, row) for row in compared() if row.leads and row.key in found),
            section("How far to trust it", paragraph(report.errors(found)),
                    paragraph(report.spread(found)), key="trust"),
            section("When does it begin to copy?", _onsets(onsets), key="onsets"),
        ],
        glossary=glossary("n", "q, convergence", "m, memorisation", "m fresh", "copies", "factor",
                          "z", "linear model", "seed") | report.theory_meanings(found),
        settings={
            **made_by(command, experiment.seeds[0] if len(experiment.seeds) == 1 else None),
            **_settings(experiment),
        },
    )  # fmt: skip


def _quantity(found: xr.Dataset, row: Quantity) -> str:
    """Picture and numbers of one order parameter."""
    from convergen.empirical.validate.report import comparison, heading

    head, rows = comparison(found, row)
    said = ", ".join(f"{each[1][0]} at n = {each[0][0]}" for each in rows)
    # A row for each theory: their names are long, and there are few n.
    columns = [cell for cell, _ in (each[0] for each in rows)]
    turned = [
        [(name, ""), *(each[place + 1] for each in rows)] for place, name in enumerate(head[1:])
    ]
    title = heading(row, found)
    return section(
        title[0].upper() + title[1:],
        chart(draw_one(found, row), f"{row.words.capitalize()}, measured: {said}."),
        beside([row.symbol or row.words, *(f"n = {n}" for n in columns)], turned, caption=title),
        key=row.key,
    )


def _onsets(found: xr.Dataset | None) -> str:
    if found is None:
        return ""
    from convergen.empirical.validate.memorisation_report import onset_rows, onset_words

    head, rows = onset_rows(found)
    split = [
        [(cell.partition(" (")[0], cell[len(cell.partition(" (")[0]) :].strip()) for cell in row]
        for row in rows
    ]
    return beside(head, split, caption="Onset of memorisation, in images") + "".join(
        map(paragraph, onset_words(found))
    )


def _settings(experiment: Experiment) -> dict[str, str]:
    training = experiment.training
    return {
        "network": ", ".join(f"{key} {value}" for key, value in experiment.model.items()),
        "data": ", ".join(f"{key} {value}" for key, value in experiment.data.items()),
        "training": f"{training.images} images, {training.optimizer}, learning rate "
        f"{training.learning_rate:g}, {training.schedule} schedule",
        "seeds": ", ".join(map(str, experiment.seeds)),
        "samples": ", ".join(map(str, np.asarray(experiment.samples))),
    }
