"""The page of `forecast`: from how many samples on networks agree, and when to stop training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergen.figures.pages.elements import beside, chart, paragraph, section
from convergen.figures.pages.frame import Answer, document
from convergen.figures.plots.forecast import draw_one
from convergen.theory.messages.glossary import glossary
from convergen.theory.quantities.table import quantity

if TYPE_CHECKING:
    import xarray as xr

_CAPTIONS = {
    "convergence": "How much two networks agree that were trained on n other points each. Dotted: "
    "the n of the pair behind this forecast, if there was one.",
    "memorisation": "How like its nearest training point a generated sample is. Large data sets "
    "have like points by chance, too.",
    "fraction_memorised": "The share of generated samples that are copies of training points.",
}


def page(title: str, found: xr.Dataset, command: str = "") -> str:
    """The page as text.

    Parameters
    ----------
    title : str
        What is forecast.
    found : xarray.Dataset
        From `convergen.empirical.forecast.forecast.forecast`.
    command : str
        What was typed to get it.

    Returns
    -------
    str
        HTML, its pictures inside.
    """
    from convergen.empirical.forecast import report, words
    from convergen.theory.common.versions import made_by

    too_long = any(each.images < found.attrs["images"] for each in words.stops(found))
    return document(
        f"convergen: {title}",
        [
            Answer(words.first_words(found)),
            Answer(words.copying(found)),
            Answer(words.stopping(found), "doubt" if too_long else "plain"),
        ],
        [
            section("When do two networks agree?", _curve(found, "convergence"),
                    *map(paragraph, report.level_lines(found)), key="agreement"),
            section("Until when does it copy?", _curve(found, "fraction_memorised"),
                    _curve(found, "memorisation"), key="memorisation"),
            section("When to stop", paragraph(words.stopping(found)),
                    beside(*report.stop_rows(found), caption=_STOP), key="stop"),
            section("The numbers",
                    beside(*report.forecast_rows(found), caption="Forecast by training samples"),
                    paragraph(f"{title}. {found.attrs['rests_on']}"), key="numbers"),
            section("How far to trust it", paragraph(report.INTERVALS),
                    paragraph(found.attrs["trust"]), key="trust"),
        ],
        glossary=glossary("n", "q, convergence", "m, memorisation", "copies", "variance", "seed",
                          "interval", interval="9 of 10"),
        settings={
            **made_by(command, found.attrs.get("seed")),
            "data": str(found.attrs["data_fingerprint"]),
        },
    )  # fmt: skip


_STOP = "Longest training after which a tenth of the training set is memorised"


def _curve(found: xr.Dataset, name: str) -> str:
    n, values = found["samples"].values, found[name].values
    said = ", ".join(f"{value:.2f} at n = {each}" for each, value in zip(n, values, strict=True))
    return chart(
        draw_one(found, name), f"{quantity(name).words.capitalize()}: {said}.", _CAPTIONS[name]
    )
