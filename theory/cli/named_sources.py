"""From the words of the command line to a spectrum, a data matrix and sample sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.theory.common.checks import (
    InputError,
    as_count,
    as_positive,
)
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    from convergen.theory.mixtures.mixture import GaussianMixture

NAMES = ("isotropic", "spiked", "power-law", "mixture", "digits")
_DIM = 300
_ALPHA = 1.0
_SPIKES = (10.0, 4.0)
_COMPONENTS = 2
_LARGEST_MIXTURE = 10_000
_SIGNAL = 4.0


@dataclass(frozen=True)
class SourceOptions:
    """Options that belong to some sources only; None where the user gave none.

    Attributes
    ----------
    dim, alpha, spikes
        Dimension, power-law exponent and spike eigenvalues of an analytic source.
    size, grey
        Resize and conversion of a folder of images.
    key
        Name of the array in a ``.npz`` file.
    components, signal
        Number of components and squared norm of the means of a mixture.
    """

    dim: int | None = None
    alpha: float | None = None
    spikes: tuple[float, ...] = ()
    size: int | None = None
    grey: bool = False
    key: str | None = None
    components: int | None = None
    signal: float | None = None


@dataclass(frozen=True)
class Source:
    """A resolved source.

    Attributes
    ----------
    name : str
        As the user wrote it.
    spectrum : Spectrum
        Its population spectrum.
    data : ndarray or None
        The data matrix, if the source is a data set.
    mixture : GaussianMixture or None
        The mixture, if it is one.
    """

    name: str
    spectrum: Spectrum
    data: NDArray[Any] | None = None
    mixture: GaussianMixture | None = None

    @property
    def law(self) -> Any:
        """What `collapse.data_laws.as_law` takes: mixture, data set or Gaussian."""
        if self.mixture is not None:
            return self.mixture
        return self.spectrum if self.data is None else self.data


def resolve(name: str, options: SourceOptions) -> Source:
    """Find what the user means by SOURCE.

    Parameters
    ----------
    name : str
        One of `NAMES`, or a path.
    options : SourceOptions
        What was given beside it.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the source is unknown, or an option does not belong to it.
    """
    analytic = name in NAMES and name != "digits"
    allowed = {
        "--dim": analytic,
        "--alpha": name in ("power-law", "spiked"),
        "--spike": name == "spiked",
        "--components": name == "mixture",
        "--signal": name == "mixture",
        "--size": name not in NAMES,
        "--grey": name not in NAMES,
        "--key": name.endswith(".npz"),
    }
    given = {
        "--dim": options.dim is not None,
        "--alpha": options.alpha is not None,
        "--spike": bool(options.spikes),
        "--components": options.components is not None,
        "--signal": options.signal is not None,
        "--size": options.size is not None,
        "--grey": options.grey,
        "--key": options.key is not None,
    }
    for flag, used in given.items():
        if used and not allowed[flag]:
            raise InputError(f"{flag} does not apply to the source {name!r}: leave it out.")
    if name == "mixture":
        return _mixture(options)
    if analytic:
        return Source(name, _analytic(name, options))
    if name == "digits":
        from convergen.theory.data.array_files import load_digits

        data = load_digits()
        return Source(name, Spectrum.from_data(data, source=name), data)
    path = Path(name)
    if not path.exists():
        raise InputError(
            f"unknown source {name!r}: use {', '.join(NAMES)}, or the path of a .npy or .npz file "
            "or of a folder of images that exists."
        )
    from convergen.theory.data.array_files import load_array

    images = load_array(path, size=options.size, grey=options.grey, key=options.key)
    return Source(name, Spectrum.from_data(images, source=path.name), images)


def _analytic(name: str, options: SourceOptions) -> Spectrum:
    dim = _DIM if options.dim is None else options.dim
    if name == "isotropic":
        return Spectrum.isotropic(dim)
    if name == "power-law":
        return Spectrum.power_law(dim, _ALPHA if options.alpha is None else options.alpha)
    spikes = options.spikes or _SPIKES
    if options.alpha is None or dim <= len(spikes):
        return Spectrum.spiked(dim, spikes)
    return Spectrum.spiked(dim, spikes, Spectrum.power_law(dim - len(spikes), options.alpha))


def _mixture(options: SourceOptions) -> Source:
    """Equal components with unit covariance, their means the corners of a simplex."""
    from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum
    from convergen.theory.mixtures.mixture import GaussianMixture

    dim = as_count(_DIM if options.dim is None else options.dim, "--dim", 2)
    if dim > _LARGEST_MIXTURE:
        raise InputError(
            f"a mixture in dimension {dim} needs a covariance of {8e-9 * dim**2:.0f} GB: use --dim "
            f"of at most {_LARGEST_MIXTURE}."
        )
    count = _COMPONENTS if options.components is None else options.components
    count = as_count(count, "--components", 2)
    signal = float(as_positive(_SIGNAL if options.signal is None else options.signal, "--signal"))
    if count > dim:
        raise InputError(
            f"{count} components need at least as many dimensions, but --dim is {dim}: raise it."
        )
    # Corners of a regular simplex about the origin, each at distance sqrt(signal).
    corners = np.eye(count) - 1.0 / count
    corners *= np.sqrt(signal * count / (count - 1.0))
    means = np.zeros((count, dim))
    means[:, :count] = corners
    mixture = GaussianMixture(np.full(count, 1.0 / count), means, np.ones(count))
    spectrum = mixture_spectrum(mixture, f"mixture of {count}, signal {signal:g}")
    return Source("mixture", spectrum, None, mixture)
