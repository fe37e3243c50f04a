"""Small findings, of each kind that has a page."""

import functools

import numpy as np
import xarray as xr

from convergen import theory
from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.models.table import SOLVABLE
from convergen.empirical.validate.theories.linear_laws import LAW
from convergen.empirical.validate.validate import leading
from convergen.figures.pages import diagnosis, forecast, plan, prediction, validation
from convergen.theory.cli.reports.report import Findings
from convergen.theory.data.sets.digits import load_digits
from convergen.theory.forecast.pilot import add_intervals
from convergen.theory.forecast.planning.plan import planned, smooth_curves
from convergen.theory.forecast.planning.request import PlanRequest
from convergen.theory.forecast.predict import Request, main_names
from convergen.theory.forecast.predict import forecast as predicted
from convergen.theory.sources.points import Points

COMMAND = "convergen <typed> --html page.html"
N = [4, 16, 64]


@functools.cache
def copies():
    """Twenty digits of which half copy one of sixty; as images."""
    digits = load_digits()[np.random.default_rng(0).permutation(1797)[:140]].reshape(-1, 1, 8, 8)
    mixed = np.concatenate([digits[:10] + 0.2, digits[120:130]])
    names = {"mixed": mixed, "train": digits[:60], "unseen": digits[60:120]}
    sets = [Points(name, rows.reshape(len(rows), -1), (1, 8, 8)) for name, rows in names.items()]
    return diagnose(sets[:1], sets[1], sets[2], factors=2)


@functools.cache
def known():
    """What is predicted of a known law."""
    spectrum = theory.Spectrum.spiked(40, [9.0])
    request = Request.of(spectrum, [4, 40, 400], factors=2)
    result = predicted(request, main_names())
    return Findings("spiked", spectrum, result), result.dataset()


@functools.cache
def pilot():
    """What is predicted of the law behind few points."""
    points = np.random.default_rng(0).standard_normal((24, 6)) * np.arange(6, 0, -1)
    law = theory.estimate_population(points, source="mine.npy")
    request = Request.of(law.spectrum, [4, 24, 96], factors=2)
    result = predicted(request, main_names())
    answer = add_intervals(result, law, request)
    return Findings("mine.npy", law.spectrum, result, answer), result.dataset()


@functools.cache
def plans():
    """What more points like few would bring, with two wishes."""
    points = np.random.default_rng(0).standard_normal((24, 6)) * np.arange(6, 0, -1)
    law = theory.estimate_population(points, source="mine.npy")
    request = PlanRequest.of(law, budget=100, wishes=["convergence=0.9", "test-error=1.5"])
    return request, *planned(request), smooth_curves(request).dataset()


def forecasts():
    """A forecast whose numbers are made up."""
    found = xr.Dataset(coords={"samples": N, "level": [0.5, 0.8]})
    for name in ("convergence", "memorisation", "fraction_memorised", "variance_ratio"):
        values = np.array([0.2, 0.6, 0.9])
        values = values[::-1] if name != "convergence" else values
        for end, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.1)):
            found[f"{name}{end}"] = "samples", values + shift
    for end, sizes in (("", [12.0, 40.0]), ("_low", [9.0, 30.0]), ("_high", [20.0, np.nan])):
        found[f"samples_for{end}"] = "level", sizes
    return found.assign_attrs(
        constant=1000.0, constant_low=500.0, constant_high=2000.0, calibrated_on="one pair",
        calibrated_at=16, orbit="none known", weighted_images=4000.0, images=8000.0, seed=3,
        data_fingerprint="abc", rests_on="Calibrated on one pair.", trust="It may be wrong.",
        tenth=153.3, tenth_low=76.7, tenth_high=306.7,
    )  # fmt: skip


def validations():
    """A validation whose numbers are made up."""
    names = [LAW, *(row.name for row in SOLVABLE.rows() if row.compared)]
    found = xr.Dataset(coords={"samples": N, "theory": names})
    q = np.array([0.2, 0.6, 0.9])
    for name in (
        "convergence",
        "memorisation",
        "memorisation_baseline",
        "latent_recovery",
        "fraction_memorised",
    ):
        dims = ("samples", "factor") if name == "latent_recovery" else ("samples",)
        values = q[:, None] * np.ones((1, 2)) if "factor" in dims else q
        shifts = np.linspace(0.0, 0.3, len(names)).reshape(-1, *(1,) * values.ndim)
        found[name] = dims, values
        found[f"{name}_stderr"] = dims, np.full(values.shape, 0.01)
        found[f"{name}_predicted"] = ("theory", *dims), values + shifts
        found[f"{name}_z"] = ("theory", *dims), -shifts / 0.01 * np.ones(values.shape)
    gap = found["convergence_predicted"] - found["convergence"]
    found["holds"] = np.abs(gap) <= 0.05
    for row in leading():
        off = found[f"{row.key}_predicted"] - found[row.key]
        found[f"{row.key}_rms"] = np.sqrt((off**2).mean("samples"))
    found["variance_ratio"] = "samples", np.ones(3)
    return found


def experiment():
    """What such networks were trained on."""
    return Experiment.from_config(
        {"name": "small", "samples": N, "data": {"kind": "digits"}, "model": {"name": "mlp"}}
    )


# By the command that writes each page.
PAGES = {
    "measure": lambda: diagnosis.page(copies(), COMMAND),
    "predict, known law": lambda: prediction.page(*known(), COMMAND),
    "predict": lambda: prediction.page(*pilot(), COMMAND),
    "plan": lambda: plan.page(*plans(), COMMAND),
    "forecast": lambda: forecast.page("mlp on digits, forecast", forecasts(), COMMAND),
    "validate": lambda: validation.page(experiment(), validations(), None, COMMAND),
}
