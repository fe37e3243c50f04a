"""The sub-command `measure`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from convergen.empirical.diagnose.diagnose import Diagnosis

# Makes a diagnosis into HTML; handed in, since this package knows nothing of pictures.
Page = Callable[["Diagnosis"], str]

_SOURCE = "a .npy or .npz file, a folder of images, or digits"


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
    def measure(
        train: Annotated[
            str, typer.Option(metavar="DATA", help=f"What A was trained on: {_SOURCE}.")
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
        size: Annotated[
            int | None, typer.Option(help="Crop images of folders and resize them to SIZE x SIZE.")
        ] = None,
        grey: Annotated[
            bool, typer.Option("--grey", help="Convert images of folders to greyscale.")
        ] = False,
        key: Annotated[
            str | None,
            typer.Option(
                help="Name of the array in .npz files that hold several.", show_default=False
            ),
        ] = None,
        shape: Annotated[
            str | None,
            typer.Option(
                metavar="C,H,W",
                help="Shape of one point of the arrays, where it is not to be guessed.",
                show_default=False,
            ),
        ] = None,
        center: Annotated[
            bool,
            typer.Option(
                "--center/--no-center", help="Subtract the mean of the real points from everything."
            ),
        ] = True,
        threshold: Annotated[
            float | None,
            typer.Option(
                help="|cosine| that counts as a copy  [default: 0.95, or what 99 % of true points "
                "stay below]",
                show_default=False,
            ),
        ] = None,
        neighbours: Annotated[
            int, typer.Option(help="Nearest training points listed for each sample.")
        ] = 3,
        factors: Annotated[int, typer.Option(help="Leading latent factors to follow.")] = 5,
        level: Annotated[
            list[float] | None,
            typer.Option(
                help="Convergence for which n is wanted; repeat  [default: 0.5, 0.9, 0.95]"
            ),
        ] = None,
        seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
        json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object instead of text.")
        ] = False,
        html: Annotated[
            Path | None,
            typer.Option(help="Write a report with pictures (.html).", show_default=False),
        ] = None,
    ) -> None:
        """Judge your own generator: memorising, converged, and how many samples it needs."""
        from convergen.theory.cli.targets import say_written
        from convergen.theory.common.atomic_files import check_target, write_beside

        if html:
            check_target(html, (".html", ".htm"))
        sets = [*samples, *(second or ())]
        if len(sets) > 2:
            raise InputError(
                f"{len(sets)} sets of samples were given ({', '.join(sets)}): give A, or A and B."
            )
        from convergen.empirical.diagnose.diagnose import LEVELS, diagnose
        from convergen.empirical.diagnose.report import diagnosis_json, diagnosis_text
        from convergen.empirical.diagnose.user_points import load_points

        point = None if shape is None else _shape(shape)
        given = [*sets, train, *([] if reference is None else [reference])]
        folders = any(Path(each).is_dir() for each in given)
        if not folders and (grey or size is not None):
            raise InputError("--size and --grey apply to folders of images: leave them out.")
        if key is not None and not any(each.endswith(".npz") for each in given):
            raise InputError("--key names an array in a .npz file: leave it out.")
        loaded = [load_points(each, size=size, grey=grey, key=key, shape=point) for each in given]
        found = diagnose(
            loaded[: len(sets)],
            loaded[len(sets)],
            None if reference is None else loaded[-1],
            center=center,
            threshold=threshold,
            neighbours=neighbours,
            factors=factors,
            levels=LEVELS if level is None else level,
            seed=seed,
        )
        files = []
        if html:
            report = page(found)
            files.append(write_beside(html, lambda file: file.write_text(report, encoding="utf-8")))
        if json:
            print(json_format.dumps(diagnosis_json(found)))
        else:
            print(diagnosis_text(found))
        say_written(files, json=json)


def _shape(text: str) -> list[int]:
    try:
        return [int(side) for side in text.split(",")]
    except ValueError as error:
        raise InputError(
            f"--shape {text!r} is not a list of whole numbers: write C,H,W, such as 3,32,32."
        ) from error
