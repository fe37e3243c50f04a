"""Many small networks of one architecture with stacked parameters, run as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from convergen.empirical.models.torch_denoiser import TorchDenoiser
from convergen.empirical.networks.about_mean import AboutMean
from convergen.theory.common.checks import InputError

Parameters = Mapping[str, Tensor]

# Points of each member that one call evaluates without gradients: bounds the memory.
_CHUNK = 256
_DIVERGED = "its training diverged, lower learning_rate"


class Ensemble:
    """M independent networks of one architecture.

    Parameters
    ----------
    build : callable
        Makes one module with ``forward(x, sigma)``.
    seeds : sequence of int
        One seed of the initial parameters for each member.
    device : torch.device or str
        Where it lives.
    batched : bool
        Evaluate all members in one vectorised call; otherwise one after the other. The results
        agree to rounding, the speed depends on the architecture.
    compiled : bool
        Pass the evaluation through `torch.compile`.

    Attributes
    ----------
    parameters : dict of Tensor, shape (M, …)
        What is trained.
    average : dict of Tensor, shape (M, …)
        Exponential moving average of the parameters; what is measured.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        batched: bool = True,
        compiled: bool = False,
    ) -> None:
        self.device = torch.device(device)
        modules = [_seeded(build, seed).to(self.device) for seed in seeds]
        self.members = len(modules)
        self.batched = batched and self.members > 1
        stacked, self.buffers = stack_module_state(modules)
        # Only its code is used: every call brings parameters and buffers along.
        self.template = modules[0].to("meta")
        self.parameters: dict[str, Tensor] = {
            name: value.detach().clone().requires_grad_() for name, value in stacked.items()
        }
        self.average = {name: value.detach().clone() for name, value in stacked.items()}
        self._evaluate: Callable[..., Tensor] = self._apply
        if compiled and self.batched:
            self._evaluate = _compiled(self._apply)
        elif compiled:  # one member: the others run the same code
            self._evaluate = partial(self._apply, one=_compiled(self._one))

    @property
    def size(self) -> int:
        """Number of parameters of one member."""
        return sum(value[0].numel() for value in self.parameters.values())

    def __call__(self, x: Tensor, sigma: Tensor, parameters: Parameters | None = None) -> Tensor:
        """Denoise the points of every member.

        Parameters
        ----------
        x : Tensor, shape (M, batch, *shape)
            Noisy points.
        sigma : Tensor, shape (M, batch)
            Noise standard deviations.
        parameters : mapping of Tensor, optional
            Used instead of `parameters`, e.g. `average`.

        Returns
        -------
        Tensor, shape (M, batch, *shape)
        """
        training = parameters is None
        self._set_mode(training)
        return self._evaluate(self.parameters if training else parameters, x, sigma)

    def denoiser(self, member: int) -> TorchDenoiser:
        """The averaged model of one member.

        Parameters
        ----------
        member : int
            Which one.

        Returns
        -------
        TorchDenoiser
            x of shape (batch, *shape).
        """
        own = self._slice(self.average, member)

        def one(x: Tensor, sigma: Tensor) -> Tensor:
            self._set_mode(training=False)
            return functional_call(self.template, own, (x, sigma))

        return TorchDenoiser(one, self.device, advice=_DIVERGED)

    def denoisers(self) -> TorchDenoiser:
        """All averaged models as one denoiser, so that a sampler serves all in one run.

        Returns
        -------
        TorchDenoiser
            x of shape (M · batch, *shape), the points of the first member first.
        """

        def together(x: Tensor, sigma: Tensor) -> Tensor:
            self._set_mode(training=False)
            points = x.unflatten(0, (self.members, -1))
            levels = sigma.unflatten(0, (self.members, -1))
            parts = zip(points.split(_CHUNK, dim=1), levels.split(_CHUNK, dim=1), strict=True)
            found = [self._apply(self.average, part, level) for part, level in parts]
            return torch.cat(found, dim=1).flatten(0, 1)

        return TorchDenoiser(together, self.device, batch=2**62, advice=_DIVERGED)

    @property
    def origin(self) -> NDArray[np.float64] | None:
        """Point about which the members are homogeneous, shape of a point; None where none is."""
        if not isinstance(self.template, AboutMean):
            return None
        return -self.buffers["mean"][0].double().cpu().numpy()

    @property
    def saved_buffers(self) -> dict[str, Tensor]:
        """Buffers that training may change, such as running means, shape (M, …)."""
        kept = self.template.state_dict().keys()
        return {name: value for name, value in self.buffers.items() if name in kept}

    def load(self, parameters: Parameters, average: Parameters, buffers: Parameters) -> None:
        """Replace all parameters by saved ones.

        Parameters
        ----------
        parameters, average, buffers : mapping of Tensor, shape (M, …)
            As `parameters`, `average` and `saved_buffers`.

        Raises
        ------
        InputError
            If names or shapes are those of another architecture.
        """
        for target, source in (
            (self.parameters, parameters), (self.average, average), (self.saved_buffers, buffers),
        ):  # fmt: skip
            wanted = {name: tuple(value.shape) for name, value in target.items()}
            found = {name: tuple(value.shape) for name, value in source.items()}
            if wanted != found:
                odd = sorted(set(wanted.items()) ^ set(found.items()))[0]
                raise InputError(
                    f"the checkpoint is that of another architecture ({odd[0]} of shape {odd[1]} "
                    "is in one of the two only): load it with the model it was trained with."
                )
            with torch.no_grad():
                for name, value in target.items():
                    value.copy_(source[name])

    def _set_mode(self, training: bool) -> None:
        """Dropout, running means and the like work in training only."""
        if self.template.training != training:
            self.template.train(training)

    def _slice(self, parameters: Parameters, member: int) -> dict[str, Tensor]:
        return {name: value[member] for name, value in (*parameters.items(), *self.buffers.items())}

    def _one(self, own: Parameters, x: Tensor, sigma: Tensor) -> Tensor:
        return functional_call(self.template, dict(own), (x, sigma))

    def _apply(
        self,
        parameters: Parameters,
        x: Tensor,
        sigma: Tensor,
        one: Callable[[Parameters, Tensor, Tensor], Tensor] | None = None,
    ) -> Tensor:
        one = one or self._one
        if self.batched:
            return torch.vmap(one)({**parameters, **self.buffers}, x, sigma)
        found = [one(self._slice(parameters, m), x[m], sigma[m]) for m in range(self.members)]
        return torch.stack(found)


def _compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Compile for fixed shapes, the only ones that `torch.vmap` of every layer accepts."""
    # A few versions of one function are kept, those of earlier ensembles among them; beyond that
    # number calls are no longer compiled, without a word.
    torch.compiler.reset()
    compiled: Callable[..., Tensor] = torch.compile(function, dynamic=False)
    return compiled


def _seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build with torch's initialisers, which know only the global generator; it is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
