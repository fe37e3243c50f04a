"""The front door of the theory: every prediction for a spectrum, in one labelled result."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.common.checks import (
    FloatArray,
    InputError,
    as_count,
    as_noise,
    as_nonnegative,
    as_samples,
    as_seed,
)
from convergen.theory.messages.progress import phase
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import Formula, Quantity, chosen, quantities
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr

    from convergen.theory.mixtures.mixture import GaussianMixture
    from convergen.theory.pilot.population import Population

LEVELS = (0.5, 0.9, 0.99)
# Points of a dense grid before rounding.
_DENSE = 48
# Noise levels in units of the root mean square of a coordinate.
_SIGMAS = (0.1, 0.3, 1.0, 3.0)


def predict(
    spectrum: Spectrum | GaussianMixture | Population | ArrayLike,
    samples: ArrayLike,
    *,
    factors: int = 3,
    ridge: float = 0.0,
    levels: Sequence[float] = LEVELS,
    sigma: ArrayLike | None = None,
    quantities: Iterable[str] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Predict memorisation, convergence, recovery, distances, errors and thresholds.

    Parameters
    ----------
    spectrum : Spectrum, GaussianMixture, Population or array_like of shape (N, …)
        Population spectrum; a mixture stands for that of its covariance, and adds its speciation
        noise and the recovery of its means. Points, one a row, are read as a sample by
        `theory.estimate_population`: convergence and the samples it needs are those of data as
        they are, with 90 % intervals as ``…_low`` and ``…_high``, and the Gaussian law as
        ``…_gaussian``.
    samples : array_like, shape (m,)
        Numbers of training samples n ≥ 1; real values are allowed.
    factors : int
        How many leading factors to follow; at most the dimension.
    ridge : float
        ρ ≥ 0 added to the sample covariance of the generative model. Recovery does not depend
        on it; distances other than the Kullback–Leibler divergence and the denoising
        quantities are those of the model without a ridge.
    levels : sequence of float
        Levels of convergence whose sample sizes are wanted.
    sigma : array_like, shape (s,), optional
        Noise levels of the denoising quantities, data units; default 0.1, 0.3, 1 and 3 times
        sqrt(Tr Σ/d).
    quantities : iterable of str, optional
        Which to compute, by key or by group (``convergence``, ``memorisation``,
        ``latent_recovery``, ``eigenvector_overlap``, ``distances``, ``leading_distances``,
        ``denoising``, ``sampling``, ``thresholds``); default all. docs/symbols.md lists them.
    seed : int
        Seed of the Monte Carlo averages in memorisation and the leading-factor distances, and of
        the resampling of points.

    Returns
    -------
    xarray.Dataset
        Along `samples`, `factor`, `sigma`, `level` and, for blocks of ranks, `sample_block` and
        `population_block`, with units, seed, settings, versions and source in the attributes.

    Raises
    ------
    InputError
        If an argument is out of range or a quantity is unknown.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.predict(spectrum, [10, 100], quantities=["convergence"])
    >>> found["convergence"].values.round(3)
    array([0.554, 0.96 ])
    >>> found["convergence"].attrs["long_name"]
    'convergence'
    """
    from convergen.theory.forecast.pilot import add_intervals, pilot_of

    pilot = pilot_of(spectrum, seed)
    law = cast("Spectrum", spectrum) if pilot is None else pilot.spectrum
    request = Request.of(
        law, samples, factors=factors, ridge=ridge,
        levels=levels, sigma=sigma, seed=seed,
    )  # fmt: skip
    result = forecast(request, quantities)
    if pilot is not None:
        add_intervals(result, pilot, request)
    return result.dataset()


