"""Networks by name: their options, named sizes and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from convergen.empirical.networks.bias_free import BiasFreeDenoiser
from convergen.empirical.networks.mlp import MLP
from convergen.empirical.networks.preconditioning import Preconditioned
from convergen.empirical.networks.unet import UNet
from convergen.theory.common.checks import InputError, as_count
from convergen.theory.common.suggestions import suggestion

PADDINGS = ("zeros", "circular")

# Options of each named size; an option given beside a size wins.
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "mlp": {
        "tiny": {"width": 64, "depth": 2},
        "small": {"width": 256, "depth": 3},
        "base": {"width": 1024, "depth": 4},
    },
    "conv": {
        "tiny": {"width": 8, "depth": 4},
        "small": {"width": 16, "depth": 6},
        "base": {"width": 64, "depth": 20},
    },
    "unet": {
        "tiny": {"width": 4, "growth": (1, 2), "blocks": 1},
        "small": {"width": 8, "growth": (1, 2, 2), "blocks": 1},
        "base": {"width": 64, "growth": (1, 2, 2), "blocks": 2},
        "large": {"width": 128, "growth": (1, 2, 2, 4), "blocks": 3},
    },
}


def _mlp(shape: tuple[int, ...], **options: Any) -> nn.Module:
    return Preconditioned(MLP(shape, **options))


def _unet(shape: tuple[int, ...], **options: Any) -> nn.Module:
    return Preconditioned(UNet(shape, **options))


def _diffusers(shape: tuple[int, ...], **options: Any) -> nn.Module:
    from convergen.empirical.networks.diffusers_unet import DiffusersUNet

    return Preconditioned(DiffusersUNet(shape, **options))


_BUILDERS: dict[str, tuple[Callable[..., nn.Module], tuple[str, ...]]] = {
    "mlp": (_mlp, ("width", "depth")),
    "conv": (BiasFreeDenoiser, ("width", "depth", "padding")),
    "unet": (_unet, ("width", "growth", "blocks", "padding")),
    "diffusers": (_diffusers, ("config",)),
}
NETWORKS = tuple(_BUILDERS)
# What is faster on a processor: ten networks of size small on 16 × 16 pixels take, batched,
# 0.56 (mlp), 0.86 (unet) and 1.25 (conv) times as long as one after the other.
GROUPING = {"mlp": "seed", "conv": "pair", "unet": "seed", "diffusers": "pair"}


def resolve_options(
    name: str, shape: tuple[int, ...], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Check the options of a network and fill in those of a named size.

    Parameters
    ----------
    name : str
        One of `NETWORKS`.
    shape : tuple of int
        Shape of one point; (channels, height, width) for convolutional networks.
    options : mapping
        ``size``, one of the names in `SIZES`, default ``small``; and what the network takes:
        ``width``, ``depth``, ``growth``, ``blocks``, ``padding``, ``config``.

    Returns
    -------
    dict
        Keyword arguments of the network.

    Raises
    ------
    InputError
        If the name, an option or a value is unknown, or the shape does not suit the network.
    """
    if name not in _BUILDERS:
        raise InputError(
            f"unknown model {name!r}{suggestion(name, NETWORKS)}: choose from "
            f"{', '.join(NETWORKS)}."
        )
    given = dict(options)
    sizes = SIZES.get(name, {})
    size = given.pop("size", "small" if sizes else None)
    if size is not None and size not in sizes:
        raise InputError(
            f"model {name!r} has no size {size!r}: choose from {', '.join(sizes) or 'none'}."
        )
    allowed = _BUILDERS[name][1]
    for key in given:
        if key not in allowed:
            raise InputError(
                f"model {name!r} has no option {key!r}{suggestion(key, allowed)}: it takes "
                f"{', '.join(allowed)}."
            )
    result = {**sizes.get(size, {}), **given} if size else given
    for key in ("width", "depth", "blocks"):
        if key in result:
            result[key] = as_count(result[key], f"{name}: {key}", 2 if key == "depth" else 1)
    if result.get("padding", "zeros") not in PADDINGS:
        raise InputError(
            f"padding {result['padding']!r} is unknown: choose from {', '.join(PADDINGS)}."
        )
    if "growth" in result:
        result["growth"] = tuple(as_count(g, f"{name}: growth") for g in result["growth"])
    _check_shape(name, shape, result)
    return result


def build(name: str, shape: tuple[int, ...], **options: Any) -> nn.Module:
    """Build a denoiser network D(x, σ) for data of unit variance.

    Parameters
    ----------
    name : {'mlp', 'conv', 'unet', 'diffusers'}
        Which network.
    shape : tuple of int
        Shape of one point.
    **options
        As in `resolve_options`.

    Returns
    -------
    torch.nn.Module
        Its ``forward(x, sigma)`` takes x of shape (batch, *shape) and sigma of shape (batch,).

    Raises
    ------
    InputError
        As `resolve_options`.
    """
    resolved = resolve_options(name, shape, options)
    return _BUILDERS[name][0](shape, **resolved)


def _check_shape(name: str, shape: tuple[int, ...], options: Mapping[str, Any]) -> None:
    if name == "mlp":
        return
    if len(shape) != 3:
        raise InputError(
            f"model {name!r} needs images of shape (channels, height, width), but a point has "
            f"shape {shape}: use an image data set, or model 'mlp' or 'linear'."
        )
    if name == "unet":
        factor = 2 ** (len(options["growth"]) - 1)
        if shape[1] % factor or shape[2] % factor or min(shape[1:]) < 2 * factor:
            raise InputError(
                f"a U-Net on {len(options['growth'])} grids needs sides that are multiples of "
                f"{factor} and at least {2 * factor}, but images have {shape[1]} × {shape[2]} "
                "pixels: crop them, or give a shorter growth."
            )
    if name == "conv" and options.get("padding") == "circular" and min(shape[1:]) < 2:
        raise InputError("circular padding needs at least 2 × 2 pixels: use padding = 'zeros'.")
