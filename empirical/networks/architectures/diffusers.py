"""U-Nets of the diffusers library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from convergen.empirical.common.named_options import TABLE
from convergen.empirical.networks.preconditioning import Preconditioned
from convergen.empirical.networks.table import NETWORKS, Network, images_only
from convergen.theory.messages.optional_packages import package_missing
from convergen.theory.sources.options import Option

# A U-Net of about the size of our `base`, for images of at least 16 × 16 pixels.
_DEFAULT = {
    "block_out_channels": (64, 128),
    "down_block_types": ("DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D"),
    "layers_per_block": 2,
    "norm_num_groups": 8,
}


def _library() -> Any:
    try:
        import diffusers
    except ImportError as error:
        raise package_missing("the network diffusers", "diffusers", "diffusers") from error
    return diffusers


class DiffusersUNet(nn.Module):
    """A ``UNet2DModel`` as the network F(x, c_noise) of a preconditioned denoiser.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image.
    config : mapping, optional
        Arguments of ``diffusers.UNet2DModel`` beside shapes.
    """

    def __init__(self, shape: tuple[int, ...], config: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.network = _library().UNet2DModel(
            sample_size=shape[1:], in_channels=shape[0], out_channels=shape[0],
            **(_DEFAULT if config is None else config),
        )  # fmt: skip

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """Evaluate; c_noise takes the place of the time step, in thousandths.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, height, width)
            Images of unit variance.
        noise : Tensor, shape (batch,)
            Value of c_noise.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
        """
        return self.network(x, 1000.0 * noise).sample


def build(shape: tuple[int, ...], config: Mapping[str, Any] | None = None) -> nn.Module:
    """Preconditioned denoiser.

    Parameters
    ----------
    shape : tuple of int
        (channels, height, width) of one image.
    config : mapping, optional
        As in `DiffusersUNet`.

    Returns
    -------
    torch.nn.Module
    """
    return Preconditioned(DiffusersUNet(shape, config))


NETWORKS.register(
    Network(
        name="diffusers",
        description="UNet2DModel of the diffusers library",
        build=build,
        options=(Option("config", TABLE, "arguments of UNet2DModel beside shapes"),),
        grouping="pair",
        check=lambda shape, options: images_only("diffusers", shape),
    )
)
