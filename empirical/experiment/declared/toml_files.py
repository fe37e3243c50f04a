"""Where experiments are written down: TOML files, presets and settings of the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path

from convergen.empirical.common.presets import preset_names, preset_path
from convergen.empirical.experiment.declared.declaration import Config
from convergen.empirical.networks.own_network import absolute_name
from convergen.theory.common.checks import InputError
from convergen.theory.files.regular_bytes import regular_bytes
from convergen.theory.messages.suggestions import suggestion


def read_config(path: Path) -> Config:
    """Read an experiment file.

    Parameters
    ----------
    path : Path
        A TOML file; a relative ``data.path`` in it, and the file of a network of the user in
        ``model.name``, count from its folder.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it cannot be read or is not TOML.
    """
    try:
        text = regular_bytes(path).decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(f"cannot read the experiment {str(path)!r}: {reason}.") from error
    try:
        config = _parsed(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name} is not a TOML file: {error}.") from error
    data = config.get("data")
    if isinstance(data, dict) and isinstance(data.get("path"), str):
        data["path"] = str((path.resolve().parent / data["path"]).resolve())
    model = config.get("model")
    if isinstance(model, dict) and isinstance(model.get("name"), str):
        model["name"] = absolute_name(model["name"], path.resolve().parent)
    return config


def preset_config(name: str) -> Config:
    """Read an experiment that comes with the package.

    Parameters
    ----------
    name : str
        One of `convergen.empirical.common.presets.preset_names`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If there is none of that name.
    """
    names = preset_names()
    if name not in names:
        raise InputError(
            f"there is no preset {name!r}{suggestion(name, names)}: choose from {', '.join(names)}."
        )
    return tomllib.loads(preset_path(name).read_text(encoding="utf-8"))


def override(config: Config, assignment: str) -> None:
    """Change one setting in place.

    Parameters
    ----------
    config : dict
        Nested settings.
    assignment : str
        ``training.images=1000``; the value as in TOML, or a bare word.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    key, equals, text = assignment.partition("=")
    if not equals or not all(key.split(".")):
        raise InputError(
            f"cannot read the setting {assignment!r}: write SECTION.KEY=VALUE, like "
            "training.images=1000."
        )
    try:
        value = _parsed(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    assign(config, key.strip(), value)


def _parsed(text: str) -> Config:
    """Settings of a TOML text; refuses what is TOML, but no parser takes."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise InputError("settings are nested too deeply: give plain values and lists.") from error
    except ValueError as error:
        raise InputError("a number in the settings has too many digits: shorten it.") from error


def assign(config: Config, key: str, value: object) -> None:
    """Set one value in place.

    Parameters
    ----------
    config : dict
        Nested settings.
    key : str
        ``training.images``, or a name at the top.
    value : object
        New value.

    Raises
    ------
    InputError
        If the section is not one.
    """
    *sections, last = key.split(".")
    target = config
    for section in sections:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise InputError(f"{section!r} has no settings of its own: write SECTION.KEY=VALUE.")
    target[last] = value
