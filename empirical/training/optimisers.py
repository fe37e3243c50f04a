"""The table of optimisers, and their state by the names of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from convergen.theory.common.checks import InputError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Parameters = Mapping[str, "Tensor"]


class Steps(Protocol):
    """What steps a list of tensors along their gradients, with a state of each."""

    @property
    def state(self) -> Mapping[Tensor, dict[str, Tensor]]:
        """What is kept of each tensor, by name."""

    def step(self, rate: float) -> None:
        """Step with this learning rate.

        Parameters
        ----------
        rate : float
            Of this step.
        """


@dataclass(frozen=True)
class Rule:
    """One row.

    Attributes
    ----------
    description : str
        One line.
    make : callable
        ``make(parameters, weight_decay)`` with a list of tensors.
    matrices : bool
        Whether it takes matrices alone, one a member; AdamW then steps all other parameters.
    """

    description: str
    make: Callable[[list[Tensor], float], Steps]
    matrices: bool = False


class _Adam:
    """Torch's function for a step of Adam: its class would load torch's compiler, in 1.1 s."""

    def __init__(self, parameters: list[Tensor], decay: float, *, decoupled: bool) -> None:
        from torch.optim.adam import adam
        from torch.optim.adamw import adamw

        self._update, self._decay = adamw if decoupled else adam, decay
        self.state: dict[Tensor, dict[str, Tensor]] = {each: {} for each in parameters}

    def step(self, rate: float) -> None:
        import torch

        moved = {each: each.grad for each in self.state if each.grad is not None}
        for each in moved:
            if not self.state[each]:
                self.state[each] = {
                    "step": torch.zeros((), device=each.device),
                    "exp_avg": torch.zeros_like(each, memory_format=torch.preserve_format),
                    "exp_avg_sq": torch.zeros_like(each, memory_format=torch.preserve_format),
                }
        first, second, steps = (
            [self.state[each][name] for each in moved] for name in ("exp_avg", "exp_avg_sq", "step")
        )
        with torch.no_grad():
            self._update(
                list(moved), list(moved.values()), first, second, [], steps,
                fused=True, amsgrad=False, beta1=0.9, beta2=0.99, lr=rate,
                weight_decay=self._decay, eps=1e-8, maximize=False,
            )  # fmt: skip


class _Optimiser:
    """One of torch's classes."""

    def __init__(self, optimiser: Optimizer) -> None:
        self._optimiser = optimiser
        self.state: Mapping[Tensor, dict[str, Tensor]] = optimiser.state

    def step(self, rate: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()


def _sgd(parameters: list[Tensor], decay: float) -> Steps:
    from torch.optim import SGD

    return _Optimiser(SGD(parameters, weight_decay=decay, momentum=0.9, nesterov=True))


def _muon(parameters: list[Tensor], decay: float) -> Steps:
    import torch

    if not hasattr(torch.optim, "Muon"):
        raise InputError(
            f"optimizer 'muon' needs torch 2.9 or newer, but this is {torch.__version__}: update "
            "it, or choose another."
        )
    # Steps of the size of AdamW's, so that one learning rate serves both (arXiv:2502.16982).
    return _Optimiser(
        torch.optim.Muon(parameters, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    )


_adam, _adamw = (partial(_Adam, decoupled=decoupled) for decoupled in (False, True))

RULES = {
    "adam": Rule("Adam; weight_decay adds to the gradient", _adam),
    "adamw": Rule("Adam with decoupled weight_decay", _adamw),
    "sgd": Rule("gradient descent with Nesterov momentum 0.9", _sgd),
    "muon": Rule("Muon for matrices, AdamW for all other parameters", _muon, matrices=True),
}


class NamedOptimiser:
    """An optimiser of stacked parameters whose state has names.

    Parameters
    ----------
    rule : str
        Key of `RULES`.
    parameters : mapping of Tensor, each of shape (M, …)
        By name; changed in place.
    weight_decay : float
        Of every step.
    """

    def __init__(self, rule: str, parameters: Parameters, weight_decay: float) -> None:
        row = RULES[rule]
        self._parameters = parameters
        # Views of one matrix each, by the name of the parameter and the member.
        self._matrices: dict[str, Tensor] = {}
        rest = dict(parameters)
        if row.matrices:
            for name in [name for name, value in parameters.items() if _holds_matrices(value)]:
                for member, value in enumerate(rest.pop(name).detach()):
                    self._matrices[f"{name}@{member}"] = value.flatten(1)
        groups = [(row.make, self._matrices), (RULES["adamw"].make, rest)]
        if not row.matrices:
            groups = [(row.make, rest)]
        self._stepped = [
            (make(list(named.values()), weight_decay), named) for make, named in groups if named
        ]

    def step(self, learning_rate: float) -> None:
        """Step along the gradients of the parameters.

        Parameters
        ----------
        learning_rate : float
            Of this step.
        """
        for name, matrix in self._matrices.items():
            stacked, _, member = name.rpartition("@")
            gradient = self._parameters[stacked].grad
            matrix.grad = None if gradient is None else gradient[int(member)].flatten(1)
        for optimiser, _ in self._stepped:
            optimiser.step(learning_rate)

    def forget_gradients(self) -> None:
        """Let the next backward pass begin anew."""
        for value in self._parameters.values():
            value.grad = None

    def state(self) -> dict[str, Tensor]:
        """Moments and counters.

        Returns
        -------
        dict of Tensor
            By ``MOMENT/PARAMETER``.
        """
        return {
            f"{moment}/{name}": value
            for optimiser, named in self._stepped
            for name, parameter in named.items()
            for moment, value in optimiser.state[parameter].items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a saved state.

        Parameters
        ----------
        state : mapping of Tensor
            From `state`, of the same rule and parameters.

        Raises
        ------
        InputError
            If it holds a parameter that there is not.
        """
        owners = {
            name: (optimiser, p) for optimiser, named in self._stepped for name, p in named.items()
        }
        for key, value in state.items():
            moment, _, name = key.partition("/")
            if name not in owners:
                raise InputError(
                    f"the checkpoint holds a state of the optimiser for {name!r}, which is no "
                    "parameter here: load it with the model and optimiser it was trained with."
                )
            optimiser, parameter = owners[name]
            # The step counter of fused optimisers lives beside the parameter, too.
            optimiser.state[parameter][moment] = value.clone().to(parameter.device)


def _holds_matrices(stacked: Tensor) -> bool:
    """Whether each member holds a matrix, or a kernel that is one: more than one row and column."""
    rows, columns = stacked.shape[1:2].numel(), stacked.shape[2:].numel()
    return rows > 1 and columns > 1