@dataclass(frozen=True)
class Request:
    """Checked arguments of `predict`: attributes are the settings that formulas ask for by name.

    Attributes
    ----------
    spectrum : Spectrum
        Population spectrum.
    mixture : GaussianMixture or None
        The mixture whose covariance has this spectrum, if it is one.
    samples : ndarray, shape (m,)
        n ≥ 1.
    factors : int
        Leading factors, at most the dimension.
    ridge : float
        ρ ≥ 0.
    levels : tuple of float
        Levels of convergence.
    sigma : ndarray, shape (s,)
        Noise levels, data units.
    seed : int
        Of the Monte Carlo averages.
    amplitudes : ndarray, shape (t,)
        Squared amplitudes of elliptical data, for the formulas that take them; a single 1 for
        Gaussian data.
    """

    spectrum: Spectrum
    mixture: GaussianMixture | None
    samples: FloatArray
    factors: int
    ridge: float
    levels: tuple[float, ...]
    sigma: FloatArray
    seed: int
    amplitudes: FloatArray = field(default_factory=lambda: np.ones(1))

    @classmethod
    def of(
        cls,
        population: Spectrum | GaussianMixture,
        samples: ArrayLike,
        *,
        factors: int = 3,
        ridge: float = 0.0,
        levels: Sequence[float] = LEVELS,
        sigma: ArrayLike | None = None,
        seed: int = 0,
    ) -> Request:
        """Check the arguments of `predict`."""
        n = np.atleast_1d(as_samples(samples))
        if n.ndim != 1:
            raise InputError(f"samples must be a flat list, but has shape {n.shape}.")
        mixture, spectrum = None, population
        if not isinstance(spectrum, Spectrum):
            from convergen.theory.mixtures.covariance_spectrum import mixture_spectrum

            mixture, spectrum = spectrum, mixture_spectrum(spectrum)
        count = min(as_count(factors, "factors"), spectrum.dim)
        noise = noise_levels(spectrum, sigma)
        rho, start = as_nonnegative(ridge, "ridge"), as_seed(seed)
        return cls(spectrum, mixture, n, count, rho, tuple(levels), noise, start)

    def call(self, formula: Formula) -> Any:
        """What a formula of the table gives."""
        settings = {name: getattr(self, name) for name in formula.settings}
        return pkgutil.resolve_name(formula.path)(self.spectrum, self.samples, **settings)


def noise_levels(spectrum: Spectrum, sigma: ArrayLike | None) -> FloatArray:
    """Noise levels of the denoising quantities.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    sigma : array_like or None
        As given; None for the default.

    Returns
    -------
    ndarray, shape (s,)
        Data units; by default 0.1, 0.3, 1 and 3 times sqrt(Tr Σ/d).
    """
    if sigma is not None:
        return np.atleast_1d(as_noise(sigma))
    return np.asarray(np.sqrt(spectrum.trace / spectrum.dim) * np.array(_SIGMAS))


def forecast(request: Request, names: Iterable[str] | None = None) -> Labelled:
    """What `predict` returns, before it becomes a data set.

    Parameters
    ----------
    request : Request
        Checked arguments.
    names : iterable of str, optional
        Keys or groups of quantities; default all.

    Returns
    -------
    Labelled
        One variable for each quantity, and for a mixture those that only mixtures have.

    Raises
    ------
    InputError
        If a quantity is unknown.
    """
    rows = chosen(None if names is None else list(names), "formula")
    result = Labelled()
    if request.mixture is not None:
        from convergen.theory.forecast.predict_mixture import add_mixture

        add_mixture(result, request.mixture, request.samples)
    _mark(result, request, rows)
    by_formula: dict[Formula, Any] = {}
    for row in rows:
        assert row.formula is not None
        if row.formula not in by_formula:
            with phase(row.words):
                by_formula[row.formula] = request.call(row.formula)
        found = by_formula[row.formula]
        result.add(row.key, getattr(found, row.part) if row.part else found)
    result.attributes |= provenance(request.spectrum, ridge=request.ridge, seed=request.seed)
    return result


def main_names() -> list[str]:
    """Keys of what the command line predicts: what its table shows, and the thresholds below it.

    Returns
    -------
    list of str
    """
    groups = dict.fromkeys(row.group or row.key for row in quantities() if row.main)
    return [*groups, "thresholds"]


def _mark(result: Labelled, request: Request, rows: list[Quantity]) -> None:
    """Coordinates along every dimension."""
    spectrum, factors = request.spectrum, request.factors
    result.mark("samples", "samples", request.samples)
    result.mark("load", "samples", request.samples / spectrum.dim)
    result.mark("factor", "factor", np.arange(1, factors + 1))
    result.mark("eigenvalue", "factor", spectrum.leading(factors))
    # Real ones, of an estimate, may lie below 1.
    sizes = np.maximum(np.rint(spectrum.multiplicities[spectrum.groups(factors)]), 1.0)
    result.mark("multiplicity", "factor", sizes.astype(np.int64))
    result.mark("sigma", "sigma", request.sigma)
    result.mark("level", "level", np.array(request.levels, dtype=np.float64))
    if any("sample_block" in row.dims for row in rows):
        from convergen.theory.random_matrices.eigenvector_blocks import block_edges

        edges = block_edges(spectrum.dim, factors)
        result.mark("sample_block", "sample_block", edges[1:])
        result.mark("population_block", "population_block", edges[1:])


def dense_grid(samples: ArrayLike) -> FloatArray:
    """Whole numbers on a log grid over the range of `samples`, for smooth curves.

    Parameters
    ----------
    samples : array_like
        Sample sizes whose range is covered.

    Returns
    -------
    ndarray
        Whole, since memorisation is a simulation at small n and interpolated in between.
    """
    n = as_samples(samples)
    return np.unique(np.round(np.geomspace(n.min(), n.max(), _DENSE)))
