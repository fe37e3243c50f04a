"""The sub-command `measure`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.cli.source_flags import Given, source_words, takes_source_options
from convergen.theory.cli.targets import Html, Targets
from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from convergen.empirical.diagnose.verdict.diagnose import Diagnosis


class Units(Enum):
    """What is done about units that differ."""

    mend = "mend"
    as_given = "as-given"


# Makes a diagnosis into HTML; handed in, since this package knows nothing of pictures.
Page = Callable[["Diagnosis"], str]


def register(app: typer.Typer, page: Page) -> None:
    """Add the command to an application.

    Parameters
    ----------
    app : typer.Typer
        The front door.
    page : callable
        Returns a report as HTML.
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
                "made of the same seeds in the same order.",
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
        factors: Annotated[int, typer.Option(help="Leading latent factors to follow.")] = 5,
        level: Annotated[
            list[float] | None,
            typer.Option(
                help="Convergence for which n is wanted; repeat  [default: 0.5, 0.9, 0.99]"
            ),
        ] = None,
        seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
        json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object instead of text.")
        ] = False,
        html: Html = None,
        copies: Annotated[
            Path | None,
            typer.Option(help="List all suspected copies (.csv).", show_default=False),
        ] = None,
    ) -> None:
        """Judge your own generator: copying, converged, and how many samples it needs."""
        from convergen.theory.cli.remarks import say_remarks
        from convergen.theory.files.atomic_files import check_target, write_beside

        files = Targets(html=html)
        if copies:
            check_target(copies, (".csv",))
        sets = [*samples, *(second or ())]
        if len(sets) > 2:
            raise InputError(
                f"{len(sets)} sets of samples were given ({', '.join(sets)}): give A, or A and B."
            )
        from convergen.empirical.diagnose.comparable.user_points import load_sets
        from convergen.empirical.diagnose.verdict.diagnose import LEVELS, diagnose
        from convergen.empirical.diagnose.verdict.report import (
            diagnosis_json,
            diagnosis_text,
            write_suspects,
        )

        sources = [*sets, train, *([] if reference is None else [reference])]
        loaded = load_sets(sources, given)
        say_remarks([each.record for each in loaded])
        found = diagnose(
            loaded[: len(sets)],
            loaded[len(sets)],
            None if reference is None else loaded[-1],
            invariant=None if invariant is None else invariant.split(","),
            mend_units=units is Units.mend,
            features=features,
            weights=weights,
            center=center,
            factors=factors,
            levels=LEVELS if level is None else level,
            seed=seed,
        )
        files.write_page(lambda: page(found))
        if copies:
            files.add(write_beside(copies, lambda file: write_suspects(found, file)))
        if json:
            print(json_format.dumps(diagnosis_json(found)))
        else:
            print(diagnosis_text(found))
        files.say(json=json)
