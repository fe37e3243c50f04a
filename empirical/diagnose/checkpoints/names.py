"""What several files of samples are: one model, two models, or checkpoints of one or two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from convergen.theory.common.checks import InputError
from convergen.theory.data.natural_order import natural_key
from convergen.theory.data.regular_files import printable

_NUMBER = re.compile(r"\d+")
# Words beside a number that make two files checkpoints of one model, not two models.
_STEP = re.compile(r"step|iter|epoch|ckpt|checkpoint|kimg|snapshot|images", re.IGNORECASE)


@dataclass(frozen=True)
class SampleFiles:
    """Files of samples, sorted out.

    Attributes
    ----------
    steps : tuple of int
        Steps of training, rising; empty if there is one checkpoint alone.
    first, second : tuple of str
        Files of A, and of B if there are two models, in the order of `steps`.
    """

    steps: tuple[int, ...]
    first: tuple[str, ...]
    second: tuple[str, ...] = ()


def sorted_out(texts: Sequence[str]) -> SampleFiles:
    """Tell what several files of samples are, by their names.

    Parameters
    ----------
    texts : sequence of str
        Files, or patterns of files such as ``step*.npz``. Two patterns are two models.

    Returns
    -------
    SampleFiles
        Files whose names differ by numbers alone are checkpoints of one model if there are more
        than two, a pattern was given, or the number is that of a step, epoch, … by name. Two other
        files are two models.

    Raises
    ------
    InputError
        If a pattern matches nothing, names do not pair, or steps of A and B differ.
    """
    groups = [_matches(text) for text in texts]
    patterns = any(each != [text] for each, text in zip(groups, texts, strict=True))
    files = [file for group in groups for file in group]
    if len(files) == 1:
        return SampleFiles((), tuple(files))
    if patterns and len(texts) == 2:
        return _two(groups[0], groups[1])
    families = _families(files)
    if len(families) == 1:
        family = families[0]
        if len(family) > 2 or patterns or _STEP.search(_changing_part(family)):
            return SampleFiles(*_by_step(family))
    if len(files) == 2:
        return SampleFiles((), (files[0],), (files[1],))
    if len(families) == 2 and len(families[0]) > 1:
        return _two(*families)
    shown = ", ".join(map(printable, files[:4])) + (", …" if len(files) > 4 else "")
    raise InputError(
        f"{len(files)} files of samples were given ({shown}), whose names differ by more than the "
        "number of a step: give A, A and B, or checkpoints such as step*.npz."
    )


def _matches(text: str) -> list[str]:
    """Files of a pattern, in natural order; anything else is itself."""
    if not has_magic(text) or Path(text).exists():
        return [text]
    path = Path(text)
    found = sorted(
        map(str, Path(path.anchor).glob(str(path.relative_to(path.anchor)))), key=natural_key
    )
    if not found:
        raise InputError(f"no file matches {printable(text)}: look at the folder and the pattern.")
    return found


def _families(files: Sequence[str]) -> list[list[str]]:
    """Files whose names are the same but for their numbers; else those of folders."""
    for key in (_in_name, _in_folder):
        found: dict[str, list[str]] = {}
        for file in files:
            found.setdefault(key(file), []).append(file)
        if len(found) <= 2 and all(len(each) > 1 for each in found.values()):
            break
    return list(found.values())


def _in_name(file: str) -> str:
    path = Path(file)
    return str(path.parent / _NUMBER.sub("#", path.name))


def _in_folder(file: str) -> str:
    path = Path(file)
    return str(path.parent.parent / _NUMBER.sub("#", path.parent.name) / path.name)


def _changing_part(family: Sequence[str]) -> str:
    """Where names differ, with what stands before each number."""
    pieces = [re.split(r"(\d+)", file) for file in family]
    places = [i for i in range(1, len(pieces[0]), 2) if len({each[i] for each in pieces}) > 1]
    return " ".join(pieces[0][i - 1] for i in places)


def _by_step(family: Sequence[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Steps and files, in order; the last number that changes is the step."""
    numbers = [[int(each) for each in _NUMBER.findall(file)] for file in family]
    if len({len(each) for each in numbers}) > 1 or not numbers[0]:
        raise InputError(
            f"names of {printable(family[0])} and {printable(family[-1])} do not have the same "
            "numbers in them: name checkpoints alike, such as step100.npz and step200.npz."
        )
    columns = list(zip(*numbers, strict=True))
    changing = [column for column in columns if len(set(column)) > 1]
    steps = changing[-1] if changing else columns[-1]
    if len(set(steps)) < len(steps):
        twice = next(step for step in steps if steps.count(step) > 1)
        both = [printable(f) for f, step in zip(family, steps, strict=True) if step == twice]
        raise InputError(
            f"{' and '.join(both)} are both of step {twice}: give one file for each step."
        )
    order = sorted(range(len(steps)), key=lambda i: steps[i])
    return tuple(steps[i] for i in order), tuple(family[i] for i in order)


def _two(first: Sequence[str], second: Sequence[str]) -> SampleFiles:
    """Checkpoints of two models, which must be of the same steps."""
    (steps, own), (others, other) = _by_step(first), _by_step(second)
    if steps != others:
        alone = sorted(set(steps) ^ set(others))
        raise InputError(
            f"A has the steps {_listed(steps)}, B {_listed(others)}: give samples of both at the "
            f"same steps ({_listed(alone)} of one model alone)."
        )
    return SampleFiles(steps, own, other)


def _listed(steps: Sequence[int]) -> str:
    return ", ".join(map(str, steps[:6])) + (", …" if len(steps) > 6 else "")
