"""The bias-free, noise-blind convolutional denoiser (arXiv:1906.05478, arXiv:2310.02557)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from convergen.empirical.networks.table import NETWORKS, Network, images_only
from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import TEXT, WHOLE, Option

_TINY = 1e-12


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
    It never sees σ: homogeneity lets it read the noise level off the image, as in Mohan,
    Kadkhodaie, Simoncelli & Fernandez-Granda (2020). Their batch normalisation without biases is
    replaced by one over each image, so that no image knows of others; and the share of x that is
    kept, which for noise of any size lies between 0 and 1, is read off the last features.
    """

    def __init__(self, shape: tuple[int, ...], width: int, depth: int, padding: str) -> None:
        super().__init__()
        ends = [(shape[0], width), *[(width, width)] * (depth - 2), (width, shape[0])]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False, padding_mode=padding) for a, b in ends
        )
        self.gains = nn.ParameterList(torch.ones(width, 1, 1) for _ in ends[1:])
        self.kept = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.layers[-1].weight)

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
        size = _root_mean_square(x)
        unit = x / size
        hidden = self.layers[0](unit)
        for layer, gain in zip(self.layers[1:-1], self.gains[:-1], strict=True):
            hidden = hidden + layer(_normalised(hidden, gain))
        features = _normalised(hidden, self.gains[-1])
        kept = self.kept(features.mean((-2, -1)))[..., None, None]
        return size * (kept * unit + self.layers[-1](features))


def _normalised(hidden: Tensor, gain: Tensor) -> Tensor:
    return (gain * hidden / _root_mean_square(hidden)).relu()


def _root_mean_square(images: Tensor) -> Tensor:
    """Over all channels and pixels of each image."""
    return torch.sqrt(images.square().mean((-3, -2, -1), keepdim=True)) + _TINY


def check(shape: tuple[int, ...], options: Mapping[str, Any]) -> None:
    """Refuse images that cannot be padded.

    Parameters
    ----------
    shape : tuple of int
        Shape of one point.
    options : mapping
        ``padding``.

    Raises
    ------
    InputError
        If a point is no image, or has one row or column of pixels and is to be periodic.
    """
    images_only("conv", shape)
    if options["padding"] == "circular" and min(shape[1:]) < 2:
        raise InputError("circular padding needs at least 2 × 2 pixels: use padding = 'zeros'.")


def shift(options: Mapping[str, Any]) -> int:
    """Translations that it commutes with: all, if circular.

    Parameters
    ----------
    options : mapping
        ``padding``.

    Returns
    -------
    int
        1 or 0.
    """
    return int(options["padding"] == "circular")


NETWORKS.register(
    Network(
        name="conv",
        description="bias-free convolutional net that does not see the noise level",
        build=BiasFreeDenoiser,
        options=(
            Option("width", WHOLE, "hidden channels", least=1, most=2**14),
            Option("depth", WHOLE, "convolutions", least=2, most=1000),
            Option(
                "padding", TEXT, "what lies beyond the edges", "zeros",
                choices=("zeros", "circular"),
            ),
        ),
        sizes={
            "tiny": {"width": 8, "depth": 4},
            "small": {"width": 16, "depth": 6},
            "base": {"width": 64, "depth": 20},
        },
        # Ten of size small on 16 × 16 pixels take 1.25 times as long batched as one by one.
        grouping="pair",
        check=check,
        shift=shift,
    )
)  # fmt: skip
