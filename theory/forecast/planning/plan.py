"""Planning: what further samples bring, and how many a wish takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from convergen.theory.forecast.model_intervals import LEVEL
from convergen.theory.forecast.planning.numbers import Numbers, as_intervals
from convergen.theory.forecast.planning.request import MOST_FACTORS, PlanRequest
from convergen.theory.pilot.interval import Interval
from convergen.theory.pilot.population import Population
from convergen.theory.quantities.labelled import Labelled
from convergen.theory.quantities.table import quantity
from convergen.theory.spectra.provenance import provenance
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class PlanAnswer:
    """What a plan says beyond its table.

    Attributes
    ----------
    wishes : Interval
        Samples for each wish; NaN for a factor that the pilot does not show.
    together : Interval
        Samples for all of them.
    halfway : Interval or None
        Samples that bring half of the gain of the last row.
    more : float
        Points of a pilot that would halve the widest interval; NaN where the law is known.
    """

    wishes: Interval
    together: Interval
    halfway: Interval | None
    more: float


def plan(
    law: Spectrum | Population | ArrayLike,
    *,
    have: float | None = None,
    budget: float | None = None,
    cost_per_sample: float = 1.0,
    wishes: Iterable[str] = (),
    sigma: float | None = None,
    factors: int = MOST_FACTORS,
) -> xr.Dataset:
    """Plan how many further samples to collect.

    Parameters
    ----------
    law : Spectrum, Population or array_like of shape (N, …)
        A law that is known, what a pilot says of one (`theory.estimate_population`), or the points
        of the pilot.
    have : float, optional
        Samples at hand; default the points of the pilot.
    budget : float, optional
        What further samples may cost in all.
    cost_per_sample : float
        Of each further sample; by default the budget counts samples.
    wishes : iterable of str
        What is to be reached, such as ``"convergence=0.95"``, ``"convergence-to-truth=0.9"``,
        ``"factor=5"`` or ``"test-error=1.05"`` (times its limit).
    sigma : float, optional
        Noise level of the test error of the linear denoiser, data units; default sqrt(Tr Σ/d).
    factors : int
        Leading factors whose recovery is followed; of a pilot only those that it shows.

    Returns
    -------
    xarray.Dataset
        Along `samples` (what is at hand, 2, 4 and 10 times as many and so on, and what the budget
        pays for): convergence, convergence to truth, recovered factors Σ Q_k, the test error over
        its limit, and what each gains; along `wish` the samples that each wish takes, and
        ``together`` for all. From a pilot each has the ends of its 90 % interval beside it, as
        ``…_low`` and ``…_high``.

    Raises
    ------
    InputError
        If an argument is out of range, or a wish cannot be read.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> found = theory.plan(spectrum, have=20, budget=180, wishes=["convergence=0.9"])
    >>> found["samples"].values
    array([ 20.,  40.,  80., 200.])
    >>> found["convergence"].values.round(3)
    array([0.78 , 0.897, 0.949, 0.98 ])
    >>> found["wish_samples"].values.round()
    array([41.])
    """
    request = PlanRequest.of(
        law, have=have, budget=budget, cost_per_sample=cost_per_sample, wishes=wishes,
        sigma=sigma, factors=factors,
    )  # fmt: skip
    return planned(request)[0].dataset()


def plan_curves(
    law: Spectrum | Population | ArrayLike, *, points: int = 17, **options: Any
) -> xr.Dataset:
    """Smooth curves behind a plan, for `plot.plan`.

    Parameters
    ----------
    law : Spectrum, Population or array_like of shape (N, …)
        As for `plan`.
    points : int
        Sample sizes, from those at hand to the largest of the plan.
    **options
        Those of `plan`, except wishes.

    Returns
    -------
    xarray.Dataset
        Along `samples`: the quantities of `plan`, without wishes.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> from convergen import theory
    >>> spectrum = theory.Spectrum.spiked(20, [9.0, 4.0])
    >>> theory.plan_curves(spectrum, have=20, budget=180, points=3)["samples"].values.round()
    array([ 20.,  63., 200.])
    """
    return smooth_curves(PlanRequest.of(law, **options), points).dataset()


def planned(request: PlanRequest) -> tuple[Labelled, PlanAnswer]:
    """What `plan` returns, before it becomes a data set, and what its last words need.

    Parameters
    ----------
    request : PlanRequest
        Checked arguments.

    Returns
    -------
    Labelled, PlanAnswer
    """
    found = as_intervals(_numbers_of(request), request.pilot, LEVEL)
    result = _labelled(request, found)
    wishes, together = found["wishes"], found["together"]
    result.mark("wish", "wish", np.array([wish.name for wish in request.wishes], dtype=object))
    if request.wishes:
        result.add("wish_level", [wish.level for wish in request.wishes])
        _put(result, "wish_samples", wishes, request)
        _put(result, "together_samples", together, request)
    more = float("nan")
    halfway = found.get("halfway")
    if halfway is not None:
        _put(result, "halfway_samples", halfway, request)
    if request.pilot is not None:
        more = _more(request, found)
        result.attributes |= {"points_to_halve": more, "pilot_points": request.pilot.points}
        result.attributes |= {"interval_level": LEVEL, "pilot_seed": request.pilot.seed}
    return result, PlanAnswer(wishes, together, halfway, more)


def smooth_curves(request: PlanRequest, points: int = 17) -> Labelled:
    """The same on a grid of sample sizes, for a picture.

    Parameters
    ----------
    request : PlanRequest
        Checked arguments.
    points : int
        Sample sizes.

    Returns
    -------
    Labelled
    """
    grid = np.geomspace(request.have, request.samples[-1], points)
    dense = replace(request, samples=grid, wishes=())
    return _labelled(dense, as_intervals(_numbers_of(dense), request.pilot, LEVEL))


def _numbers_of(request: PlanRequest) -> Numbers:
    return Numbers(
        request.spectrum, request.samples, request.sigma, request.factors, request.wishes,
        request.pilot,
    )  # fmt: skip


_SHOWN = {
    "convergence": "convergence",
    "truth": "convergence_to_truth",
    "recovered": "recovered_factors",
    "error": "test_error_ratio",
    "convergence_gain": "convergence_gain",
    "truth_gain": "convergence_to_truth_gain",
    "recovered_gain": "recovered_factors_gain",
    "error_left": "test_error_excess_left",
}


def _labelled(request: PlanRequest, found: dict[str, Interval]) -> Labelled:
    """The table: everything along the sample sizes."""
    result = Labelled()
    result.mark("samples", "samples", request.samples)
    result.mark("load", "samples", request.samples / request.spectrum.dim)
    for name, key in _SHOWN.items():
        if name in found:
            _put(result, key, found[name], request)
    result.attributes |= provenance(
        request.spectrum, have=request.have, cost_per_sample=request.cost,
        affordable=request.affordable, sigma=request.sigma, factors=request.factors,
    )  # fmt: skip
    return result


def _put(result: Labelled, key: str, found: Interval, request: PlanRequest) -> None:
    """Add a quantity, and from a pilot the ends of its interval."""
    result.add(key, found.value)
    if request.pilot is None:
        return
    row = quantity(key)
    for ending, values in (("low", found.low), ("high", found.high)):
        words = f"{row.words}, {ending} end of the {100 * LEVEL:.0f} % interval"
        about = {**row.attributes, "long_name": words}
        result.variables[f"{key}_{ending}"] = row.dims, values, about


def _more(request: PlanRequest, found: dict[str, Interval]) -> float:
    """Points of a pilot that would halve the widest interval of the plan."""
    assert request.pilot is not None
    known = np.isfinite(found["wishes"].value)
    name, chosen = ("wishes", np.flatnonzero(known)) if known.any() else ("odds", np.array([-1]))
    widths = np.hypot(found[name].sampling, found[name].unseen)[chosen]
    worst = int(chosen[np.argmax(widths)])
    numbers = _numbers_of(request)

    def wanted(spectrum: Spectrum) -> ArrayLike:
        return float(numbers.of(spectrum)[name][worst])

    return request.pilot.points_to_halve(wanted, found[name][worst])
