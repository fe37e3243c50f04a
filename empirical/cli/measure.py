"""The sub-command `measure`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convergen.empirical.cli.checkpoints import Draw, measured, say, write
from convergen.theory.cli.options.source_flags import Given, source_words, takes_source_options
from convergen.theory.cli.options.targets import Html, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.empirical.diagnose.verdict.diagnosis import Diagnosis


class Units(Enum):
    """What is done about units that differ."""

    mend = "mend"
    as_given = "as-given"


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
        train: Annotated[
            str, typer.Option(metavar="DATA", help=f"What A was trained on: {source_words()}.")
        ],
        samples: Annotated[
            list[str],
            typer.Option(
                metavar="A [B]",
                help="What your model generated; and what a second model, trained on other data, "
                "made of the same seeds in the same order. Checkpoints: all files, or a pattern "
                "such as 'step*.npz'; of two models: two patterns.",
            ),
        ],
        second: Annotated[
            list[str] | None, typer.Argument(metavar="[B]", help="B of --samples A B.", hidden=True)
        ] = None,
        reference: Annotated[
            str | None,
            typer.Option(
                metavar="DATA",
                help="Points of the same law that A has not seen; the training set of B will do.",
                show_default=False,
            ),
        ] = None,
        *,
        given: Given,
        center: Annotated[
            bool,
            typer.Option(
                "--center/--no-center", help="Subtract the mean of the real points from everything."
            ),
        ] = True,
        invariant: Annotated[
            str | None,
            typer.Option(
                metavar="NAMES",
                help="Changes that leave an image a copy, such as mirror,shift,contrast, or none  "
                "[default: mirror for images]",
                show_default=False,
            ),
        ] = None,
        units: Annotated[
            Units,
            typer.Option(
                help="mend: units that differ by a plain map are brought together; as-given: not."
            ),
        ] = Units.mend,
        features: Annotated[
            str,
            typer.Option(
                metavar="WHAT",
                help="What is compared: pixels, whitened, dinov2, inception, FILE.npz with rows "
                "for samples, train and reference, or FILE.py:NAME, a function of images.",
            ),
        ] = "pixels",
        weights: Annotated[
            Path | None,
            typer.Option(
                help="File of weights for dinov2 or inception  [default: where their packages keep "
                "them]",
                show_default=False,
            ),
        ] = None,
        labels: Annotated[
            str | None,
            typer.Option(
                metavar="FILES",
                help="Classes, one a point: SAMPLES.csv,TRAIN.csv, one of both, or .npz with the "
                "arrays samples and train  [default: class folders]",
                show_default=False,
            ),
        ] = None,
        factors: Annotated[int, typer.Option(help="Leading latent factors to follow.")] = 5,
        level: Annotated[
            list[float] | None,
            typer.Option(
                help="Convergence for which n is wanted; repeat  [default: 0.5, 0.9, 0.99]"
            ),
        ] = None,
        network: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="Show beside A what this network of convergen would do, trained on the same "
                "points: unet, mlp, or the folder of a run that calibrates the forecast.",
                show_default=False,
            ),
        ] = None,
        images: Annotated[
            int | None,
            typer.Option(help="Images that --network sees in training.", min=1, show_default=False),
        ] = None,
        seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
        workers: Annotated[
            int | None,
            typer.Option(
                help="Threads; no result depends on them  [default: as many as BLAS may use]",
                min=1,
                show_default=False,
            ),
        ] = None,
        json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object instead of text.")
        ] = False,
        html: Html = None,
        out: Annotated[
            Path | None,
            typer.Option(help="Save curves over checkpoints (.nc).", show_default=False),
        ] = None,
        plot: Annotated[
            Path | None,
            typer.Option(
                help="Draw curves over checkpoints (.pdf, .png, .svg).", show_default=False
            ),
        ] = None,
        copies: Annotated[
            Path | None,
            typer.Option(
                help="List all suspected copies (.csv); of the last checkpoint.", show_default=False
            ),
        ] = None,
    ) -> None:
        """Judge your own generator: whether it copies, and what it needs."""
        from convergen.empirical.diagnose.checkpoints.names import sorted_out
        from convergen.theory.cli.options.remarks import say_remarks
        from convergen.theory.common.machine.blas_threads import blas_threads
        from convergen.theory.files.atomic_files import check_target, write_beside

        targets = Targets(out, plot, html)
        if copies:
            check_target(copies, (".csv",))
        files = sorted_out([*samples, *(second or ())])
        if not files.steps and (out or plot):
            raise InputError(
                f"{'--out' if out else '--plot'} is for several checkpoints: give their samples, "
                "such as --samples 'step*.npz', or use --html."
            )
        if images is not None and network is None:
            raise InputError("--images is the budget of a network: give --network beside it.")
        if network is not None and files.steps:
            raise InputError(
                "--network is shown beside one set of samples, not beside checkpoints: give the "
                "samples of one."
            )
        from convergen.empirical.diagnose.comparable.labels import labelled
        from convergen.empirical.diagnose.comparable.user_points import load_sets

        models = [*files.first, *files.second]
        loaded = load_sets([*models, train, *([] if reference is None else [reference])], given)
        say_remarks([each.record for each in loaded])
        sets, training = loaded[: len(models)], loaded[len(models)]
        unseen = None if reference is None else loaded[-1]
        last = max(len(files.steps), 1) - 1
        if labels is not None:
            sets[last], training = labelled(labels, sets[last], training)
        # What is heavy is imported once the sets are there.
        from convergen.empirical.diagnose.verdict.diagnose import diagnose
        from convergen.empirical.diagnose.verdict.report import (
            diagnosis_json,
            diagnosis_text,
            write_suspects,
        )
        from convergen.theory.forecast.predict import LEVELS

        options: dict[str, Any] = {
            "invariant": None if invariant is None else invariant.split(","),
            "mend_units": units is Units.mend, "features": features, "weights": weights,
            "center": center, "seed": seed, "workers": workers or blas_threads(),
        }  # fmt: skip
        curves = None
        if files.steps:
            curves = measured(files.steps, sets, training, unseen, options)
            write(curves, targets, draw)
            sets = sets[last :: len(files.steps)]
        if curves is None or html or copies:
            found = diagnose(
                sets, training, unseen, **options, factors=factors,
                levels=LEVELS if level is None else level,
            )  # fmt: skip
            targets.write_page(lambda: page(found, curves))
            if copies:
                targets.add(write_beside(copies, lambda file: write_suspects(found, file)))
            if curves is None:
                numbers, text = diagnosis_json(found) if json else {}, diagnosis_text(found)
                if network is not None:
                    from convergen.empirical.cli.beside_network import beside_json, beside_text
                    from convergen.empirical.forecast.requests import forecast_on

                    said = forecast_on(training, unseen, network, images=images, seed=seed)
                    numbers |= beside_json(said, network)
                    text += "\n" + beside_text(found, said, network)
                print(json_format.dumps(numbers) if json else text)
        if curves is not None:
            say(curves, json=json)
        targets.say(json=json)
