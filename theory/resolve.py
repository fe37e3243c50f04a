"""From the words of the command line to a spectrum, a data matrix and sample sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.checks import FloatArray, InputError, as_samples
from theory.spectrum import Spectrum

NAMES = ("isotropic", "spiked", "power-law", "digits")
_DIM = 300
_ALPHA = 1.0
_SPIKES = (10.0, 4.0)


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
    """

    dim: int | None = None
    alpha: float | None = None
    spikes: tuple[float, ...] = ()
    size: int | None = None
    grey: bool = False
    key: str | None = None


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
    """

    name: str
    spectrum: Spectrum
    data: NDArray[Any] | None


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
    analytic = name in ("isotropic", "spiked", "power-law")
    allowed = {
        "--dim": analytic,
        "--alpha": name in ("power-law", "spiked"),
        "--spike": name == "spiked",
        "--size": name not in NAMES,
        "--grey": name not in NAMES,
        "--key": name.endswith(".npz"),
    }
    given = {
        "--dim": options.dim is not None,
        "--alpha": options.alpha is not None,
        "--spike": bool(options.spikes),
        "--size": options.size is not None,
        "--grey": options.grey,
        "--key": options.key is not None,
    }
    for flag, used in given.items():
        if used and not allowed[flag]:
            raise InputError(f"{flag} does not apply to the source {name!r}: leave it out.")
    if analytic:
        return Source(name, _analytic(name, options), None)
    if name == "digits":
        from theory.sources import load_digits

        data = load_digits()
        return Source(name, Spectrum.from_data(data, source=name), data)
    path = Path(name)
    if not path.exists():
        raise InputError(
            f"unknown source {name!r}: use {', '.join(NAMES)}, or the path of a .npy or .npz file "
            "or of a folder of images that exists."
        )
    from theory.sources import load_array

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


def parse_samples(text: str) -> FloatArray:
    """Read ``10,100,1000`` or a log range ``START:STOP[:COUNT]``.

    Parameters
    ----------
    text : str
        What the user wrote; both forms may be mixed, separated by commas.

    Returns
    -------
    ndarray
        Increasing, without repetition; members of a range are rounded to whole numbers.

    Raises
    ------
    InputError
        If a part is not a number, or not at least 1.
    """
    values: list[float] = []
    for part in text.split(","):
        pieces = part.split(":")
        try:
            numbers = [float(piece) for piece in pieces]
        except ValueError:
            numbers = []
        if len(pieces) == 1 and numbers:
            values += numbers
            continue
        if len(pieces) not in (2, 3) or not numbers:
            raise InputError(
                f"--samples cannot read {part.strip()!r}: write numbers separated by commas, or a "
                "log range START:STOP:COUNT such as 10:10000:7."
            )
        start, stop = as_samples(numbers[:2])
        count = numbers[2] if len(numbers) == 3 else 7.0
        if not count.is_integer() or count < 2 or stop <= start:
            raise InputError(
                f"--samples range {part.strip()!r} needs START < STOP and a whole COUNT of at "
                "least 2."
            )
        values += [float(n) for n in np.round(np.geomspace(start, stop, int(count)))]
    return np.unique(as_samples(values))


def default_samples(source: Source, simulation: bool) -> FloatArray:
    """Sample sizes that show the transitions.

    Parameters
    ----------
    source : Source
        What is predicted or measured.
    simulation : bool
        Whether training sets must be drawn, and so stay small.

    Returns
    -------
    ndarray
        d/64 … 64 d by factors of 4; for simulations four powers of two that fit the data.
    """
    dim = source.spectrum.dim
    if not simulation:
        return np.unique(np.maximum(np.round(dim * 4.0 ** np.arange(-3, 4)), 1.0))
    if source.data is None:
        return np.unique(np.maximum(np.round(dim * 2.0 ** np.arange(-2, 2)), 1.0))
    top = max(int(np.log2(source.data.shape[0] / 2)), 0)
    return np.unique(2.0 ** np.arange(max(top - 3, 0), top + 1))
