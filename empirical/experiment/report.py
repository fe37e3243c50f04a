"""What a finished experiment says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.measure.intervals import over_seeds
from convergen.theory.common.text import plain, table

if TYPE_CHECKING:
    import xarray as xr

_QUANTITIES = (
    "convergence",
    "convergence_to_truth",
    "memorisation",
    "memorisation_baseline",
    "fraction_memorised",
    "variance_ratio",
    "latent_recovery",
)
_COLUMNS = {
    "convergence": "q",
    "memorisation": "m",
    "memorisation_baseline": "m fresh",
    "variance_ratio": "variance",
}


def summary_text(result: xr.Dataset, factors: int = 3) -> str:
    """A short table.

    Parameters
    ----------
    result : xarray.Dataset
        Of an experiment.
    factors : int
        Leading factors to show.

    Returns
    -------
    str
    """
    columns = [(symbol, *_by_samples(result[name])) for name, symbol in _COLUMNS.items()]
    mean, stderr = _by_samples(result["latent_recovery"])
    columns += [(f"Q{k + 1}", mean[:, k], stderr[:, k]) for k in range(mean.shape[1])[:factors]]
    rows = [
        [str(n), *(_cell(mean[i], stderr[i]) for _, mean, stderr in columns)]
        for i, n in enumerate(result["samples"].values)
    ]
    seeds = result.sizes["seed"]
    spread = (
        "one seed: no error bars" if seeds == 1 else f"mean ± standard error over {seeds} seeds"
    )
    return "\n".join(
        [
            table(["n", *(symbol for symbol, *_ in columns)], rows),
            "",
            f"{spread}.",
            "q: overlap of two models trained on disjoint data, m: largest |cosine| with a",
            "training point (fresh: with unseen data), variance: generated over true, Qk: squared",
            "overlap of the k-th learnt factor with the true one.",
        ]
    )


def summary_json(result: xr.Dataset | None) -> dict[str, Any]:
    """The numbers of the table and a few more.

    Parameters
    ----------
    result : xarray.Dataset or None
        Of an experiment; None if no cell is finished.

    Returns
    -------
    dict
        ``samples``, ``seeds`` and ``quantities``, each with ``mean`` and ``stderr`` by n; null
        where there is none.
    """
    if result is None:
        return {"samples": [], "seeds": [], "quantities": {}}
    quantities = {}
    for name in _QUANTITIES:
        mean, stderr = _by_samples(result[name])
        quantities[name] = {"mean": plain(mean), "stderr": plain(stderr)}
    return {
        "samples": result["samples"].values.tolist(),
        "seeds": result["seed"].values.tolist(),
        "quantities": quantities,
    }


def _by_samples(values: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard error, shape (samples,) or (samples, factor)."""
    mean, stderr = (found.transpose("samples", ...).values for found in over_seeds(values))
    return mean, stderr


def _cell(mean: float, stderr: float) -> str:
    if not np.isfinite(mean):
        return "–"
    return f"{mean:.3f}" if not np.isfinite(stderr) else f"{mean:.3f} ± {stderr:.3f}"
