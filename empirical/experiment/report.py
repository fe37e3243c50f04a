"""What a finished experiment says, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convergen.empirical.measure.intervals import over_seeds
from convergen.theory.messages.text import plain, table, wrapped
from convergen.theory.quantities.table import Quantity, quantities

if TYPE_CHECKING:
    import xarray as xr


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
    columns, legend = [], []
    for row in _listed(result):
        if not row.symbol:
            continue
        mean, stderr = _by_samples(result[row.key])
        if "factor" in result[row.key].dims:
            columns += [
                (f"{row.symbol}{k + 1}", mean[:, k], stderr[:, k])
                for k in range(min(mean.shape[1], factors))
            ]
            legend.append(f"{row.symbol}k: {row.meaning or row.words}")
        else:
            columns.append((row.symbol, mean, stderr))
            legend.append(f"{row.symbol}: {row.meaning or row.words}")
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
            wrapped(", ".join(legend) + "."),
            *_stops(result),
            *_failures(result),
        ]
    )


def _stops(result: xr.Dataset) -> list[str]:
    """Where the training of each n was stopped, of those that stop before copying."""
    if "trained_images" not in result:
        return []
    seen = result["trained_images"].transpose("samples", "seed").values
    parts = [
        f"{n}: " + ", ".join("–" if np.isnan(i) else f"{i:.0f}" for i in row)
        for n, row in zip(result["samples"].values, seen, strict=True)
    ]
    return [wrapped("Images seen before copies appear, or to the end (n: each seed): "
                    + "; ".join(parts) + ".")]  # fmt: skip


# What went wrong with a network, in words that say what its row of the table is worth.
_FAILURES = {
    "stayed_identity": "stayed the identity: training taught them nothing (lower learning_rate, or "
    "train longer)",
    "ran_away": "have no samples: their points grew without bound and sampling was stopped",
}


def _failures(result: xr.Dataset) -> list[str]:
    """Networks that failed, by n, seed and side: the table holds them."""
    lines = []
    for key, words in _FAILURES.items():
        if key not in result:
            continue
        failed = result[key].transpose("samples", "seed", "side")
        n, seeds, sides = (result[name].values for name in failed.dims)
        names = [
            f"n = {n[i]} seed {seeds[j]} side {sides[k]}"
            for i, j, k in np.argwhere(failed.values > 0)
        ]
        if names:
            total = int(np.isfinite(failed.values.astype(float)).sum())
            lines.append(
                wrapped(
                    f"Warning: {len(names)} of {total} networks {words}: {', '.join(names)}. The "
                    "table holds them."
                )
            )
    return lines


def summary_json(result: xr.Dataset | None) -> dict[str, Any]:
    """The numbers of the table and a few more.

    Parameters
    ----------
    result : xarray.Dataset or None
        Of an experiment; None if no cell is finished.

    Returns
    -------
    dict
        ``samples``, ``seeds`` and ``quantities`` (those without draws and noise levels), each
        with ``mean`` and ``stderr`` by n; null where there is none.
    """
    if result is None:
        return {"samples": [], "seeds": [], "quantities": {}}
    summary = {}
    for row in _listed(result):
        mean, stderr = _by_samples(result[row.key])
        summary[row.key] = {"mean": plain(mean), "stderr": plain(stderr)}
    return {
        "samples": result["samples"].values.tolist(),
        "seeds": result["seed"].values.tolist(),
        "quantities": summary,
    }


def _listed(result: xr.Dataset) -> list[Quantity]:
    """Measured quantities that are one number for each n, or one for each factor."""
    few = {"samples", "side", "factor", "seed"}
    return [
        row for row in quantities() if row.key in result and few.issuperset(result[row.key].dims)
    ]


def _by_samples(values: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard error, shape (samples,) or (samples, factor)."""
    mean, stderr = (found.transpose("samples", ...).values for found in over_seeds(values))
    return mean, stderr


def _cell(mean: float, stderr: float) -> str:
    if not np.isfinite(mean):
        return "–"
    return f"{mean:.3f}" if not np.isfinite(stderr) else f"{mean:.3f} ± {stderr:.3f}"
