"""What to say when a package is wanted that only some commands need."""

from __future__ import annotations

from convergen.theory.common.checks import InputError


def package_missing(purpose: str, package: str | None, extra: str) -> InputError:
    """An error that says how to install what is missing.

    Parameters
    ----------
    purpose : str
        What needs it, as the subject of the sentence: ``"training"``, ``"--scheduler"``.
    package : str or None
        What was not found; None where Python does not say.
    extra : str
        Extra of this project that brings it along, in pyproject.toml.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    return InputError(
        f"{purpose} needs the package {package or extra!r}: install it with "
        f"pip install '.[{extra}]' in the folder of convergen's source."
    )
