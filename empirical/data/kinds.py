"""Data by name: `load_data` and what it knows."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable
from typing import Any

from convergen.empirical.data.dataset import DataSet
from convergen.empirical.data.standard_units import standardised
from convergen.theory.common.checks import InputError
from convergen.theory.common.suggestions import suggestion

# Kind → module and function; a module is loaded when its kind is asked for.
_KINDS = {
    "field": ("convergen.empirical.data.known_laws", "field"),
    "isotropic": ("convergen.empirical.data.known_laws", "isotropic"),
    "spiked": ("convergen.empirical.data.known_laws", "spiked"),
    "power-law": ("convergen.empirical.data.known_laws", "power_law"),
    "mixture": ("convergen.empirical.data.known_laws", "mixture"),
    "digits": ("convergen.empirical.data.kinds", "digits"),
    "patches": ("convergen.empirical.data.photograph_patches", "patches"),
    "array": ("convergen.empirical.data.array_files", "array"),
    "images": ("convergen.empirical.data.image_sets", "images"),
    "torchvision": ("convergen.empirical.data.image_sets", "torchvision"),
}
KINDS = tuple(_KINDS)


def load_data(kind: str, **options: Any) -> DataSet:
    """Load or draw a data set.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    **options
        Those of the function of that kind: in `data.known_laws` the laws, `digits` here,
        `data.photograph_patches.patches`, `data.array_files.array`, and `data.image_sets`.

    Returns
    -------
    DataSet

    Raises
    ------
    InputError
        If the kind or an option is unknown or out of range, or data are missing or damaged.
    """
    if kind not in _KINDS:
        raise InputError(
            f"unknown kind of data {kind!r}{suggestion(str(kind), KINDS)}: choose from "
            f"{', '.join(KINDS)}."
        )
    module, name = _KINDS[kind]
    function: Callable[..., DataSet] = getattr(importlib.import_module(module), name)
    parameters = inspect.signature(function).parameters
    for option in options:
        if option not in parameters:
            raise InputError(
                f"data: {kind} has no option {option!r}{suggestion(option, list(parameters))}: it "
                f"takes {', '.join(parameters)}."
            )
    for option, parameter in parameters.items():
        if parameter.default is parameter.empty and option not in options:
            raise InputError(f"data: {kind} needs the option {option!r}: add it.")
    for option, value in options.items():
        _check_type(kind, parameters[option], value)
    return function(**options)


def _check_type(kind: str, parameter: inspect.Parameter, value: object) -> None:
    """Refuse what a TOML file may hold where a word, a path or true/false is meant."""
    meant = str(parameter.annotation).removesuffix(" | None")
    if value is None and parameter.default is None:
        return
    if meant == "bool" and not isinstance(value, bool):
        raise InputError(f"data: {kind} takes true or false as {parameter.name}, not {value!r}.")
    if meant == "str" and not isinstance(value, str | os.PathLike):
        raise InputError(f"data: {kind} takes a text as {parameter.name}, not {value!r}.")


def digits(center: str = "data") -> DataSet:
    """Handwritten digits of scikit-learn: 1797 images of 8 × 8 pixels.

    Parameters
    ----------
    center : {'data', 'none'}
        Whether the mean image is subtracted.

    Returns
    -------
    DataSet
        Images (1, 8, 8) of mean pixel variance 1.
    """
    from convergen.theory.data.array_files import load_digits

    return standardised(load_digits(), (1, 8, 8), name="digits", center=center)
