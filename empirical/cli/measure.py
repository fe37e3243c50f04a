"""The sub-command `measure`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from convergen.empirical.cli import measure_flags as flags
from convergen.empirical.cli.checkpoints import Draw, measured, say, write
from convergen.theory.cli.options.flags import Factors, Json, Levels, NetworkImages, check_budget
from convergen.theory.cli.options.source_flags import Given, takes_source_options
from convergen.theory.cli.options.targets import Html, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.empirical.diagnose.checkpoints.names import SampleFiles
    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis
    from convergen.theory.sources.points import Points

# Makes a diagnosis, and curves over checkpoints if there are any, into HTML; handed in, since this
# package knows nothing of pictures.
Page = Callable[["Diagnosis", "Checkpoints | None"], str]


def register(app: typer.Typer, page: Page, draw: Draw) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    page : callable
        Returns a report as HTML.
    draw : callable
        Draws curves over checkpoints and saves them.
    """

    @app.command()
    @takes_source_options(drawing=True)
    def measure(
        train: flags.Train,
        samples: flags.Generated,
        second: flags.Second = None,
        reference: flags.Reference = None,
        *,
        given: Given,
        center: flags.Center = True,
        invariant: flags.Invariant = None,
        units: flags.UnitsFlag = flags.Units.mend,
        features: flags.Features = "pixels",
        weights: flags.Weights = None,
        labels: flags.Labels = None,
        factors: Factors = 5,
        level: Levels = None,
        network: flags.Network = None,
        images: NetworkImages = None,
        seed: flags.BootstrapSeed = 0,
        workers: flags.Workers = None,
        json: Json = False,
        html: Html = None,
        out: flags.CurvesOut = None,
        plot: flags.CurvesPlot = None,
        copies: flags.Suspects = None,
    ) -> None:
        """Judge your own generator: whether it copies, and what it needs."""
        from convergen.empirical.diagnose.checkpoints.names import sorted_out
        from convergen.theory.common.machine.blas_threads import blas_threads
        from convergen.theory.files.atomic_files import check_target, write_beside

        targets = Targets(out, plot, html)
        if copies:
            check_target(copies, (".csv",))
        files = sorted_out([*samples, *(second or ())])
        _check_together(files, out, plot, network, images)
        sets, training, unseen = _load(files, train, reference, labels, given)
        # What is heavy is imported once the sets are there.
        from convergen.empirical.diagnose.verdict.diagnose import diagnose
        from convergen.empirical.diagnose.verdict.report import write_suspects
        from convergen.theory.forecast.predict import LEVELS

        options: dict[str, Any] = {
            "invariant": None if invariant is None else invariant.split(","),
            "mend_units": units is flags.Units.mend, "features": features, "weights": weights,
            "center": center, "seed": seed, "workers": workers or blas_threads(),
        }  # fmt: skip
        curves = None
        if files.steps:
            curves = measured(files.steps, sets, training, unseen, options)
            write(curves, targets, draw)
            sets = sets[len(files.steps) - 1 :: len(files.steps)]
        if curves is None or html or copies:
            found = diagnose(
                sets, training, unseen, **options, factors=factors,
                levels=LEVELS if level is None else level,
            )  # fmt: skip
            targets.write_page(lambda: page(found, curves))
            if copies:
                targets.add(write_beside(copies, lambda file: write_suspects(found, file)))
        if curves is None:
            print(_report(found, training, unseen, network, images, seed=seed, json=json))
        else:
            say(curves, json=json)
        targets.say(json=json)


def _check_together(
    files: SampleFiles, out: Path | None, plot: Path | None, network: str | None, images: int | None
) -> None:
    """Refuse flags that do not go together."""
    if not files.steps and (out or plot):
        raise InputError(
            f"{'--out' if out else '--plot'} is for several checkpoints: give their samples, such "
            "as --samples 'step*.npz', or use --html."
        )
    check_budget(images, network)
    if network is not None and files.steps:
        raise InputError(
            "--network is shown beside one set of samples, not beside checkpoints: give the "
            "samples of one."
        )


def _load(
    files: SampleFiles, train: str, reference: str | None, labels: str | None, given: Given
) -> tuple[list[Points], Points, Points | None]:
    """Samples (of A at each checkpoint, then of B), training set and unseen points."""
    from convergen.empirical.diagnose.comparable.labels import labelled
    from convergen.empirical.diagnose.comparable.user_points import load_sets
    from convergen.theory.cli.options.remarks import say_remarks

    models = [*files.first, *files.second]
    loaded = load_sets([*models, train, *([] if reference is None else [reference])], given)
    say_remarks([each.record for each in loaded])
    sets, training = loaded[: len(models)], loaded[len(models)]
    if labels is not None:
        last = max(len(files.steps), 1) - 1
        sets[last], training = labelled(labels, sets[last], training)
    return sets, training, None if reference is None else loaded[-1]


def _report(
    found: Diagnosis,
    training: Points,
    unseen: Points | None,
    network: str | None,
    images: int | None,
    *,
    seed: int,
    json: bool,
) -> str:
    """The diagnosis, and what a network would do beside it, as text or JSON."""
    from convergen.empirical.diagnose.verdict.report import diagnosis_json, diagnosis_text

    numbers, text = diagnosis_json(found) if json else {}, diagnosis_text(found)
    if network is not None:
        from convergen.empirical.cli.beside_network import beside_json, beside_text
        from convergen.empirical.forecast.requests import forecast_on

        said = forecast_on(training, unseen, network, images=images, seed=seed)
        numbers |= beside_json(said, network)
        text += "\n" + beside_text(found, said, network)
    return json_format.dumps(numbers) if json else text
