"""The table of networks: options, named sizes, symmetry and builder of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convergen.empirical.common.folder_table import FolderTable
from convergen.empirical.common.named_options import resolved
from convergen.theory.common.checks import InputError
from convergen.theory.networks.symmetry.orbits import Orbit
from convergen.theory.sources.options import Option

if TYPE_CHECKING:
    from torch import nn

    from convergen.theory.common.checks import FloatArray

Shape = tuple[int, ...]


def _any_shape(shape: Shape, options: Mapping[str, Any]) -> None:
    """Every shape suits."""


def _no_shift(options: Mapping[str, Any]) -> int:
    """No symmetry is known."""
    return 0


@dataclass(frozen=True)
class Network:
    """One row.

    Attributes
    ----------
    name : str
        What users write; the name of its file.
    description : str
        One line.
    build : callable
        ``build(shape, **options)`` returns the denoiser, a `torch.nn.Module` with
        ``forward(x, sigma)`` for data of unit variance. It draws its initial parameters in a fixed
        order, which decides the bits of every result.
    options : tuple of Option
        Keyword arguments of `build`; a default of None is filled in by the size.
    sizes : dict
        Options by the name of a size, from small to large; ``small`` is the default.
    grouping : {'seed', 'pair'}
        Whether all n of a seed are trained as one batched ensemble, or the pair of one n after the
        other. Fixed, since it decides rounding; `seed` where that is faster on a processor.
    check : callable
        ``check(shape, options)`` raises `InputError` where a shape does not suit.
    shift : callable
        ``shift(options)`` is the s for which the denoiser commutes with periodic translations by
        multiples of s pixels; 0 where no such symmetry is known.
    blind : bool
        Whether it does not look at σ, so that samples are drawn by stochastic ascent.
    sees_mean : bool
        Whether it is given points with their mean, as networks without biases must be. All else
        works about the mean: `module` adds it to what goes in and subtracts it from what comes out.
    training : mapping
        Settings of the training that suit it, where nothing else is asked for.
    """

    name: str
    description: str
    build: Callable[..., nn.Module]
    options: tuple[Option, ...] = ()
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grouping: str = "pair"
    check: Callable[[Shape, Mapping[str, Any]], None] = _any_shape
    shift: Callable[[Mapping[str, Any]], int] = _no_shift
    blind: bool = False
    sees_mean: bool = False
    training: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, shape: Shape, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check options and fill in those of a size and the defaults.

        Parameters
        ----------
        shape : tuple of int
            Shape of one point.
        given : mapping
            Options by name; ``size`` chooses a row of `sizes`, and an option beside it wins.

        Returns
        -------
        dict
            Keyword arguments of `build`.

        Raises
        ------
        InputError
            If an option is unknown, missing or out of range, or the shape does not suit.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        if self.sizes or "size" in chosen:
            size = chosen.pop("size", "small")
            if not isinstance(size, str) or size not in self.sizes:
                raise InputError(
                    f"model {self.name!r} has no size {size!r}: choose from "
                    f"{', '.join(self.sizes) or 'none'}."
                )
            chosen = {**self.sizes[size], **chosen}
        found = resolved(f"model {self.name!r}", self.options, chosen)
        self.check(shape, found)
        return found

    def orbit(self, shape: Shape, given: Mapping[str, Any]) -> Orbit:
        """Symmetry group under which the network sees its data.

        Parameters
        ----------
        shape : tuple of int
            Shape of one point.
        given : mapping
            As in `resolve`.

        Returns
        -------
        Orbit
            Periodic translations by its `shift`; nothing but the identity where none is known.
            Training mirrors no images.
        """
        return Orbit(self.shift(self.resolve(shape, given)))

    def module(
        self, shape: Shape, given: Mapping[str, Any], mean: FloatArray | float = 0.0
    ) -> nn.Module:
        """Build the denoiser of points about their mean.

        Parameters
        ----------
        shape : tuple of int
            Shape of one point.
        given : mapping
            As in `resolve`.
        mean : ndarray, shape `shape`, or float
            Of the points before it was subtracted, in standard units.

        Returns
        -------
        torch.nn.Module
            Its ``forward(x, sigma)`` takes x of shape (batch, *shape) and sigma of shape (batch,).
        """
        return self.assembled(shape, self.resolve(shape, given), mean)

    def assembled(
        self, shape: Shape, options: Mapping[str, Any], mean: FloatArray | float
    ) -> nn.Module:
        """Build the denoiser from options that have been checked.

        Parameters
        ----------
        shape, mean
            As in `module`.
        options : mapping
            From `resolve`.

        Returns
        -------
        torch.nn.Module
        """
        found = self.build(shape, **options)
        if not self.sees_mean:
            return found
        from convergen.empirical.networks.about_mean import AboutMean

        return AboutMean(found, mean, shape)


NETWORKS: FolderTable[Network] = FolderTable(
    "convergen.empirical.networks.architectures", "network"
)


def images_only(name: str, shape: Shape) -> None:
    """Refuse points that are no images.

    Parameters
    ----------
    name : str
        Of the network.
    shape : tuple of int
        Shape of one point.

    Raises
    ------
    InputError
        Unless it is (channels, height, width).
    """
    if len(shape) != 3:
        raise InputError(
            f"model {name!r} needs images of shape (channels, height, width), but a point has "
            f"shape {shape}: use an image data set, or model 'mlp' or 'linear'."
        )
