"""EDM preconditioning: a network that sees inputs and targets of unit variance at every σ."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def per_point(values: Tensor, like: Tensor) -> Tensor:
    """Append axes, so that one number per point multiplies whole points.

    Parameters
    ----------
    values : Tensor, shape (batch,)
        One number for each point.
    like : Tensor, shape (batch, *shape)
        Points.

    Returns
    -------
    Tensor, shape (batch, 1, …)
    """
    return values.reshape(-1, *[1] * (like.ndim - 1))


class Preconditioned(nn.Module):
    """D(x, σ) = c_skip x + c_out F(c_in x, c_noise), with unit variance of the data.

    Parameters
    ----------
    network : torch.nn.Module
        F(x, c_noise), x of shape (batch, *shape), c_noise of shape (batch,).

    Notes
    -----
    c_skip = 1/(1 + σ²), c_out = σ/(1 + σ²)^{1/2}, c_in = 1/(1 + σ²)^{1/2} and
    c_noise = (log σ)/4: arXiv:2206.00364, table 1, for data of standard deviation 1.

    Examples
    --------
    >>> import torch
    >>> from convergen.empirical import Preconditioned
    >>> network = Preconditioned(lambda x, noise: torch.zeros_like(x))
    >>> network(torch.ones(2, 3), torch.ones(2))
    tensor([[0.5000, 0.5000, 0.5000],
            [0.5000, 0.5000, 0.5000]])
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Denoise.

        Parameters
        ----------
        x : Tensor, shape (batch, *shape)
            Noisy points, data of unit variance plus σ times noise.
        sigma : Tensor, shape (batch,)
            Noise standard deviations, > 0.

        Returns
        -------
        Tensor, shape (batch, *shape)
        """
        total = per_point(torch.sqrt(1.0 + sigma**2), x)
        level = per_point(sigma, x)
        return x / total**2 + level / total * self.network(x / total, torch.log(sigma) / 4.0)
