"""The neural tangent kernel of infinitely wide ReLU convolutional networks (arXiv:1904.11955).

All pairs of pixels of all pairs of images, a tile at a time, on any device of torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from convergen.empirical.common.devices import choose_device
from convergen.theory.common.checks import InputError, as_count, as_nonnegative
from convergen.theory.common.machine.memory import need_memory

PADDINGS = ("zeros", "circular")
# Bytes of work arrays, and how many arrays of the size of a tile are alive at once.
_MEMORY = {"cpu": 2**28, "cuda": 2**32}
_ALIVE = 7


@dataclass(frozen=True)
class Readout:
    """What the last layer does with the features of all pixels.

    Attributes
    ----------
    every_pair : bool
        Whether it mixes pixels, so that covariances between different pixels are needed.
    outputs : callable
        Outputs of one image of so many pixels.
    close : callable
        ``close(kernel, layer)`` takes the kernel of the last features and the sum over patches to
        the kernel of the outputs, in the layout (images, images) or of pixels.
    """

    every_pair: bool
    outputs: Callable[[int], int]
    close: Callable[[Tensor, Layer], Tensor]


@dataclass(frozen=True)
class Layer:
    """One 3 × 3 convolution of pairs of features.

    Attributes
    ----------
    circular : bool
        Whether images wrap around; otherwise zeros lie beyond their edges.
    every_pair : bool
        Whether the tile holds all pairs of pixels or equal pixels only.
    bias : float
        Variance of the biases.
    """

    circular: bool
    every_pair: bool
    bias: float

    def __call__(self, kernel: Tensor) -> Tensor:
        """Mean of a kernel over the patches around each pair of pixels, plus that of the biases.

        Parameters
        ----------
        kernel : Tensor, shape (n, m, h, w, h, w), or (…, h, w) for equal pixels
            Covariances of features.

        Returns
        -------
        Tensor, same shape
        """
        for axes in (-4, -2), (-3, -1):
            kernel = self._shifted(kernel, axes if self.every_pair else (axes[1],))
        return kernel.div_(9.0).add_(self.bias)

    def _shifted(self, kernel: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Sum over shifts by −1, 0 and 1 of all axes together."""
        if self.circular:
            one = (1,) * len(axes)
            back = (-1,) * len(axes)
            return kernel.roll(one, axes).add_(kernel).add_(kernel.roll(back, axes))
        total = kernel.clone()
        low, high = (_part(kernel.ndim, axes, part) for part in (slice(None, -1), slice(1, None)))
        total[high] += kernel[low]
        total[low] += kernel[high]
        return total


def _part(dims: int, axes: tuple[int, ...], part: slice) -> tuple[slice, ...]:
    """Index that takes a part of some axes and all of the others."""
    index = [slice(None)] * dims
    for axis in axes:
        index[axis] = part
    return tuple(index)


READOUTS: dict[str, Readout] = {
    "pool": Readout(True, lambda pixels: 1, lambda k, layer: k.mean((2, 3, 4, 5)).add_(layer.bias)),
    "flatten": Readout(False, lambda pixels: 1, lambda k, layer: k.mean((2, 3)).add_(layer.bias)),
    "pixel": Readout(True, lambda pixels: pixels, lambda k, layer: _by_pixels(layer(k))),
}


def _by_pixels(kernel: Tensor) -> Tensor:
    n, m, height, width = kernel.shape[:4]
    pixels = height * width
    flat = kernel.reshape(n, m, pixels, pixels).transpose(1, 2)
    return flat.reshape(n * pixels, m * pixels)


def gram(
    x: ArrayLike | Tensor,
    y: ArrayLike | Tensor | None = None,
    *,
    depth: int = 3,
    readout: str = "pool",
    padding: str = "zeros",
    bias: float = 0.0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
    memory: int | None = None,
) -> Tensor:
    """Neural tangent kernel of 3 × 3 convolutional ReLU networks of infinite width.

    Parameters
    ----------
    x : array_like or Tensor, shape (n, channels, height, width)
        Images.
    y : array_like or Tensor, shape (m, channels, height, width), optional
        Others; default: `x`, of which half the tiles are computed.
    depth : int
        Convolutions, each followed by a ReLU, before the readout.
    readout : {'pool', 'flatten', 'pixel'}
        Mean over all pixels, then one dense output; a dense output of all pixels; or a last
        convolution to an image, whose kernel is that between all pixels.
    padding : {'zeros', 'circular'}
        What lies beyond the edges.
    bias : float
        Variance of the biases, those of weights being 2/fan-in (1/fan-in in the first layer).
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    dtype : torch.dtype
        float64 or float32. In float32 entries near the diagonal are right to about 3e-4, because
        the kernel has a corner there; elsewhere to about 1e-6.
    memory : int, optional
        Bytes for work arrays; default 256 MiB on a CPU, 4 GiB on a GPU.

    Returns
    -------
    Tensor, shape (n, m), or (n · pixels, m · pixels) for ``pixel``
        On the device.

    Raises
    ------
    InputError
        If images, readout or padding are not as above, or one pair of images exceeds the memory.

    Notes
    -----
    Cost: depth · n · m · (height · width)² pairs of pixels for ``pool`` and ``pixel``, and
    depth · n · m · height · width for ``flatten``. arXiv:1904.11955, section 4; the mean over pairs
    of pixels at the end is that of global average pooling.
    """
    chosen = choose_device(device)
    if readout not in READOUTS or padding not in PADDINGS:
        raise InputError(
            f"readout = {readout!r} and padding = {padding!r} were given: readout is one of "
            f"{', '.join(READOUTS)}, padding one of {', '.join(PADDINGS)}."
        )
    last, layers = READOUTS[readout], as_count(depth, "depth")
    layer = Layer(padding == "circular", last.every_pair, float(as_nonnegative(bias, "bias")))
    left = _images(x, chosen, dtype)
    right = left if y is None else _images(y, chosen, dtype)
    if left.shape[1:] != right.shape[1:]:
        raise InputError(
            f"images of shapes {tuple(left.shape[1:])} and {tuple(right.shape[1:])} have no kernel "
            "in common: give images of one shape."
        )
    pixels = left.shape[-2] * left.shape[-1]
    outputs = last.outputs(pixels)
    rows, columns = len(left) * outputs, len(right) * outputs
    if chosen.type == "cpu":
        need_memory(rows * columns * left.element_size(), "the kernel", "give fewer images")
    result = torch.empty(rows, columns, dtype=dtype, device=chosen)
    own, other = (_variances(images, layers, layer) for images in (left, right))
    side = _side(pixels ** (2 if last.every_pair else 1) * left.element_size(), chosen, memory)
    for some, others in _tiles(len(left), len(right), side, symmetric=y is None):
        pairs = [(a[some], b[others]) for a, b in zip(own, other, strict=True)]
        tile = last.close(_features(left[some], right[others], pairs, layer), layer)
        down, across = (_outputs(part, outputs) for part in (some, others))
        result[down, across] = tile
        if y is None:
            result[across, down] = tile.T
    return result


