"""Every model by name: exact ones, the trained linear one, and networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from convergen.empirical.models.descended_linear import TrainedLinear
from convergen.empirical.models.ensemble import Ensemble
from convergen.empirical.models.solvable import EXACT, Separate
from convergen.empirical.networks.by_name import GROUPING, NETWORKS, build, resolve_options
from convergen.theory.common.checks import InputError
from convergen.theory.common.suggestions import suggestion

TRAINED_LINEAR = "trained-linear"
MODELS = (*EXACT, TRAINED_LINEAR, *NETWORKS)
_DESCENT = ("steps", "tolerance")


def check_model(model: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Refuse a model that does not exist or does not suit the data, before any work is done.

    Parameters
    ----------
    model : mapping
        ``name``, one of `MODELS`, and its options.
    shape : tuple of int
        Shape of one point.

    Raises
    ------
    InputError
        If the name, an option or the shape does not fit.
    """
    options = {key: value for key, value in model.items() if key != "name"}
    name = str(model.get("name", ""))
    if name not in MODELS:
        raise InputError(
            f"unknown model {name!r}{suggestion(name, MODELS)}: choose from {', '.join(MODELS)}."
        )
    if name in NETWORKS:
        resolve_options(name, shape, options)
        return
    allowed = _DESCENT if name == TRAINED_LINEAR else ()
    for key in options:
        if key not in allowed:
            raise InputError(
                f"model {name!r} has no option {key!r}: it takes {', '.join(allowed) or 'none'}."
            )
    if name == "stationary-linear" and len(shape) != 3:
        raise InputError(f"model {name!r} needs images, but a point has shape {shape}.")


def needs_training(model: Mapping[str, Any]) -> bool:
    """Whether a model is a network.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    bool
    """
    return model["name"] in NETWORKS


def grouping_of(model: Mapping[str, Any]) -> str:
    """How models of this kind are best trained together; fixed, since it decides rounding.

    Parameters
    ----------
    model : mapping
        ``name`` and options.

    Returns
    -------
    {'seed', 'pair'}
        All n of a seed as one batched ensemble, or the two sides of one n, one after the other.
    """
    return GROUPING[model["name"]] if needs_training(model) else "seed"


def untrained(
    model: Mapping[str, Any], shape: tuple[int, ...], seeds: Sequence[int], **options: Any
) -> Ensemble:
    """Networks with fresh parameters.

    Parameters
    ----------
    model : mapping
        ``name``, one of `NETWORKS`, and its options.
    shape : tuple of int
        Shape of one point.
    seeds : sequence of int
        One seed for each member.
    **options
        Of `Ensemble`.

    Returns
    -------
    Ensemble
    """
    keywords = {key: value for key, value in model.items() if key != "name"}
    return Ensemble(lambda: build(model["name"], shape, **keywords), seeds, **options)


def fitted(
    model: Mapping[str, Any],
    training_sets: Sequence[NDArray[Any]],
    sigmas: NDArray[np.float64],
    device: torch.device,
) -> Separate:
    """Models whose optimum is known: closed forms, or descended to it.

    Parameters
    ----------
    model : mapping
        ``name``, not one of `NETWORKS`, and its options.
    training_sets : sequence of ndarray, each of shape (n, *shape)
        One for each member.
    sigmas : ndarray
        Levels at which they will be called; the trained linear model has a matrix for each.
    device : torch.device
        Where the descent runs.

    Returns
    -------
    Separate

    Raises
    ------
    InputError
        If the descent did not reach its tolerance.
    """
    if model["name"] != TRAINED_LINEAR:
        return Separate([EXACT[model["name"]](points) for points in training_sets])
    linear = TrainedLinear(training_sets, sigmas, device)
    end = linear.train(**{key: value for key, value in model.items() if key != "name"})
    if not end.converged:
        raise InputError(
            f"gradient descent stopped after {end.steps} steps within {end.error_bound:.1e} of "
            "the optimum: give more steps, or a larger tolerance."
        )
    return Separate([linear.denoiser(member) for member in range(linear.members)])
