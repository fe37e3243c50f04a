"""The curves of a state: as `predict` gives them, and fast enough for a slider that moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convergen.theory.common.checks import FloatArray
from convergen.theory.forecast.predict import Request, forecast, main_names
from convergen.theory.forecast.subject import Subject
from convergen.theory.quantities.labelled import Labelled

DISTANCES = ("bures_wasserstein", "kullback_leibler")
# Sample sizes that a moving slider gets.
MOVING = 16
# Beyond this dimension m waits until the slider rests.
_DIM = 4096


def settled(subject: Subject, request: Request) -> Labelled:
    """All curves, exactly as the command line gives them.

    Parameters
    ----------
    subject : Subject
        What is predicted.
    request : Request
        From `Subject.request`.

    Returns
    -------
    Labelled
        What `convergen predict` prints and draws, and two distances.
    """
    result, answer = subject.forecast(request, [*main_names(), *DISTANCES])
    if answer is not None:
        result.attributes["repeated"] = answer.repeated + answer.nearly_repeated
    return result


def moving(subject: Subject, request: Request, n: float) -> Labelled:
    """Curves within a frame: fewer sizes, fewer draws, the limit law of recovery, no intervals.

    Parameters
    ----------
    subject : Subject
        What is predicted.
    request : Request
        From `Subject.request`.
    n : float
        Where numbers are read: one of the sizes.

    Returns
    -------
    Labelled
        Memorisation with some 3 % of noise, and none of it in very many dimensions;
        ``latent_recovery`` is sharp.
    """
    from convergen.theory.linear.latent_recovery import latent_recovery, recovery_thresholds
    from convergen.theory.linear.memorised.memorisation import memorisation_sketch

    sizes = np.union1d(thinned(request.samples, MOVING), [n])
    few = replace(request, samples=sizes, mixture=None)
    spectrum = few.spectrum
    exact = few.ridge > 0.0 or (subject.pilot is None and subject.amplitudes is None)
    result = forecast(few, ["convergence", *(DISTANCES if exact else DISTANCES[1:])])
    if not exact:
        _add_overlaps_of_data(result, subject, few)
    result.add("convergence_samples", _crossings(result, few.levels))
    result.add("recovery_threshold", recovery_thresholds(spectrum, few.factors))
    tau: FloatArray = np.ones(1)
    if few.ridge == 0.0:
        measured = subject.amplitudes if subject.pilot is None else subject.pilot.amplitudes
        tau = tau if measured is None else measured
    if spectrum.dim <= _DIM:
        found = memorisation_sketch(spectrum, sizes, few.ridge, seed=few.seed, amplitudes=tau)
        for key, column in zip(("memorisation", "memorisation_baseline"), found.T, strict=True):
            result.add(key, column)
    # A degenerate eigenspace has no cheap law; it waits.
    alone = spectrum.multiplicities[spectrum.groups(few.factors)] == 1.0
    leading = int(np.cumprod(alone).sum())
    if leading:
        recovery = np.full((sizes.size, few.factors), np.nan)
        recovery[:, :leading] = latent_recovery(spectrum, sizes, leading)
        result.add("latent_recovery", recovery)
    return result


def _crossings(result: Labelled, levels: tuple[float, ...]) -> FloatArray:
    """Where the drawn curve of q meets each level: its odds are nearly a power of n."""
    gap = np.maximum(1.0 - result["convergence"], 1e-15)
    odds = np.minimum.accumulate(np.log(gap / np.maximum(1.0 - gap, 1e-15)))
    q = np.array(levels)
    at_level = np.interp(-np.log((1.0 - q) / q), -odds, np.log(result["samples"]), right=np.inf)
    return np.asarray(np.exp(at_level))


def _add_overlaps_of_data(result: Labelled, subject: Subject, request: Request) -> None:
    """Q and q* of data as they are, for which points differ in amplitude."""
    from convergen.theory.forecast.laws.beyond_gaussian import DataLaw
    from convergen.theory.linear.elliptical.elliptical_data import elliptical_overlaps

    n = request.samples
    if subject.pilot is not None:
        odds = DataLaw(subject.pilot, n, 0.0).odds(subject.spectrum)
        found = 1.0 / (1.0 + odds)
    else:
        assert subject.amplitudes is not None
        found = np.array(elliptical_overlaps(subject.spectrum, n, subject.amplitudes))
    result.add("convergence", found[0])
    result.add("convergence_to_truth", found[1])


def thinned(values: FloatArray, count: int) -> FloatArray:
    """Some of many values, both ends among them.

    Parameters
    ----------
    values : ndarray, shape (m,)
        Increasing.
    count : int
        At most so many.

    Returns
    -------
    ndarray
    """
    chosen = np.unique(np.linspace(0, values.size - 1, min(count, values.size)).round().astype(int))
    return values[chosen]


def at(result: Labelled, key: str, n: float) -> FloatArray:
    """A quantity at one n: exact where n is on the grid, else between its neighbours.

    Parameters
    ----------
    result : Labelled
        Curves.
    key : str
        Of a quantity along the samples.
    n : float
        Number of samples.

    Returns
    -------
    ndarray
        Without the dimension of the samples.
    """
    grid, values = result["samples"], result[key]
    here = np.flatnonzero(grid == n)
    if here.size:
        return np.asarray(values[here[0]])
    if values.ndim == 1:
        return np.asarray(np.interp(np.log(n), np.log(grid), values))
    return np.array([np.interp(np.log(n), np.log(grid), column) for column in values.T])
