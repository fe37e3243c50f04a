"""Flags of `measure`, each with its words."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from convergen.theory.cli.options.source_flags import source_words


class Units(Enum):
    """What is done about units that differ."""

    mend = "mend"
    as_given = "as-given"


Train = Annotated[
    str, typer.Option(metavar="DATA", help=f"What A was trained on: {source_words()}.")
]
Generated = Annotated[
    list[str],
    typer.Option(
        metavar="A [B]",
        help="What your model generated; and what a second model, trained on other data, made of "
        "the same seeds in the same order. Checkpoints: all files, or a pattern such as "
        "'step*.npz'; of two models: two patterns.",
    ),
]
Second = Annotated[
    list[str] | None, typer.Argument(metavar="[B]", help="B of --samples A B.", hidden=True)
]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="DATA",
        help="Points of the same law that A has not seen; the training set of B will do.",
    ),
]
Center = Annotated[
    bool,
    typer.Option(
        "--center/--no-center", help="Subtract the mean of the real points from everything."
    ),
]
Invariant = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Changes that leave an image a copy, such as mirror,shift,contrast, or none  "
        "[default: mirror for images]",
    ),
]
UnitsFlag = Annotated[
    Units,
    typer.Option(
        help="mend: units that differ by a plain map are brought together; as-given: not."
    ),
]
Features = Annotated[
    str,
    typer.Option(
        metavar="WHAT",
        help="What is compared: pixels, whitened, dinov2, inception, FILE.npz with rows for "
        "samples, train and reference, or FILE.py:NAME, a function of images.",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        help="File of weights for dinov2 or inception  [default: where their packages keep them]",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="FILES",
        help="Classes, one a point: SAMPLES.csv,TRAIN.csv, one of both, or .npz with the arrays "
        "samples and train  [default: class folders]",
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Show beside A what this network of convergen would do, trained on the same points: "
        "unet, mlp, or the folder of a run that calibrates the forecast.",
    ),
]
BootstrapSeed = Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Threads; no result depends on them  [default: as many as BLAS may use]",
        min=1,
    ),
]
CurvesOut = Annotated[Path | None, typer.Option(help="Save curves over checkpoints (.nc).")]
CurvesPlot = Annotated[
    Path | None,
    typer.Option(help="Draw curves over checkpoints (.pdf, .png, .svg)."),
]
Suspects = Annotated[
    Path | None,
    typer.Option(help="List all suspected copies (.csv); of the last checkpoint."),
]
