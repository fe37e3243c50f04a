"""Features that the user computed: one array for each set, in files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from convergen.empirical.diagnose.features.encoding import checked
from convergen.empirical.diagnose.features.view import FormsOrbit, Given, View
from convergen.empirical.diagnose.features.weights import digest
from convergen.theory.common.checks import InputError
from convergen.theory.data.regular_files import printable, regular_file
from convergen.theory.data.table import suffixes
from convergen.theory.messages.option_errors import OptionError
from convergen.theory.sources.points import Points

# Files that hold several arrays by name.
KEYS = ("samples", "samples_b", "train", "reference")


def is_files(text: str) -> bool:
    """Whether a text means files of features.

    Parameters
    ----------
    text : str
        Value of ``--features``.

    Returns
    -------
    bool
    """
    known = suffixes(images=False)
    return all(Path(each).suffix.lower() in known for each in text.split(","))


def of_files(text: str, given: Given) -> View:
    """Read one array of features for each set.

    Parameters
    ----------
    text : str
        A file with arrays ``samples``, ``train`` and, with a reference, ``reference``
        (``samples_b`` for the samples of a second model); or one file for each set, in the order
        samples, training set, reference, with commas between them.
    given : Given
        The sets; row i of a file belongs to point i of its set.

    Returns
    -------
    View

    Raises
    ------
    InputError
        If a file or an array is missing, or its rows do not fit.
    """
    if given.orbit.names and given.chosen:
        raise InputError(
            f"--invariant {','.join(given.orbit.names)} needs features of changed images, which "
            "no file holds: leave it out, or give the encoder as FILE.py:NAME."
        )
    files = [Path(each) for each in text.split(",")]
    if len(files) == 1 and len(given.samples) <= 2:
        roles = ["samples", "samples_b"][: len(given.samples)]
        roles += ["train", *(["reference"] if given.reference is not None else [])]
        (file,) = files
        sources: list[tuple[Path, str | None]] = [(file, role) for role in roles]
        if file.suffix.lower() not in suffixes(keyed=True):
            raise InputError(
                f"{printable(file)} holds one array, but {len(given.sets)} sets need features: "
                f"give a .npz file with the arrays {', '.join(roles)}, or {len(given.sets)} files "
                "with commas between them."
            )
    else:
        if len(files) != len(given.sets):
            names = ", ".join(each.name for each in given.sets)
            raise InputError(
                f"{len(files)} files of features were given for {len(given.sets)} sets: give one "
                f"for each of {names}, in this order."
            )
        sources = [(file, None) for file in files]
    found = [
        _features(path, key, points)
        for (path, key), points in zip(sources, given.sets, strict=True)
    ]
    _, *others = {each.shape[1] for each in found}
    if others:
        raise InputError(
            f"features of {text} have different lengths "
            f"({', '.join(str(each.shape[1]) for each in found)}): take one encoder for all."
        )
    count = len(given.samples)
    orbit = FormsOrbit(found[count].shape, ())
    reference = None if given.reference is None else found[-1]
    record: dict[str, Any] = {
        "files": {each.name: digest(each) for each in dict.fromkeys(files)},
    }
    note = (
        "Features were read from files and compared as they are: copies that are mirrored or "
        "changed otherwise are found as far as the encoder ignores that."
    )
    return View(
        found[:count], found[count], reference, orbit, text, f"features of {text}", theory=False,
        record=record, notes=[note],
    )  # fmt: skip


def _features(path: Path, key: str | None, points: Points) -> Points:
    from convergen.theory.data.contents import Array
    from convergen.theory.data.table import open_contents

    regular_file(path)
    name = printable(path) + (f"[{key}]" if key else "")
    try:
        contents, _ = open_contents(path, key)
    except OptionError as error:
        raise InputError(
            f"{printable(path)} gives no array {key!r} of features: give one for each of samples, "
            "train and reference, as far as you measure them."
        ) from error
    if not isinstance(contents, Array):
        raise InputError(f"{name} holds no array of features: give rows of numbers.")
    rows = np.asarray(contents.values)
    if len(rows) != len(points):
        raise InputError(
            f"{name} has {len(rows)} rows, but {points.name} holds {len(points)} points: row i "
            "belongs to point i, so give as many."
        )
    features = checked(rows, len(points), None, name)
    return replace(points, rows=features[:, None], shape=(1, features.shape[1]), groups=None)
