"""Classes of samples and of training points: from class folders, data sets, or files of labels."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np

from convergen.theory.common.checks import InputError
from convergen.theory.data.contents import Array
from convergen.theory.data.record import Record
from convergen.theory.data.regular_files import printable, regular_file
from convergen.theory.data.table import open_contents
from convergen.theory.sources.points import Points

Labels = tuple[str, ...]
_TEXTS = (".csv", ".txt", ".tsv")
# A line of a file of labels; more bytes than this for each point are no labels.
_LINE = 1024


def own_labels(points: Points) -> Labels | None:
    """Labels that came with a set: names of class folders, or what its file says.

    Parameters
    ----------
    points : Points
        The set.

    Returns
    -------
    tuple of str or None
    """
    labels = None if points.record is None else points.record.labels
    return labels if labels is not None and len(labels) == len(points) else None


def labelled(text: str, samples: Points, training: Points) -> tuple[Points, Points]:
    """Samples and training set with labels from files.

    Parameters
    ----------
    text : str
        One file for both: ``.npz`` with the arrays ``samples`` and ``train``; one file for each
        with a comma between, samples first; or one file whose number of labels is that of one set.
        Text files hold one label a line, or lines of ``file,label``.
    samples, training : Points
        The sets.

    Returns
    -------
    tuple of Points

    Raises
    ------
    InputError
        If a file cannot be read or the labels fit no set.
    """
    sets = (samples, training)
    files = [Path(each) for each in text.split(",")]
    if len(files) == 2:
        first, second = files
        return _labelled(samples, first), _labelled(training, second)
    if len(files) > 2:
        raise InputError(
            f"{len(files)} files of labels were given: give one for the samples and one for the "
            "training set."
        )
    (file,) = files
    regular_file(file)
    if file.suffix.lower() == ".npz":
        names = _arrays(file)
        if {"samples", "train"} & names:
            return (
                _labelled(samples, file, "samples") if "samples" in names else samples,
                _labelled(training, file, "train") if "train" in names else training,
            )
    most = max(map(len, sets))
    found = [_read(file, None, each, most) for each in sets]
    fits = [len(each) == len(labels) for each, labels in zip(sets, found, strict=True)]
    if sum(fits) == 1:
        return (
            (_with(samples, found[0], file), training) if fits[0]
            else (samples, _with(training, found[1], file))
        )  # fmt: skip
    why = "as both sets have" if all(fits) else (
        f"but there are {len(samples)} samples and {len(training)} training points"
    )  # fmt: skip
    raise InputError(
        f"{printable(file)} holds {len(found[0])} labels, {why}: write --labels "
        "SAMPLES.csv,TRAIN.csv, or a .npz file with the arrays samples and train."
    )


def _labelled(points: Points, file: Path, key: str | None = None) -> Points:
    return _with(points, _read(file, key, points), file)


def _with(points: Points, labels: Labels, file: Path) -> Points:
    if len(labels) != len(points):
        raise InputError(
            f"{printable(file)} holds {len(labels)} labels, but {points.name} {len(points)} "
            "points: label i belongs to point i."
        )
    record = points.record or Record(points.name, "array", len(points), "vectors", "")
    return replace(points, record=replace(record, labels=labels))


def _arrays(file: Path) -> set[str]:
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            return {PurePath(name).stem for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise InputError(f"{printable(file)} is no .npz file: make it again.") from error


def _read(file: Path, key: str | None, points: Points, most: int = 0) -> Labels:
    """Labels of these points, or of up to so many of another set."""
    if file.suffix.lower() in _TEXTS:
        return _of_text(file, points, max(most, len(points)))
    if file.suffix.lower() in (".npy", ".npz"):
        return _of_array(file, key)
    raise InputError(
        f"{printable(file)} is no file of labels: use {', '.join((*_TEXTS, '.npy', '.npz'))}."
    )


def _of_array(file: Path, key: str | None) -> Labels:
    """Whole numbers, one a point, or one-hot rows."""
    try:
        contents, _ = open_contents(file, key)
    except InputError as error:
        raise InputError(f"{error} Labels that are words go into a .csv file.") from error
    if not isinstance(contents, Array):
        raise InputError(f"{printable(file)} holds no labels: give one whole number a point.")
    values = np.squeeze(np.asarray(contents.values))
    if values.ndim == 2 and np.all((values == 0) | (values == 1)) and np.all(values.sum(1) == 1):
        values = values.argmax(axis=1)  # one-hot
    if values.ndim != 1 or values.dtype.kind not in "iubf":
        raise InputError(
            f"{printable(file)} holds an array of shape {values.shape} and type {values.dtype}: "
            "labels are one whole number for each point; write names as text (.csv)."
        )
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.round(values))
        if not whole.all():
            raise InputError(f"{printable(file)} holds numbers that are not whole: no labels.")
        values = values.astype(np.int64)
    return tuple(str(each) for each in values.tolist())


def _of_text(file: Path, points: Points, most: int) -> Labels:
    if regular_file(file).st_size > _LINE * (most + 1):
        raise InputError(f"{printable(file)} is too large for labels of {most} points.")
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        rows = [row for row in csv.reader(lines, delimiter=_delimiter(file)) if any(row)]
    widths = {len(row) for row in rows}
    if widths not in ({1}, {2}):
        raise InputError(
            f"{printable(file)} must have one column of labels, or two of file and label."
        )
    names = None if points.record is None else points.record.names
    if widths == {1}:
        column = [row[0].strip() for row in rows]
        return tuple(column[1:] if _has_title(column, points) else column)
    if names is None or len(names) != len(points):
        column = [row[1].strip() for row in rows]
        return tuple(column[1:] if _has_title(column, points) else column)
    known = {PurePath(name.strip()).name: label.strip() for name, label in rows}
    missing = [name for name in names if PurePath(name).name not in known]
    if len(missing) == len(names):
        # Labels of another set.
        return tuple(label.strip() for _, label in rows[1:])
    if missing:
        raise InputError(
            f"{printable(file)} has no label for {len(missing)} of {len(names)} files of "
            f"{points.name}, such as {printable(missing[0])}."
        )
    return tuple(known[PurePath(name).name] for name in names)


def _delimiter(file: Path) -> str:
    return "\t" if file.suffix.lower() == ".tsv" else ","


def _has_title(column: Sequence[str], points: Points) -> bool:
    """One line more than points, whose first names the column."""
    return len(column) == len(points) + 1 and column[0].lower() in ("label", "labels", "class", "y")
