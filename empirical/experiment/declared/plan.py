"""What a run will do, decided and written down before it begins."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from convergen.empirical.experiment.declared.declaration import Config, Experiment
from convergen.empirical.storage.checked_files import read, write_sealed
from convergen.theory.common.checks import InputError
from convergen.theory.common.versions import package_version
from convergen.theory.files.seals import EMPTY_SEAL, is_sound

# Of the file; one more whenever older versions could no longer read it rightly.
_FORMAT = 2
_PACKAGES = ("convergen", "torch", "numpy", "scipy")


@dataclass(frozen=True)
class Plan:
    """An experiment with everything decided.

    Attributes
    ----------
    experiment : dict
        Its settings; device and grouping are no longer ``auto``.
    data : dict
        ``fingerprint`` and, for the record, name, rows and shape of a point.
    splits : dict
        Digest of the splits of each seed.
    threads : int
        Threads of each cell: sums in another order have other last bits.
    versions : list of dict
        Versions of Python and packages; more than one where a run was resumed under others.
    commit : str
        Of the source tree, ``unknown`` outside of one.
    """

    experiment: Config
    data: dict[str, Any]
    splits: dict[str, str]
    threads: int
    versions: list[dict[str, str]]
    commit: str

    @property
    def provenance(self) -> str:
        """SHA-256 of what decides every number: experiment, data and splits.

        Neither places of files nor versions belong to it, which may change in mid-run.
        """
        decisive = [_flat(self.experiment), self.data["fingerprint"], self.splits]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def attributes(self) -> dict[str, str]:
        """What results record of their origin.

        Returns
        -------
        dict
            `from_attributes` makes a plan of it.
        """
        return {
            "experiment": json.dumps(self.experiment),
            "data_fingerprint": self.data["fingerprint"],
            "split_digests": json.dumps(self.splits),
            "versions": json.dumps(self.versions),
            "threads": str(self.threads),
            "commit": self.commit,
            "references": "arXiv:2605.21402",
        }

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Plan:
        """The plan behind a result.

        Parameters
        ----------
        attributes : mapping
            Of the result.

        Returns
        -------
        Plan

        Raises
        ------
        InputError
            If they are not those of the result of an experiment.
        """
        try:
            return cls(
                experiment=json.loads(attributes["experiment"]),
                data={"fingerprint": attributes["data_fingerprint"]},
                splits=json.loads(attributes["split_digests"]),
                threads=int(attributes["threads"]),
                versions=json.loads(attributes["versions"]),
                commit=attributes["commit"],
            )
        except (KeyError, ValueError, TypeError) as error:
            raise InputError("it is not the result of an experiment") from error


def read_plan(path: Path) -> Plan | None:
    """Read a plan.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    Plan or None
        None if there is no such file.

    Raises
    ------
    InputError
        If it is damaged, or that of another version.
    """
    content = read(path)
    if content is None:
        return None
    try:
        held = json.loads(content)
        written = held.get("format", 1) if "plan" in held else None
    except (ValueError, AttributeError, TypeError, RecursionError):
        written = None
    if isinstance(written, int) and written != _FORMAT:
        age = "a newer" if written > _FORMAT else "an older"
        raise InputError(
            f"{path} was written by {age} version of convergen (format {written}; this version "
            f"reads {_FORMAT}): use that version, or give another folder."
        )
    if written is None or not is_sound(content):
        raise InputError(f"{path} is damaged: undo the change, or give another folder.")
    return Plan(**held["plan"])


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan.

    Parameters
    ----------
    path : Path
        Its file; replaced if it exists.
    plan : Plan
        What it shall hold.

    Raises
    ------
    StorageError
        If the operating system refuses.
    """
    held = {"format": _FORMAT, "digest": EMPTY_SEAL, "plan": asdict(plan)}
    write_sealed(path, json.dumps(held, indent=1).encode())


def renewed(plan: Plan, experiment: Experiment) -> Plan:
    """A plan with the places of files and the versions of today.

    Parameters
    ----------
    plan : Plan
        That of a run which is resumed.
    experiment : Experiment
        As it is given now.

    Returns
    -------
    Plan
    """
    today = versions()
    known = plan.versions if today in plan.versions else [*plan.versions, today]
    config = plan.experiment | {"data": dict(experiment.data), "model": dict(experiment.model)}
    return replace(plan, experiment=config, versions=known)


def refuse_other(plan: Plan, experiment: Experiment, threads: int | None, folder: Path) -> None:
    """Refuse to resume a run with other settings than its own.

    Parameters
    ----------
    plan : Plan
        Of the run.
    experiment : Experiment
        As it is given now.
    threads : int or None
        Threads of each cell, if they are given.
    folder : Path
        Of the run.

    Raises
    ------
    InputError
        If they differ; the message says in what.
    """
    found = differences(Experiment.from_config(plan.experiment).config(), experiment.config())
    if threads not in (None, plan.threads):
        found.append(f"threads are {plan.threads} there and {threads} here")
    if found:
        raise InputError(
            f"{folder} holds another experiment: {'; '.join(found)}: give the same settings, or "
            "another folder."
        )


def differences(planned: Config, given: Config) -> list[str]:
    """In what two experiments differ.

    Parameters
    ----------
    planned, given : dict
        Settings; where `given` leaves a decision open with ``auto`` it agrees with any. Places of
        files do not count.

    Returns
    -------
    list of str
        ``training.images is 64000 there and 1000 here``, …
    """
    ours, theirs = _flat(given), _flat(planned)
    keys = [key for key in {**theirs, **ours} if ours.get(key) != "auto"]
    return [
        _difference(key, theirs.get(key), ours.get(key))
        for key in keys
        if ours.get(key) != theirs.get(key)
    ]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide numbers.

    Returns
    -------
    dict
    """
    return {"python": platform.python_version()} | {
        name: package_version(name) for name in _PACKAGES
    }


def _difference(key: str, planned: object, given: object) -> str:
    if key == "model.sha256" and planned and given:
        return "the file of the network is another one"
    return f"{key} is {_shown(planned)} there and {_shown(given)} here"


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by ``section.key``; files are known by their content, wherever they lie."""
    found = {
        f"{section}.{key}" if isinstance(values, Mapping) else section: value
        for section, values in config.items()
        for key, value in (values.items() if isinstance(values, Mapping) else [("", values)])
    }
    found.pop("data.path", None)
    return found | {"model.name": Path(found["model.name"]).name}


def _shown(value: object) -> str:
    return "not set" if value is None else json.dumps(value)