def _features(x: Tensor, y: Tensor, variances: list[tuple[Tensor, Tensor]], layer: Layer) -> Tensor:
    """Tangent kernel of the features after the last ReLU."""
    covariance = layer(_products(x, y, every_pair=layer.every_pair))
    tangent = covariance.clone()
    for step, (own, other) in enumerate(variances):
        covariance, slope = _relu(covariance, _spread(own, other, layer.every_pair))
        tangent.mul_(slope)
        if step + 1 < len(variances):
            tangent = layer(tangent)
            covariance = layer(covariance)
            # The bias of the tangent kernel is that of the covariance.
            tangent.add_(covariance).sub_(layer.bias)
    return tangent.add_(covariance)


def _relu(covariance: Tensor, norm: Tensor) -> tuple[Tensor, Tensor]:
    """2 E[φ(u)φ(v)] and 2 E[φ'(u)φ'(v)] of Gaussian u, v: arccosine kernels of order 1 and 0."""
    tiny = torch.finfo(norm.dtype).tiny
    cosine = covariance.div_(norm.clamp_min(tiny)).clamp_(-1.0, 1.0)
    angle = torch.acos(-cosine)
    root = (1.0 - cosine.square()).sqrt_()
    return root.addcmul_(cosine, angle).mul_(norm).div_(math.pi), angle.div_(math.pi)


def _products(x: Tensor, y: Tensor, *, every_pair: bool) -> Tensor:
    """Means over channels of products of pixels: of all pairs of pixels, or of equal ones."""
    letters = "nchw,mcij->nmhwij" if every_pair else "nchw,mchw->nmhw"
    return torch.einsum(letters, x, y).div_(x.shape[1]).contiguous()


def _spread(own: Tensor, other: Tensor, every_pair: bool) -> Tensor:
    """Products of the standard deviations of two sets of features, in the layout of a tile."""
    if every_pair:
        return own[:, None, :, :, None, None] * other[None, :, None, None, :, :]
    return own[:, None] * other[None]


def _variances(images: Tensor, depth: int, layer: Layer) -> list[Tensor]:
    """Standard deviations of the features before each ReLU, which keeps them: (n, h, w) each."""
    alone = Layer(layer.circular, False, layer.bias)
    found = [alone(images.square().mean(1))]
    while len(found) < depth:
        found.append(alone(found[-1].clone()))
    return [variance.sqrt() for variance in found]


def _images(images: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    found = torch.as_tensor(images).to(device, dtype)
    if found.ndim != 4 or min(found.shape) < 1:
        raise InputError(
            f"images of shape {tuple(found.shape)} were given: give (n, channels, height, width)."
        )
    if not bool(torch.isfinite(found).all()):
        raise InputError("the images hold values that are NaN or infinite: remove them.")
    return found


def _side(pair_bytes: int, device: torch.device, memory: int | None) -> int:
    """Images on each side of a tile."""
    room = _MEMORY[device.type] if memory is None else as_count(memory, "memory")
    if _ALIVE * pair_bytes > room:
        raise InputError(
            f"the kernel of one pair of images needs {_ALIVE * pair_bytes:,} bytes of work arrays, "
            f"but {room:,} are allowed: give smaller images, the readout 'flatten', or more memory."
        )
    return math.isqrt(room // (_ALIVE * pair_bytes))


def _tiles(n: int, m: int, side: int, *, symmetric: bool) -> Iterator[tuple[slice, slice]]:
    for row in range(0, n, side):
        for column in range(row if symmetric else 0, m, side):
            yield slice(row, min(n, row + side)), slice(column, min(m, column + side))


def _outputs(images: slice, each: int) -> slice:
    return slice(images.start * each, images.stop * each)
