"""What a finished experiment says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from theory.report import plain, table

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


def over_seeds(values: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard error over seeds; the two sides of a seed count as one.

    Parameters
    ----------
    values : xarray.DataArray
        Along ``samples`` and ``seed``, and maybe ``side`` and ``factor``; NaN where a cell is
        missing.

    Returns
    -------
    mean, stderr : ndarray, shape (samples,) or (samples, factor)
        NaN where there is no seed, and for the error of a single one.
    """
    by_seed = values.mean("side") if "side" in values.dims else values
    found = by_seed.transpose("samples", ..., "seed").values.astype(float)
    count = np.isfinite(found).sum(axis=-1)
    some = np.where(count > 0, count, np.nan)
    mean = np.nansum(found, axis=-1) / some
    squares = np.nansum((found - mean[..., None]) ** 2, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean, np.sqrt(squares / (some - 1.0) / some)


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
    columns = [(symbol, *over_seeds(result[name])) for name, symbol in _COLUMNS.items()]
    mean, stderr = over_seeds(result["latent_recovery"])
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
        mean, stderr = over_seeds(result[name])
        quantities[name] = {"mean": plain(mean), "stderr": plain(stderr)}
    return {
        "samples": result["samples"].values.tolist(),
        "seeds": result["seed"].values.tolist(),
        "quantities": quantities,
    }


def _cell(mean: float, stderr: float) -> str:
    if not np.isfinite(mean):
        return "–"
    return f"{mean:.3f}" if not np.isfinite(stderr) else f"{mean:.3f} ± {stderr:.3f}"
