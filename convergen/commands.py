"""The table of sub-commands: each is imported when it is asked for.

Here the packages meet: theory and empirical know nothing of pictures, which are handed in.
"""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from convergen.theory.common.deferred_modules import RARELY_USED, defer

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
    from convergen.empirical.experiment.declared.declaration import Experiment
    from convergen.theory.cli.reports.report import Findings
    from convergen.theory.files.atomic_files import Written
    from convergen.theory.forecast.planning.plan import PlanAnswer
    from convergen.theory.forecast.planning.request import PlanRequest
    from convergen.theory.quantities.labelled import Labelled

Register = Callable[[typer.Typer], None]


def _theory(app: typer.Typer) -> None:
    defer(*RARELY_USED)
    from convergen.theory.cli import predict_and_simulate

    predict_and_simulate.register(app, _draw, _prediction_page, _say_untrained)


def _plan(app: typer.Typer) -> None:
    defer(*RARELY_USED)
    from convergen.theory.cli import plan

    plan.register(app, _draw_plan, _plan_page)


def _collapse(app: typer.Typer) -> None:
    from convergen.theory.cli import collapse

    collapse.register(app, _draw_collapse)


def _train(app: typer.Typer) -> None:
    from convergen.empirical.cli import train

    train.register(app)


def _validate(app: typer.Typer) -> None:
    from convergen.empirical.cli import validate

    validate.register(app, _draw_validation, _validation_page)


def _forecast(app: typer.Typer) -> None:
    from convergen.empirical.cli import forecast

    forecast.register(app, _draw_forecast, _forecast_page)


def _options(app: typer.Typer) -> None:
    from convergen.empirical.cli import options

    options.register(app)


def _measure(app: typer.Typer) -> None:
    from convergen.empirical.cli import measure

    measure.register(app, _diagnosis_page, _draw_checkpoints)


def _explore(app: typer.Typer) -> None:
    from convergen.figures.explorer import cli

    cli.register(app)


def _doctor(app: typer.Typer) -> None:
    from convergen import doctor

    doctor.register(app)


def _figures(app: typer.Typer) -> None:
    from convergen.figures.making import cli

    cli.register(app)


@dataclass(frozen=True)
class Row:
    """One command.

    Attributes
    ----------
    words : str
        The first sentence of its help.
    register : callable
        Adds it to an application.
    """

    words: str
    register: Register


COMMANDS = {
    "predict": Row("Predict memorisation, convergence and recovery of factors.", _theory),
    "simulate": Row("Measure finite models and hold them against the prediction.", _theory),
    "plan": Row("Say what further samples would gain, and how many a wish takes.", _plan),
    "collapse": Row("Say below which noise the empirical score repeats its data.", _collapse),
    "train": Row("Train models on disjoint splits of data and measure them.", _train),
    "validate": Row("Hold trained models against every theory that applies.", _validate),
    "forecast": Row("Forecast a network at larger n from one trained pair.", _forecast),
    "options": Row("List what can be set in an experiment.", _options),
    "measure": Row("Judge your own generator: whether it copies, and what it needs.", _measure),
    "explore": Row("Open a local page: move sliders and spikes, see the curves move.", _explore),
    "doctor": Row("Say what is installed, and what is missing.", _doctor),
    "figures": Row("Draw the figures of the paper.", _figures),
}


class _OnDemand(Mapping[str, Any]):
    """Commands by name, each imported when it is looked up."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            app = typer.Typer(rich_markup_mode=None)
            app.callback()(lambda: None)  # with it even one command is one of a group
            COMMANDS[name].register(app)
            self._found |= typer.main.get_group(app).commands
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """The group of all commands; its help imports none of them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": _OnDemand()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write names and what each command does."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([
                (name, textwrap.shorten(row.words, limit, placeholder="..."))
                for name, row in COMMANDS.items()
            ])  # fmt: skip


def _draw(curves: xr.Dataset, points: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.curves import draw

    return save(draw(curves, points), path)


def _draw_collapse(curves: xr.Dataset, _: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.collapse import draw

    return save(draw(curves), path)


def _draw_plan(curves: xr.Dataset, rows: xr.Dataset | None, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.plan import draw

    assert rows is not None
    return save(draw(rows, curves), path)


def _draw_validation(found: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.validation import draw

    return save(draw(found), path)


def _draw_forecast(found: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.forecast import draw

    return save(draw(found), path)


def _draw_checkpoints(curves: xr.Dataset, path: Path) -> Written:
    from convergen.figures.looks.style import save
    from convergen.figures.plots.checkpoints import draw

    return save(draw(curves), path)


def _say_untrained(*given: Any) -> None:
    from convergen.empirical.cli import forecast

    forecast.say_untrained(_draw_forecast, _forecast_page, *given)


def _diagnosis_page(found: Diagnosis, checkpoints: Checkpoints | None) -> str:
    from convergen.figures.pages.diagnosis import page

    return page(found, _typed(), checkpoints)


def _prediction_page(found: Findings, curves: xr.Dataset) -> str:
    from convergen.figures.pages.prediction import page

    return page(found, curves, _typed())


def _plan_page(
    request: PlanRequest, result: Labelled, answer: PlanAnswer, curves: xr.Dataset
) -> str:
    from convergen.figures.pages.plan import page

    return page(request, result, answer, curves, _typed())


def _forecast_page(title: str, found: xr.Dataset) -> str:
    from convergen.figures.pages.forecast import page

    return page(title, found, _typed())


def _validation_page(experiment: Experiment, found: xr.Dataset, onsets: xr.Dataset | None) -> str:
    from convergen.figures.pages.validation import page

    return page(experiment, found, onsets, _typed())


def _typed() -> str:
    """What the user typed, for the pages that say how they were made."""
    return shlex.join(["convergen", *sys.argv[1:]])
