"""How much work a figure may cost: smoke (seconds), draft (a minute or so), paper (minutes)."""

from __future__ import annotations

from typing import TypeVar

from convergen.theory.common.checks import InputError

QUALITIES = ("smoke", "draft", "paper")

Choice = TypeVar("Choice")


def by_quality(quality: str, smoke: Choice, draft: Choice, paper: Choice) -> Choice:
    """Choose a setting.

    Parameters
    ----------
    quality : str
        One of `QUALITIES`.
    smoke, draft, paper : any
        The value for each of them.

    Returns
    -------
    any
        One of the three.

    Raises
    ------
    InputError
        If the quality is unknown.
    """
    return dict(zip(QUALITIES, (smoke, draft, paper), strict=True))[check_quality(quality)]


def check_quality(quality: str) -> str:
    """Refuse an unknown quality.

    Parameters
    ----------
    quality : str
        What was given.

    Returns
    -------
    str
        The same.

    Raises
    ------
    InputError
        If it is not one of `QUALITIES`.
    """
    if quality not in QUALITIES:
        raise InputError(f"unknown quality {quality!r}: choose from {', '.join(QUALITIES)}.")
    return quality
