"""`measure` with several checkpoints."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from convergen.empirical.diagnose.checkpoints.measure import Checkpoints
    from convergen.theory.cli.options.targets import Targets
    from convergen.theory.files.atomic_files import Written
    from convergen.theory.sources.points import Points

# Draws curves over training into a file; handed in, since this package knows nothing of pictures.
Draw = Callable[["xr.Dataset", Path], "Written"]


def measured(
    steps: Sequence[int],
    sets: Sequence[Points],
    training: Points,
    reference: Points | None,
    options: Mapping[str, Any],
) -> Checkpoints:
    """Judge all checkpoints.

    Parameters
    ----------
    steps : sequence of int
        Of training.
    sets : sequence of Points
        Samples of A at each, then those of B if there are two models.
    training : Points
        What A was trained on.
    reference : Points or None
        Points that A has not seen.
    options : mapping
        Of `measure_checkpoints`.

    Returns
    -------
    Checkpoints
    """
    from convergen.empirical.diagnose.checkpoints.measure import measure_checkpoints

    first, second = sets[: len(steps)], sets[len(steps) :]
    return measure_checkpoints(steps, first, training, reference, second, **options)


def write(found: Checkpoints, targets: Targets, draw: Draw) -> None:
    """Write the curves that were asked for.

    Parameters
    ----------
    found : Checkpoints
        From `measured`.
    targets : Targets
        Files.
    draw : callable
        Draws and saves a figure.
    """
    from convergen.empirical.diagnose.checkpoints.report import checkpoints_dataset

    targets.save(lambda: checkpoints_dataset(found))
    targets.draw(lambda path: draw(checkpoints_dataset(found), path))


def say(found: Checkpoints, *, json: bool) -> None:
    """Print them, once every file is written: a reader that goes away loses none.

    Parameters
    ----------
    found : Checkpoints
        From `measured`.
    json : bool
        Print JSON.
    """
    from convergen.empirical.diagnose.checkpoints.report import checkpoints_json, checkpoints_text

    print(json_format.dumps(checkpoints_json(found)) if json else checkpoints_text(found))
