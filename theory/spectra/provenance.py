"""What every saved result records about its origin."""

from __future__ import annotations

import platform

from convergen.theory.common.versions import package_version
from convergen.theory.spectra.spectrum import Spectrum


def provenance(spectrum: Spectrum, **settings: object) -> dict[str, object]:
    """Attributes of a result: source, dimensions, settings and versions.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum the result belongs to.
    **settings : object
        Seeds and options; None is written as an empty string.

    Returns
    -------
    dict
        Values that netCDF can hold.
    """
    return {
        "source": spectrum.source,
        "dimension": spectrum.dim,
        "rank": spectrum.rank,
        "trace": spectrum.trace,
        "participation_ratio": spectrum.participation_ratio,
        **{key: "" if value is None else value for key, value in settings.items()},
        "convergen_version": package_version("convergen"),
        "python_version": platform.python_version(),
        **{f"{name}_version": package_version(name) for name in ("numpy", "scipy", "numba")},
        "references": "arXiv:2605.21402",
    }
