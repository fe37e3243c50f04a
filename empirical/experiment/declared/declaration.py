"""An experiment as a declaration: data × model × sample sizes × seeds, checked before it runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.models.by_name import pinned, usual_training
from convergen.empirical.models.table import Trained
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.common.checks import InputError, as_count, as_number, as_positive, as_seed
from convergen.theory.data.near_duplicates import DUPLICATE_LIMIT
from convergen.theory.messages.suggestions import suggestion

Config = dict[str, Any]

GROUPINGS = ("auto", "seed", "pair")


@dataclass(frozen=True)
class SplitSettings:
    """How data are divided.

    Attributes
    ----------
    duplicate_limit : float or False
        Points whose |cosine| exceeds it never lie on two sides of a split; False looks for none.
    """

    duplicate_limit: float | bool = DUPLICATE_LIMIT

    def __post_init__(self) -> None:
        if self.duplicate_limit is False:
            return
        limit = as_number(as_positive(self.duplicate_limit, "splits: duplicate_limit"), "limit")
        if limit > 1.0:
            raise InputError(
                f"splits: duplicate_limit is a |cosine|, a number above 0 and at most 1, or false "
                f"to look for no duplicates, not {self.duplicate_limit!r}."
            )
        _set(self, duplicate_limit=limit)


@dataclass(frozen=True)
class RunSettings:
    """How the work is divided and where it runs.

    Attributes
    ----------
    grouping : {'auto', 'seed', 'pair'}
        What one cell trains together: all n of a seed, or one n; both sides always. ``auto`` is
        fixed for each network.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    grouping: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.grouping not in GROUPINGS:
            raise InputError(
                f"run: grouping {self.grouping!r} is unknown: choose from {', '.join(GROUPINGS)}."
            )
        if not isinstance(self.device, str):
            raise InputError(f"run: device must be a name such as 'cpu', not {self.device!r}.")


@dataclass(frozen=True)
class Experiment:
    """Data × model × sample sizes × seeds.

    Attributes
    ----------
    name : str
        What tables and figures call it.
    samples : tuple of int
        Training samples n, ascending.
    data : mapping
        ``kind`` and the options of `empirical.load_data`.
    model : mapping
        ``name`` and the options of the network; of one in a file of the user, its ``sha256``, too.
    seeds : tuple of int
        Each gives its own splits, initial parameters and noise.
    training : TrainingSettings
        Budget, optimiser and noise.
    measure : MeasureSettings
        What is measured on trained models.
    splits : SplitSettings
        How data are divided.
    run : RunSettings
        How the work is divided and where it runs.

    Examples
    --------
    >>> from convergen.empirical import Experiment
    >>> experiment = Experiment.from_config(
    ...     {
    ...         "name": "mine",
    ...         "samples": [16, 64],
    ...         "data": {"kind": "digits"},
    ...         "model": {"name": "mlp"},
    ...         "training": {"images": 3200},
    ...     }
    ... )
    >>> experiment.samples, experiment.training.images, experiment.seeds
    ((16, 64), 3200, (0,))
    """

    name: str
    samples: tuple[int, ...]
    data: Mapping[str, Any]
    model: Mapping[str, Any]
    seeds: tuple[int, ...] = (0,)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    splits: SplitSettings = field(default_factory=SplitSettings)
    run: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError(f"name must be a word for the experiment, not {self.name!r}.")
        for section, key in (("data", "kind"), ("model", "name")):
            options = getattr(self, section)
            if not isinstance(options, Mapping) or not isinstance(options.get(key), str):
                raise InputError(
                    f"[{section}] must say {key}, like {key} = "
                    f"{'digits' if key == 'kind' else 'unet'!r}."
                )
            try:
                # As JSON keeps them, so that an experiment equals the one read back from its plan.
                _set(self, **{section: json.loads(json.dumps(dict(options)))})
            except (TypeError, ValueError, RecursionError) as error:
                reason = str(error).partition("\n")[0]
                raise InputError(f"[{section}] holds a value of no use there: {reason}.") from error
        _set(self, model=pinned(self.model))
        _set(
            self,
            samples=tuple(sorted(_distinct(self.samples, "samples", as_count))),
            seeds=_distinct(self.seeds, "seeds", as_seed),
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Experiment:
        """Check a nested dictionary, as a TOML file holds it.

        Parameters
        ----------
        config : mapping
            ``name``, ``samples``, ``seeds`` and the sections ``data``, ``model``, ``training``,
            ``measure``, ``splits`` and ``run``. What the training does not say is what suits the
            network, else the default.

        Returns
        -------
        Experiment

        Raises
        ------
        InputError
            If a key is unknown or missing, or a value is out of range.
        """
        _refuse_unknown(config, cls, "")
        missing = [key for key in ("name", "samples", "data", "model") if key not in config]
        if missing:
            raise InputError(f"the experiment does not say {missing[0]}: add it.")
        given = {"training": {}, **config}
        for section, kind in _SECTIONS.items():
            if section in given:
                options = given[section]
                if not isinstance(options, Mapping):
                    raise InputError(f"[{section}] must be a table of settings, not {options!r}.")
                _refuse_unknown(options, kind, f"{section}: ")
                if section == "training" and len(options) < len(fields(kind)):
                    options = {**usual_training(given["model"]), **options}
                given[section] = kind(**options)
        return cls(**given)

    @property
    def trained(self) -> Trained:
        """What theories that know the network need to know of it."""
        name, training = str(self.model["name"]), self.training
        return Trained(name, training.images, training.schedule)

    def config(self) -> Config:
        """Everything that defines it, defaults filled in, as JSON can hold it.

        Returns
        -------
        dict
            `from_config` makes an equal experiment of it.
        """
        found: Config = json.loads(json.dumps(asdict(self)))
        return found

    def decided(self, *, device: str | None = None, grouping: str | None = None) -> Experiment:
        """The same experiment with what was left open decided.

        Parameters
        ----------
        device, grouping : str, optional
            Of `RunSettings`; None keeps what it is.

        Returns
        -------
        Experiment
        """
        given = {"device": device, "grouping": grouping}
        changes = {key: value for key, value in given.items() if value is not None}
        return replace(self, run=replace(self.run, **changes))


_SECTIONS: dict[str, type] = {
    "training": TrainingSettings,
    "measure": MeasureSettings,
    "splits": SplitSettings,
    "run": RunSettings,
}


def _refuse_unknown(given: Mapping[str, Any], kind: type, where: str) -> None:
    allowed = [entry.name for entry in fields(kind)]
    for key in given:
        if key not in allowed:
            raise InputError(
                f"{where}unknown setting {key!r}{suggestion(key, allowed)}: it takes "
                f"{', '.join(allowed)}."
            )


def _distinct(values: object, name: str, check: Callable[[object, str], int]) -> tuple[int, ...]:
    """Distinct whole numbers."""
    if isinstance(values, str | Mapping) or not isinstance(values, Sequence) or not values:
        raise InputError(f"{name} must be a list of whole numbers, like [1, 2], not {values!r}.")
    found = tuple(check(value, name) for value in values)
    twice = [value for value, times in Counter(found).items() if times > 1]
    if twice:
        raise InputError(f"{name} lists {twice[0]} twice: remove one.")
    return found


def _set(target: object, **values: object) -> None:
    for key, value in values.items():
        object.__setattr__(target, key, value)
