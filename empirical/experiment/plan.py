"""What a run will do, decided and written down before it begins."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convergen.empirical.experiment.declaration import Config, Experiment
from convergen.empirical.storage.checked_files import make_folder, write
from convergen.theory.common.checks import InputError
from convergen.theory.common.versions import git_commit, package_version

if TYPE_CHECKING:
    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.splits.splits import Splits
    from convergen.empirical.storage.run_folder import RunFolder

logger = logging.getLogger(__name__)

_PACKAGES = ("convergen", "torch", "numpy", "scipy")


@dataclass(frozen=True)
class Plan:
    """An experiment with everything decided.

    Attributes
    ----------
    experiment : dict
        Its settings; device and grouping are no longer ``auto``.
    data : dict
        Name, rows, shape of a point and fingerprint.
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

    def attributes(self) -> dict[str, str]:
        """What results record of their origin.

        Returns
        -------
        dict
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


def read_plan(run: RunFolder) -> Plan | None:
    """Read the plan of a run.

    Parameters
    ----------
    run : RunFolder
        Where.

    Returns
    -------
    Plan or None
        None if none was written.

    Raises
    ------
    InputError
        If it is damaged.
    """
    path = run.plan_path
    if not path.exists():
        return None
    try:
        held = json.loads(path.read_bytes())
        plan = Plan(**held["plan"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}): use another folder.") from error
    if held.get("sha256") != _digest(plan):
        raise InputError(f"{path} fails its checksum: undo the change, or use another folder.")
    return plan


def freeze(run: RunFolder, experiment: Experiment, threads: int | None, available: int = 1) -> Plan:
    """Write the plan of a run, or make sure that an older one is that of the same experiment.

    Parameters
    ----------
    run : RunFolder
        Where.
    experiment : Experiment
        What shall be done.
    threads : int or None
        Threads of each cell; None keeps those of an older plan, or decides.
    available : int
        Processors that each cell has for itself.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        If the folder belongs to another experiment, or its data have changed.
    StorageError
        If the folder cannot be written to.
    """
    # Bad input shows before anything is written.
    begun = None if run.plan_path.exists() else _begun(experiment, threads, available)
    with run.lock():
        plan = read_plan(run)
        if plan is None:
            plan, splits = begun or _begun(experiment, threads, available)
            make_folder(run.split_path(0).parent)
            for seed, found in splits.items():
                found.save(run.split_path(seed))
            _write(run, plan)
            return plan
        _refuse_other(plan, experiment, threads, run.path)
        renewed = _renewed(plan, experiment)
        _restore_splits(run, renewed)
        if renewed != plan:
            _write(run, renewed)
        return renewed


def _begun(
    experiment: Experiment, threads: int | None, available: int
) -> tuple[Plan, dict[int, Splits]]:
    """Decide everything, and divide the data."""
    from convergen.empirical.common.devices import choose_device
    from convergen.empirical.experiment import train_cell as cell
    from convergen.empirical.models.by_name import check_model

    data = cell.load(experiment)
    check_model(experiment.model, data.shape, data.truth)
    splits = {seed: cell.split_of(experiment, data, seed) for seed in experiment.seeds}
    decided = experiment.decided(device=str(choose_device(experiment.run.device)))
    decided = decided.decided(grouping=cell.choose_grouping(decided))
    about = {
        "name": data.name,
        "rows": len(data.points),
        "shape": list(data.shape),
        "fingerprint": data.fingerprint,
    }
    digests = {str(seed): found.digest for seed, found in splits.items()}
    chosen = threads or cell.useful_threads(decided, available)
    plan = Plan(decided.config(), about, digests, chosen, [_versions()], git_commit())
    return plan, splits


def _renewed(plan: Plan, experiment: Experiment) -> Plan:
    """The plan with the place of the data and the versions of today."""
    from convergen.empirical.experiment import train_cell as cell
    from convergen.empirical.models.by_name import check_model

    data = cell.load(experiment)
    _refuse_other_data(plan, data)
    check_model(experiment.model, data.shape, data.truth)
    versions = plan.versions if _versions() in plan.versions else [*plan.versions, _versions()]
    config = plan.experiment | {"data": dict(experiment.data), "model": dict(experiment.model)}
    return replace(plan, experiment=config, versions=versions)


def _restore_splits(run: RunFolder, plan: Plan) -> None:
    """Divide the data again where a file of splits is lost or damaged."""
    from convergen.empirical.experiment import train_cell as cell
    from convergen.empirical.splits.splits import Splits

    experiment = Experiment.from_config(plan.experiment)
    data = cell.load(experiment)
    for seed in experiment.seeds:
        path = run.split_path(seed)
        try:
            if Splits.load(path, data).digest == plan.splits[str(seed)]:
                continue
        except InputError as error:
            logger.warning("warning: %s The data are divided again.", error)
        splits = cell.split_of(experiment, data, seed)
        if splits.digest != plan.splits[str(seed)]:
            raise InputError(
                f"{path} is damaged and cannot be made again to the same digest with these "
                "versions of packages: use another folder."
            )
        make_folder(path.parent)
        splits.save(path)


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
        if key != "data.path" and ours.get(key) != theirs.get(key)
    ]


def _difference(key: str, planned: object, given: object) -> str:
    if key == "model.sha256" and planned and given:
        return "the file of the network is another one"
    return f"{key} is {_shown(planned)} there and {_shown(given)} here"


def _refuse_other(plan: Plan, experiment: Experiment, threads: int | None, folder: Path) -> None:
    found = differences(Experiment.from_config(plan.experiment).config(), experiment.config())
    if threads not in (None, plan.threads):
        found.append(f"threads are {plan.threads} there and {threads} here")
    if found:
        raise InputError(
            f"{folder} holds another experiment: {'; '.join(found)}: give the same settings, or "
            "another folder."
        )


def _refuse_other_data(plan: Plan, data: DataSet) -> None:
    if data.fingerprint != plan.data["fingerprint"]:
        raise InputError(
            f"the data {data.name!r} are not those the run was begun with: restore them, or give "
            "another folder."
        )


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        f"{section}.{key}" if isinstance(values, Mapping) else section: value
        for section, values in config.items()
        for key, value in (values.items() if isinstance(values, Mapping) else [("", values)])
    }
    # Files are known by their content, wherever they lie.
    return (
        found | {"model.name": Path(found["model.name"]).name} if "model.name" in found else found
    )


def _shown(value: object) -> str:
    return "not set" if value is None else json.dumps(value)


def _write(run: RunFolder, plan: Plan) -> None:
    held = {"sha256": _digest(plan), "plan": asdict(plan)}
    write(run.plan_path, json.dumps(held, indent=1).encode())


def _digest(plan: Plan) -> str:
    return hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode()).hexdigest()


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: package_version(name) for name in _PACKAGES
    }
