"""Pre-trained U-Nets of the diffusers library as denoisers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convergen.empirical.networks.preconditioning import per_point
from convergen.theory.common.checks import InputError


class PretrainedDenoiser(nn.Module):
    """A trained diffusers U-Net with its noise schedule, as D(x, σ).

    Parameters
    ----------
    network : torch.nn.Module
        Called as ``network(x, t).sample`` with x of unit total variance.
    alphas_cumprod : Tensor, shape (T,)
        ᾱ_t of the schedule it was trained with, descending; ``scheduler.alphas_cumprod``.
    prediction : {'epsilon', 'sample', 'v_prediction'}
        What the network predicts; ``scheduler.config.prediction_type``.

    Notes
    -----
    A point x₀ + σε is brought to unit scale by ᾱ^{1/2} = (1 + σ²)^{−1/2}; the time step is that
    of σ, linear in log σ between the steps of the schedule.

    References
    ----------
    .. [1] Ho, Jain & Abbeel (2020), arXiv:2006.11239.
    .. [2] Salimans & Ho (2022), arXiv:2202.00512.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from convergen.empirical import PretrainedDenoiser
    >>> network = torch.nn.Identity()
    >>> network.forward = lambda x, t: SimpleNamespace(sample=torch.zeros_like(x))
    >>> schedule = torch.linspace(0.999, 0.01, 100)
    >>> denoise = PretrainedDenoiser(network, schedule, prediction="sample")
    >>> denoise(torch.ones(2, 1, 4, 4), torch.ones(2)).abs().max()
    tensor(0.)
    """

    log_sigmas: Tensor

    def __init__(
        self, network: nn.Module, alphas_cumprod: Tensor, prediction: str = "epsilon"
    ) -> None:
        super().__init__()
        if prediction not in ("epsilon", "sample", "v_prediction"):
            raise InputError(
                f"prediction {prediction!r} is unknown: choose from epsilon, sample, v_prediction."
            )
        self.network, self.prediction = network, prediction
        kept = torch.as_tensor(alphas_cumprod, dtype=torch.float64)
        self.register_buffer("log_sigmas", 0.5 * torch.log((1.0 - kept) / kept))

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Denoise.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, height, width)
            Noisy images x₀ + σε.
        sigma : Tensor, shape (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        level = per_point(sigma, x)
        total = torch.sqrt(1.0 + level**2)
        found = self.network(x / total, self._time(sigma)).sample
        if self.prediction == "epsilon":
            return x - level * found
        if self.prediction == "sample":
            return found
        # v = ᾱ^{1/2} ε − (1 − ᾱ)^{1/2} x₀, so x₀ = ᾱ^{1/2} x̃ − (1 − ᾱ)^{1/2} v with x̃ = x/total.
        return x / total**2 - level / total * found

    def _time(self, sigma: Tensor) -> Tensor:
        grid = self.log_sigmas
        wanted = torch.log(sigma.to(grid.dtype)).clamp(grid[0], grid[-1]).contiguous()
        above = torch.searchsorted(grid, wanted).clamp(1, len(grid) - 1)
        low, high = grid[above - 1], grid[above]
        return (above - 1 + (wanted - low) / (high - low)).to(sigma.dtype)
