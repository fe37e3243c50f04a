"""Predictions and measurements as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convergen.theory.common.text import about, plain, table
from convergen.theory.spectra.spectrum import Spectrum

if TYPE_CHECKING:
    import xarray as xr


def heading(spectrum: Spectrum) -> str:
    """One line that says what the spectrum is.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.

    Returns
    -------
    str
    """
    rank = "" if spectrum.rank == spectrum.dim else f" ({spectrum.rank} with variance)"
    return (
        f"{spectrum.source}: {spectrum.dim} dimensions{rank}, "
        f"effective dimension {spectrum.participation_ratio:.3g}"
    )


def prediction_text(spectrum: Spectrum, prediction: xr.Dataset) -> str:
    """Table and thresholds in words.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    prediction : xarray.Dataset
        From `theory.predict`.

    Returns
    -------
    str
    """
    factors = prediction.sizes["factor"]
    head = ["n", "n/d", "q", "q*", "m", "m fresh", *(f"Q{k}" for k in range(1, factors + 1))]
    recovery = prediction["latent_recovery_finite_size"].values
    columns = ("load", "convergence", "convergence_to_truth", "memorisation")
    rows = []
    for i, n in enumerate(prediction["samples"].values):
        cells = [f"{n:.6g}", f"{prediction['load'].values[i]:.3g}"]
        cells += [f"{prediction[name].values[i]:.4f}" for name in columns[1:]]
        cells.append(f"{prediction['memorisation_baseline'].values[i]:.4f}")
        rows.append([*cells, *(f"{value:.3f}" for value in recovery[i])])
    return "\n".join(
        [
            heading(spectrum),
            "",
            table(head, rows),
            "",
            "q: overlap of two models trained on disjoint data, q*: overlap with the truth,",
            "m: largest |cosine| with a training point (fresh: with unseen data),",
            "Qk: squared overlap of the k-th learnt factor with the true one.",
            *_eigenspaces(prediction),
            "",
            *_threshold_lines(prediction),
            *_mixture_lines(prediction),
        ]
    )


def _eigenspaces(prediction: xr.Dataset) -> list[str]:
    """A line for each group of equal eigenvalues, whose overlap is high by chance alone."""
    multiplicity, dim = prediction["multiplicity"].values, prediction.attrs["dimension"]
    eigenvalue = prediction["eigenvalue"].values
    lines = []
    for value in dict.fromkeys(eigenvalue[multiplicity > 1]):
        members = np.flatnonzero(eigenvalue == value) + 1
        size = multiplicity[members[0] - 1]
        which = f"{members[0]}" if members.size == 1 else f"{members[0]}–{members[-1]}"
        lines.append(
            f"Q{which}: overlap with an eigenspace of dimension {size}; chance is {size / dim:.3g}."
        )
    return lines


def _threshold_lines(prediction: xr.Dataset) -> list[str]:
    lines = []
    for level, n in zip(
        prediction["level"].values, prediction["convergence_samples"].values, strict=True
    ):
        if np.isinf(n):
            lines.append(f"Two models agree to q = {level:g} at no finite n.")
        else:
            lines.append(f"Two models agree to q = {level:g} from n = {about(n)} on.")
    start = prediction["recovery_threshold"].values
    known = ", ".join(f"{k} from n = {about(n)}" for k, n in enumerate(start, 1))
    lines.append(f"Latent factors start to be recovered: {known} on.")
    excess = prediction["memorisation"] - prediction["memorisation_baseline"]
    quiet = (excess < 0.05 * prediction["memorisation_baseline"]).values
    n = prediction["samples"].values
    loud = np.flatnonzero(~quiet)
    if loud.size == 0:
        lines.append("Memorisation is within 5 % of its fresh-data baseline at every n listed.")
    elif loud[-1] == n.size - 1:
        lines.append(
            f"At n = {about(n[-1])} memorisation still exceeds its fresh-data baseline by 5 %."
        )
    else:
        lines.append(
            "Of the n listed, memorisation is within 5 % of its fresh-data baseline from "
            f"n = {about(n[loud[-1] + 1])} on."
        )
    return lines


def _mixture_lines(prediction: xr.Dataset) -> list[str]:
    """What only mixtures have."""
    if "speciation_noise" not in prediction:
        return []
    lines = ["", f"Components appear at noise σ = {prediction['speciation_noise'].item():.4g}."]
    if "mean_recovery_linear" in prediction:
        rows = [
            [f"{n:.6g}", f"{linear:.4f}", f"{bayes:.4f}"]
            for n, linear, bayes in zip(
                prediction["samples"].values,
                prediction["mean_recovery_linear"].values,
                prediction["mean_recovery_bayes"].values,
                strict=True,
            )
        ]
        lines += [
            "Squared overlap of the learnt means with the true ones:",
            "",
            table(["n", "linear", "Bayes-optimal"], rows),
            "",
            f"Principal components see the means from n = "
            f"{about(prediction['mean_threshold_linear'].item())} on; they can be known at all "
            f"from n = {about(prediction['mean_threshold_information'].item())} on.",
        ]
    return lines


_SYMBOLS = {
    "convergence": "q",
    "convergence_to_truth": "q*",
    "memorisation": "m",
    "memorisation_baseline": "m fresh",
    "latent_recovery": "Q",
    "bures_wasserstein": "W2²/Tr Σ",
    "kullback_leibler": "KL",
    "operator_norm": "‖Σ̂−Σ‖/λ1",
    "max_sliced_wasserstein": "max-sliced W2",
    "test_error": "test error",
    "train_error": "train error",
    "agreement": "agreement",
}


def simulation_text(spectrum: Spectrum, result: xr.Dataset) -> str:
    """Prediction, measurement and z-score side by side.

    Parameters
    ----------
    spectrum : Spectrum
        Population spectrum.
    result : xarray.Dataset
        From `theory.simulate`.

    Returns
    -------
    str
    """
    rows = []
    for name, symbol in _SYMBOLS.items():
        for label, index in _entries(result, name, symbol):
            rows.append([""] * 6)
            for i, n in enumerate(result["samples"].values):
                rows.append([label, f"{n:.6g}", *_comparison(result, name, (i, *index))])
    lines = [
        f"{heading(spectrum)}; {result.attrs['repeats']} pairs of training sets, "
        f"seed {result.attrs['seed']}",
        "",
        table(["quantity", "n", "predicted", "measured", "±", "z"], rows),
    ]
    if "convergence" in result:
        ratio = (1.0 - result["convergence"]) / (1.0 - result["convergence_predicted"])
        shown = ", ".join(
            f"{value:.3f} (n = {n:g})"
            for n, value in zip(ratio["samples"].values, ratio.values, strict=True)
        )
        lines += ["", f"1 − q, measured / predicted: {shown}."]
    return "\n".join(lines)


def _entries(result: xr.Dataset, name: str, symbol: str) -> list[tuple[str, tuple[int, ...]]]:
    """Labels of one quantity: one for each factor or noise level."""
    if name not in result:
        return []
    if "factor" in result[name].dims:
        return [(f"{symbol}{k + 1}", (k,)) for k in range(result.sizes["factor"])]
    if "sigma" in result[name].dims:
        levels = result["sigma"].values
        return [(f"{symbol}, σ = {sigma:.3g}", (j,)) for j, sigma in enumerate(levels)]
    return [(symbol, ())]


def _comparison(result: xr.Dataset, name: str, index: tuple[int, ...]) -> list[str]:
    expected, mean, stderr, z = (
        float(result[f"{name}{ending}"].values[index])
        for ending in ("_predicted", "", "_stderr", "_z")
    )
    spread = "" if np.isnan(stderr) else f"{stderr:.2g}"
    return [f"{expected:.5g}", f"{mean:.5g}", spread, "" if np.isnan(z) else f"{z:+.1f}"]


def prediction_json(name: str, spectrum: Spectrum, prediction: xr.Dataset) -> dict[str, Any]:
    """The prediction as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    spectrum : Spectrum
        Population spectrum.
    prediction : xarray.Dataset
        From `theory.predict`.

    Returns
    -------
    dict
        Infinities and NaN are None, for JSON has neither.
    """
    result: dict[str, Any] = {
        "source": name,
        "dimension": spectrum.dim,
        "samples": plain(prediction["samples"].values),
    }
    for variable in prediction.data_vars:
        if "samples" in prediction[variable].dims:
            result[str(variable)] = plain(prediction[variable].values)
    levels = [f"{level:g}" for level in prediction["level"].values]
    sizes = plain(prediction["convergence_samples"].values)
    result["thresholds"] = {
        "convergence": dict(zip(levels, sizes, strict=True)),
        "latent_recovery": plain(prediction["recovery_threshold"].values),
    }
    result["attributes"] = {key: plain(value) for key, value in prediction.attrs.items()}
    return result


def simulation_json(name: str, result: xr.Dataset) -> dict[str, Any]:
    """The comparison as one JSON object, in full double precision.

    Parameters
    ----------
    name : str
        SOURCE as the user gave it.
    result : xarray.Dataset
        From `theory.simulate`.

    Returns
    -------
    dict
    """
    endings = {"measured": "", "stderr": "_stderr", "predicted": "_predicted", "z": "_z"}
    quantities = [str(key)[:-2] for key in result.data_vars if str(key).endswith("_z")]
    return {
        "source": name,
        "dimension": result.attrs["dimension"],
        "samples": plain(result["samples"].values),
        "quantities": {
            key: {label: plain(result[key + end].values) for label, end in endings.items()}
            for key in quantities
        },
        "attributes": {key: plain(value) for key, value in result.attrs.items()},
    }
