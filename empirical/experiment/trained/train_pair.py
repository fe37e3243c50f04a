"""Train a pair of any networks on disjoint sets and measure it: one call, no folder."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import InputError, as_count, as_seed

if TYPE_CHECKING:
    import xarray as xr
    from torch import nn

    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.networks.table import Network


def train_pair(
    network: str | nn.Module | Callable[..., nn.Module],
    data: str | DataSet | ArrayLike,
    samples: int | Sequence[int],
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    measure: MeasureSettings | None = None,
    device: str = "auto",
    **training: Any,
) -> xr.Dataset:
    """Train two networks on disjoint sets of n points, for every n, and measure what they learnt.

    Parameters
    ----------
    network : str, torch.nn.Module or callable
        Name of a network (``"unet"``, ``"my_net.py:Net"``); a class or function that returns a
        module, called anew for each of them; or a module, of which each begins as a copy. Its
        ``forward(x, sigma)`` takes x of shape (batch, *shape) in standard units and sigma of shape
        (batch,), and returns the clean points. Nothing given is changed.
    data : str, DataSet or array_like, shape (N, d), (N, h, w) or (N, channels, h, w)
        Name of a data set that needs no options (``"digits"``); what `load_data` returns; or
        points, whose mean is subtracted and which are divided by their standard deviation.
    samples : int or sequence of int
        Training samples n.
    seed : int
        Of splits, initial parameters, batches and noise.
    options : mapping, optional
        Keyword arguments of the network, such as ``{"width": 16}``.
    measure : MeasureSettings, optional
        What is measured.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    **training
        Fields of `TrainingSettings`: ``images=6400``, ``learning_rate=1e-3``, …

    Returns
    -------
    xarray.Dataset
        Along ``samples``, ``side``, ``factor``, ``sigma``: ``convergence`` (q, the overlap of the
        two), ``convergence_to_truth``, ``memorisation`` (m) and its baseline on unseen points,
        ``latent_recovery`` (Q), ``train_error`` and ``test_error`` of denoising, and more, each
        with its long name; settings, seed and versions stand in ``attrs``. It is what
        ``convergen train`` saves of one seed.

    Raises
    ------
    InputError
        If the network is no denoiser, the data do not suffice, or a setting is out of range.
    Diverged
        If a loss becomes NaN or infinite.

    Examples
    --------
    >>> from convergen.empirical import train_pair
    >>> found = train_pair("mlp", "digits", [8], options={"size": "tiny"}, images=640)
    >>> found["convergence"].sizes  # q of each n
    Frozen({'seed': 1, 'samples': 1})
    """
    from convergen.empirical.common.devices import choose_device, pays_to_compile
    from convergen.empirical.experiment.cells import with_seed
    from convergen.empirical.experiment.declared.deciding import LEAST_HELD_OUT
    from convergen.empirical.experiment.declared.declaration import SplitSettings
    from convergen.empirical.experiment.trained.members import initial_seeds, members
    from convergen.empirical.measure.evaluation_set import Subjects
    from convergen.empirical.measure.measure import measure as measured
    from convergen.empirical.measure.settings import MeasureSettings
    from convergen.empirical.models.ensemble import Ensemble
    from convergen.empirical.splits.splits import split
    from convergen.empirical.training.settings import TrainingSettings
    from convergen.empirical.training.trainer import Trainer

    sizes = _sizes(samples)
    chosen = as_seed(seed, "seed")
    about = measure or MeasureSettings()
    where = choose_device(device)
    row = _row(network)
    points = _data(data)
    keywords = row.resolve(points.shape, options or {})
    settings = TrainingSettings(**{**row.training, **_known(TrainingSettings, training)})
    rest = 0 if points.truth is not None else LEAST_HELD_OUT
    limit = SplitSettings().duplicate_limit
    splits = split(points, sizes, chosen, duplicate_limit=limit, held_out=rest)
    subjects = Subjects(points, splits, sizes, settings, about, row.blind)
    models = Ensemble(
        lambda: row.assembled(points.shape, keywords, points.standard_mean),
        initial_seeds(subjects, chosen),
        device=where, batched=row.grouping == "seed",
        compiled=pays_to_compile(where, settings.steps),
    )  # fmt: skip
    for _ in Trainer(models, points.points, members(subjects, chosen), settings).run():
        pass
    result = with_seed(measured(models, subjects), chosen)
    return result.assign_attrs(_origin(row.name, keywords, points, settings, about))


def _sizes(samples: int | Sequence[int]) -> tuple[int, ...]:
    given = [samples] if np.ndim(samples) == 0 else list(samples)  # type: ignore[arg-type]
    return tuple(sorted({as_count(n, "samples") for n in given}))


def _known(settings: type, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse keywords that are no settings."""
    from convergen.empirical.common.named_options import resolved
    from convergen.empirical.common.settings import options_of

    resolved("training", options_of(settings), given)
    return given


def _row(network: str | nn.Module | Callable[..., nn.Module]) -> Network:
    from torch import nn

    from convergen.empirical.models.by_name import row_of
    from convergen.empirical.networks.own_network import row_for
    from convergen.empirical.networks.table import Network

    if isinstance(network, str):
        row = row_of({"name": network})
        if not isinstance(row, Network):
            raise InputError(f"model {network!r} is fitted, not trained: give a network.")
        return row
    if isinstance(network, nn.Module):
        return row_for(type(network).__name__, lambda: copy.deepcopy(network))
    return row_for(getattr(network, "__name__", repr(network)), network)


def _data(data: str | DataSet | ArrayLike) -> DataSet:
    from convergen.empirical.data.dataset import DataSet
    from convergen.empirical.data.kinds import load_data
    from convergen.empirical.data.standard_units import standardised
    from convergen.theory.data.images.layout import oriented

    if isinstance(data, DataSet):
        return data
    if isinstance(data, str):
        return load_data(data)
    laid = oriented(np.asarray(data), "data")
    return standardised(laid.rows, laid.point, name="data")


def _origin(
    name: str, options: Mapping[str, Any], data: DataSet, training: Any, measure: Any
) -> dict[str, str]:
    """What a result records of where it came from."""
    from convergen.theory.common.versions import package_version

    packages = ("convergen", "torch", "numpy", "scipy")
    return {
        "model": json.dumps({"name": name, **options}, default=str),
        "data": data.name,
        "data_fingerprint": data.fingerprint,
        "training": json.dumps(asdict(training)),
        "measure": json.dumps(asdict(measure)),
        "versions": json.dumps({package: package_version(package) for package in packages}),
        "references": "arXiv:2605.21402",
    }
