"""Training an ensemble of denoisers: a loop that its caller observes, counted in images seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from convergen.empirical.common.devices import autocast
from convergen.empirical.models.ensemble import Ensemble
from convergen.empirical.networks.preconditioning import per_point
from convergen.empirical.training.noise_stream import Batch, stream_seed, training_batch
from convergen.empirical.training.optimisers import NamedOptimiser
from convergen.empirical.training.settings import TrainingSettings


class Diverged(RuntimeError):
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class Member:
    """One training run of an ensemble.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Its training set, as rows of the data.
    seed : int
        Seed of its batches and noise.
    """

    rows: NDArray[np.int64]
    seed: int


@dataclass(frozen=True)
class Progress:
    """Where training stands.

    Attributes
    ----------
    images : int
        Images that each member has seen.
    loss : ndarray, shape (M,)
        Mean weighted loss of each member since the last report.
    snapshot : bool
        Whether `images` is on the log grid of `TrainingSettings.snapshots`.
    """

    images: int
    loss: NDArray[np.float64]
    snapshot: bool


class Trainer:
    """Trains all members of an ensemble at once.

    Parameters
    ----------
    ensemble : Ensemble
        The models; changed in place.
    points : ndarray of float32, shape (N, *shape)
        The data, in memory or a memory map; rows are gathered as they are needed.
    members : sequence of Member
        Training set and seed of each model.
    settings : TrainingSettings
        Budget, optimiser and noise.

    Attributes
    ----------
    images : int
        Images that each member has seen.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        points: NDArray[np.float32],
        members: Sequence[Member],
        settings: TrainingSettings,
    ) -> None:
        self.ensemble, self.members, self.settings = ensemble, members, settings
        self.shape = points.shape[1:]
        self.images = 0
        resident = not isinstance(points, np.memmap)
        self._points = torch.tensor(points).to(ensemble.device) if resident else points
        self._rows = [torch.tensor(member.rows, device=ensemble.device) for member in members]
        self._optimiser = NamedOptimiser(
            settings.optimizer, ensemble.parameters, settings.weight_decay
        )

    def run(self) -> Iterator[Progress]:
        """Train to the end of the budget.

        Yields
        ------
        Progress
            Every `TrainingSettings.report_images` images, at every snapshot and at the end.

        Raises
        ------
        Diverged
            If a loss is not finite.
        """
        settings = self.settings
        snapshots = set(settings.snapshot_grid())
        total, steps = torch.zeros(len(self.members), device=self.ensemble.device), 0
        while self.images < settings.images:
            total += self._step()
            steps += 1
            snapshot = self.images in snapshots
            ended = self.images >= settings.images
            if snapshot or ended or self.images % settings.report_images == 0:
                loss = (total / steps).double().cpu().numpy()
                if not np.isfinite(loss).all():
                    bad = int(np.flatnonzero(~np.isfinite(loss))[0])
                    raise Diverged(
                        f"the loss of member {bad} (n = {len(self.members[bad].rows)}) is "
                        f"{loss[bad]} after {self.images} images: lower learning_rate."
                    )
                total, steps = torch.zeros_like(total), 0
                yield Progress(self.images, loss, snapshot)

    def state(self) -> dict[str, Tensor]:
        """Everything, beside `images`, from which training continues to the same bits.

        Returns
        -------
        dict of Tensor
            Parameters, their average, buffers and the optimiser's moments, by flat names. Complete
            only where `run` has just yielded.
        """
        held = {
            "average": self.ensemble.average,
            "parameter": self.ensemble.parameters,
            "optimiser": self._optimiser.state(),
            "buffer": self.ensemble.saved_buffers,
        }
        return {
            f"{kind}/{name}": value.detach()
            for kind, values in held.items()
            for name, value in values.items()
        }

    def restore(self, state: dict[str, Tensor], images: int) -> None:
        """Go back to a saved state.

        Parameters
        ----------
        state : dict of Tensor
            From `state`.
        images : int
            Images seen at that time.

        Raises
        ------
        InputError
            If it belongs to another architecture.
        """
        parts: dict[str, dict[str, Tensor]] = {}
        for key, value in state.items():
            kind, _, name = key.partition("/")
            parts.setdefault(kind, {})[name] = value
        self.ensemble.load(
            parts.get("parameter", {}), parts.get("average", {}), parts.get("buffer", {})
        )
        self._optimiser.load(parts.get("optimiser", {}))
        self.images = images

    def _step(self) -> Tensor:
        settings = self.settings
        batches = [self._batch(member) for member in self.members]
        clean = torch.stack(
            [self._gather(rows[b.rows]) for rows, b in zip(self._rows, batches, strict=True)]
        )
        sigma = torch.stack([batch.sigma for batch in batches])
        noise = torch.stack([batch.noise for batch in batches])
        with self._network_randomness(), autocast(self.ensemble.device):
            noisy = clean + per_pair(sigma, clean) * noise
            error = (self.ensemble(noisy, sigma).float() - clean) ** 2
            loss = (settings.weight(sigma) * error.flatten(2).mean(2)).mean(1)
        self._optimiser.forget_gradients()
        # Members share no parameter, so the gradient of the sum holds that of each loss.
        loss.sum().backward()
        self._optimiser.step(settings.learning_rate_at(self.images))
        self.images += settings.batch
        self._update_average()
        return loss.detach()

    @contextmanager
    def _network_randomness(self) -> Iterator[None]:
        """What a network itself draws, such as dropout, is a function of seed and images."""
        device = self.ensemble.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(stream_seed(self.members[0].seed, self.images, 1))
            yield

    def _batch(self, member: Member) -> Batch:
        settings = self.settings
        return training_batch(
            member.seed, self.images, rows=len(member.rows), batch=settings.batch,
            shape=self.shape, sigma=(settings.sigma_min, settings.sigma_max),
            device=self.ensemble.device,
        )  # fmt: skip

    def _gather(self, rows: Tensor) -> Tensor:
        if isinstance(self._points, Tensor):
            return self._points[rows]
        found = torch.from_numpy(np.ascontiguousarray(self._points[rows.cpu().numpy()]))
        return found.to(self.ensemble.device)

    def _update_average(self) -> None:
        keep = self.settings.average_weight(self.images)
        current = [p.detach() for p in self.ensemble.parameters.values()]
        with torch.no_grad():
            get_ema_multi_avg_fn(keep)(list(self.ensemble.average.values()), current, None)


def per_pair(values: Tensor, like: Tensor) -> Tensor:
    """Append axes, so that one number per point of each member multiplies whole points.

    Parameters
    ----------
    values : Tensor, shape (M, batch)
        One number for each point.
    like : Tensor, shape (M, batch, *shape)
        Points.

    Returns
    -------
    Tensor, shape (M, batch, 1, …)
    """
    return per_point(values.flatten(), like.flatten(0, 1)).unflatten(0, values.shape)
