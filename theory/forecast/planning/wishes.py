"""What one may wish for, and the samples that it takes: one table for Python and command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from convergen.theory.common.checks import FloatArray, InputError
from convergen.theory.forecast.laws.crossings import last_crossing
from convergen.theory.linear.latent_recovery import recovery_thresholds
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.spectra.spectrum import Spectrum


@dataclass(frozen=True)
class Course:
    """How a linear model comes along on a grid of sample sizes.

    Attributes
    ----------
    spectrum : Spectrum
        Of the data.
    grid : ndarray, shape (m,)
        Sample sizes n.
    odds : ndarray, shape (2, m)
        (1 − q)/q and (1 − q*)/q*.
    excess : ndarray, shape (m,)
        Test error over that of the true denoiser, less 1.
    """

    spectrum: Spectrum
    grid: FloatArray
    odds: FloatArray
    excess: FloatArray


@dataclass(frozen=True)
class WishKind:
    """One row of the table.

    Attributes
    ----------
    name : str
        What users write.
    allowed : str
        Its level in words.
    fits : callable
        Tells whether a level is allowed.
    needed : callable
        From a course and a level to samples.
    words : str
        What is wished for; ``{}`` stands for the level.
    overlap : int or None
        Row of the odds that its level is of.
    """

    name: str
    allowed: str
    fits: Callable[[float], bool]
    needed: Callable[[Course, float], float]
    words: str
    overlap: int | None = None


def _for_overlap(row: int) -> Callable[[Course, float], float]:
    return lambda course, level: float(
        last_crossing(course.grid, course.odds[row], [_odds(level)]).item()
    )


def _odds(overlap: float) -> float:
    return (1.0 - overlap) / overlap


def _for_error(course: Course, level: float) -> float:
    return float(last_crossing(course.grid, course.excess, [level - 1.0]).item())


def _for_factor(course: Course, level: float) -> float:
    if level > course.spectrum.dim:
        return float("nan")
    return max(float(recovery_thresholds(course.spectrum, int(level))[-1]), 1.0)


def _share(level: float) -> bool:
    return 0.0 < level < 1.0


KINDS = {
    kind.name: kind
    for kind in (
        WishKind(
            "convergence", "above 0 and below 1", _share, _for_overlap(0),
            "two models agree to q = {:g}", 0,
        ),
        WishKind(
            "convergence-to-truth", "above 0 and below 1", _share, _for_overlap(1),
            "a model agrees with the truth to q* = {:g}", 1,
        ),
        WishKind(
            "factor", "a whole number, at least 1", lambda k: k >= 1.0 and float(k).is_integer(),
            _for_factor, "factor {:g} is recovered",
        ),
        WishKind(
            "test-error", "above 1", lambda level: 1.0 < level < np.inf, _for_error,
            "the test error is {:g} times its limit",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """Something to be reached.

    Attributes
    ----------
    kind : WishKind
        What.
    level : float
        How much of it.
    """

    kind: WishKind
    level: float

    @property
    def odds(self) -> float:
        """Its level as odds (1 − q)/q."""
        return _odds(self.level)

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.kind.name}={self.level:g}"

    @property
    def words(self) -> str:
        """In words."""
        return self.kind.words.format(self.level)


def parse_wishes(texts: Iterable[str]) -> list[Wish]:
    """Read ``NAME=LEVEL``, several separated by commas.

    Parameters
    ----------
    texts : iterable of str
        What the user wrote.

    Returns
    -------
    list of Wish
        Without repetition.

    Raises
    ------
    InputError
        If a name is unknown or a level out of range.
    """
    found: dict[str, Wish] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, equals, level = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InputError(
                f"cannot read the wish {part!r}: write NAME=LEVEL, such as convergence=0.95, with "
                f"the names {', '.join(KINDS)}."
            )
        kind = KINDS.get(name.replace("_", "-"))
        if kind is None:
            raise InputError(
                f"unknown wish {name!r}{suggestion(name, list(KINDS))}: choose from "
                f"{', '.join(KINDS)}."
            )
        try:
            value = float(level)
        except ValueError:
            value = float("nan")
        if not kind.fits(value):
            raise InputError(f"the wish {kind.name} must be {kind.allowed}, not {level!r}.")
        wish = Wish(kind, value)
        found[wish.name] = wish
    return list(found.values())
