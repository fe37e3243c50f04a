"""The bias-free, noise-blind convolutional denoiser (arXiv:1906.05478, arXiv:2310.02557)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


class BiasFreeDenoiser(nn.Module):
    """Residual stack of convolutions without biases: D(a x) = a D(x) for a > 0.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image.
    width : int
        Hidden channels.
    depth : int
        Convolutions, at least 2.
    padding : {'zeros', 'circular'}
        What lies beyond the edges; circular makes the denoiser equivariant under translations.

    Notes
    -----
    It estimates the noise, D(x) = x − f(x), and never sees σ: homogeneity lets it read the noise
    level off the image, as in Mohan, Kadkhodaie, Simoncelli & Fernandez-Granda (2020).
    """

    def __init__(
        self, shape: tuple[int, ...], width: int = 16, depth: int = 6, padding: str = "zeros"
    ) -> None:
        super().__init__()
        channels = [shape[0], *[width] * (depth - 1), shape[0]]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False, padding_mode=padding)
            for a, b in pairwise(channels)
        )
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Denoise; σ is accepted for the protocol's sake and not looked at.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, height, width)
            Noisy images.
        sigma : Tensor, shape (batch,)
            Noise standard deviations.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        hidden = x
        for layer in self.layers[:-1]:
            hidden = layer(hidden).relu()
        return x - self.layers[-1](hidden)
