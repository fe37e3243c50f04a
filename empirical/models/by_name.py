"""Every model by name: networks and solvable models of the tables, and networks of users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.models.table import SOLVABLE, SolvableModel, Trained, TrainingSets
from convergen.empirical.networks.own_network import (
    DIGEST,
    absolute_name,
    file_digest,
    is_own,
    own_network,
)
from convergen.empirical.networks.table import NETWORKS, Network
from convergen.theory.common.checks import InputError
from convergen.theory.messages.suggestions import suggestion
from convergen.theory.networks.symmetry.orbits import NO_ORBIT, Orbit

if TYPE_CHECKING:
    from convergen.empirical.models.ensemble import Ensemble
    from convergen.empirical.models.separate import Separate

Model = Mapping[str, Any]


def model_names() -> tuple[str, ...]:
    """Names of all models of the tables.

    Returns
    -------
    tuple of str
        Solvable models, then networks.
    """
    return (*SOLVABLE.names(), *NETWORKS.names())


def row_of(model: Model) -> Network | SolvableModel:
    """The row of a model.

    Parameters
    ----------
    model : mapping
        ``name``, one of `model_names` or ``FILE.py:NAME`` for a network of the user, and options.

    Returns
    -------
    Network or SolvableModel

    Raises
    ------
    InputError
        If there is none of that name, or the file cannot be used.
    """
    name = str(model.get("name", ""))
    if is_own(name):
        return own_network(name, model.get(DIGEST))
    if (network := _of_table(name)) is not None:
        return network
    if name in SOLVABLE.names():
        return SOLVABLE.find(name)
    raise InputError(
        f"unknown model {name!r}{suggestion(name, model_names())}: choose from "
        f"{', '.join(model_names())}, or give a network of yours as FILE.py:NAME."
    )


def check_model(model: Model, shape: tuple[int, ...], truth: object = None) -> None:
    """Refuse a model that does not exist or does not suit the data, before any work is done.

    Parameters
    ----------
    model : mapping
        ``name`` and options, as in `row_of`.
    shape : tuple of int
        Shape of one point.
    truth : object
        Law of the data where it is known.

    Raises
    ------
    InputError
        If the name, an option or the shape does not fit, or a network of the user is no denoiser.
    """
    row = row_of(model)
    if isinstance(row, SolvableModel):
        row.resolve(shape, _options(model), truth)
    else:
        row.resolve(shape, _options(model))


def pinned(model: Model) -> dict[str, Any]:
    """A model with what identifies the file of a network of the user.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    dict
        The same for models of the tables; else with the full path, and with ``sha256``, the digest
        of the file. Where that is given the file is not looked at before it is used: what is known
        of a trained network does not need it.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    name = str(model.get("name", ""))
    if not is_own(name):
        return dict(model)
    full = absolute_name(name, Path.cwd())
    return {DIGEST: model.get(DIGEST) or file_digest(full), **model, "name": full}


def needs_training(model: Model) -> bool:
    """Whether a model is a network.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    bool
    """
    name = str(model["name"])
    return is_own(name) or _of_table(name) is not None


def usual_training(model: object) -> dict[str, Any]:
    """Settings of the training that suit a network, where an experiment asks for no others.

    Parameters
    ----------
    model : mapping
        ``name`` and options; anything else has none.

    Returns
    -------
    dict
        Fields of `TrainingSettings`.
    """
    network = _of_table(model.get("name")) if isinstance(model, Mapping) else None
    return {} if network is None else dict(network.training)


def is_blind(model: Model) -> bool:
    """Whether a model does not see the noise level.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    bool
        False for networks of users, of which it is not known.
    """
    network = _of_table(model["name"])
    return network is not None and network.blind


def orbit_of(model: Model, shape: tuple[int, ...]) -> Orbit:
    """Symmetry group of a network.

    Parameters
    ----------
    model : mapping
        ``name`` and options.
    shape : tuple of int
        Shape of one point.

    Returns
    -------
    Orbit
        That of a network of the table; of a network of the user nothing is known.
    """
    network = _of_table(model["name"])
    return NO_ORBIT if network is None else network.orbit(shape, _options(model))


def grouping_of(model: Model) -> str:
    """How models of this kind are trained together; fixed, since it decides rounding.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    {'seed', 'pair'}
        All n of a seed as one batched ensemble, or the two sides of one n, one after the other.
    """
    row = row_of(model)
    return row.grouping if isinstance(row, Network) else "seed"


def untrained(
    model: Model,
    shape: tuple[int, ...],
    seeds: Sequence[int],
    mean: NDArray[np.float64] | float = 0.0,
    **options: Any,
) -> Ensemble:
    """Networks with fresh parameters.

    Parameters
    ----------
    model : mapping
        ``name`` and options of a network.
    shape : tuple of int
        Shape of one point.
    seeds : sequence of int
        One seed for each member.
    mean : ndarray, shape `shape`, or float
        Of the points before it was subtracted, in standard units, for networks that see it.
    **options
        Of `Ensemble`.

    Returns
    -------
    Ensemble
    """
    from convergen.empirical.models.ensemble import Ensemble

    row = row_of(model)
    if not isinstance(row, Network):
        raise InputError(f"model {row.name!r} is no network: it is fitted, not trained.")
    keywords = row.resolve(shape, _options(model))
    return Ensemble(lambda: row.assembled(shape, keywords, mean), seeds, **options)


def fitted(
    model: Model,
    training_sets: Sequence[NDArray[Any]],
    sigmas: NDArray[np.float64],
    device: Any,
    *,
    seed: int = 0,
    truth: object = None,
    report: Callable[[float], object] = lambda share: None,
    trained: Trained | None = None,
    orbit: Orbit = NO_ORBIT,
) -> Separate:
    """Solvable models, fitted.

    Parameters
    ----------
    model : mapping
        ``name`` and options of a solvable model.
    training_sets : sequence of ndarray, each of shape (n, *shape)
        One for each member, centred.
    sigmas : ndarray
        Noise levels at which they will be called.
    device : torch.device or str
        Where torch works, for models that need it.
    seed : int
        Of what is random in a fit.
    truth : object
        Law of the data where it is known.
    report : callable
        Called with the share of the work that is done, for models that take long.
    trained : Trained, optional
        The networks that it is held against; default: those of the usual budget.
    orbit : Orbit
        Symmetry of the network whose theory is fitted.

    Returns
    -------
    Separate

    Raises
    ------
    InputError
        If the model does not suit the data, or the fit did not end.
    """
    from convergen.empirical.models.separate import Separate

    row = row_of(model)
    if not isinstance(row, SolvableModel):
        raise InputError(f"model {row.name!r} is a network: it is trained, not fitted.")
    keywords = row.resolve(training_sets[0].shape[1:], _options(model), truth)
    about = trained or Trained()
    sets = TrainingSets(training_sets, sigmas, device, seed, truth, report, about, orbit)
    return Separate(row.fit(sets, **keywords))


def _options(model: Model) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in ("name", DIGEST)}


def _of_table(name: object) -> Network | None:
    """The network of the table that has a name, if one has."""
    return NETWORKS.find(str(name)) if name in NETWORKS.names() else None
