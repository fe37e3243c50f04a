"""What `validate` says of few seeds, of its theories, and of numbers that nobody knows."""

import json

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.experiment.run import Run
from convergen.empirical.validate import memorisation_report, report, words
from convergen.empirical.validate import validate as module
from convergen.empirical.validate.shipped_results import shipped_result
from convergen.theory.quantities.table import quantity

Q = quantity("convergence")


@pytest.fixture(scope="module")
def validated():
    """U-Nets on digits beside the linear law alone, by number of seeds."""
    result = shipped_result("digits-unet")
    run = Run.behind(result, "digits-unet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "reference_names", lambda _: [])
        patch.setattr(module, "calibrated", lambda run, result: {})
        found = {n: module.validate(run, result.isel(seed=slice(n))) for n in (1, 3)}
    return run.experiment, found


def test_scores_are_spoken_of_where_there_are_any(validated):
    experiment, found = validated
    assert report.heading(Q, found[3]).endswith("measured and predicted (z)")
    assert report.heading(Q, found[1]).endswith("measured and predicted")
    one, three = (report.validation_text(experiment, found[n]) for n in (1, 3))
    assert "(z)" in three
    assert "Student" in three
    assert "One seed" not in three
    assert "(z)" not in one
    assert "±" not in one
    assert "One seed: how far such networks scatter is not known" in one


def test_every_theory_is_explained(validated):
    experiment, found = validated
    text = report.validation_text(experiment, found[3])
    assert "linear law: what the linear model does on average" in text
    named = found[3].reindex(theory=["linear law", "empirical-score"])
    assert list(report.theory_meanings(named)) == ["linear law", "empirical-score"]
    assert "training points" in report.theory_meanings(named)["empirical-score"]


def test_the_first_sentence_names_the_sets_and_their_agreement(validated):
    _, found = validated
    said = words.measured(found[3])
    q = found[3]["convergence"].values
    assert said.startswith(
        "Two of these networks, trained on different sets of 4 samples, agree to q = "
        f"{q[0]:.2f} (1 is the same network); on sets of 768, to {q[-1]:.2f}."
    )


def test_one_variance_is_one_number(validated):
    _, found = validated
    assert " to " in report.spread(found[3])
    one = report.spread(found[3].isel(samples=[0]))
    assert " to " not in one
    assert f"{float(found[3]['variance_ratio'][0]):.2f}; 1 is right" in one


def test_calibrations_are_rounded_to_what_is_known():
    note = {"calibrated_at": 16, "constant": 98684.2, "constant_low": 0.3, "constant_high": 3.4e14}
    text = report.calibrations(xr.Dataset(attrs={"calibrations": json.dumps({"theory": note})}))[0]
    assert "99,000 (<1 to over 1,000,000,000) images" in text


def test_an_exponent_that_is_not_known_is_not_given():
    found = xr.Dataset(
        attrs={
            "onset_level": 0.1, "kappa": 58.0, "kappa_low": 3.8, "kappa_high": 891.0,
            "budget": 8000.0, "copied_below": 138.0, "copied_below_low": 7.6,
            "copied_below_high": 2520.0, "exponent": 1.8, "exponent_low": -6.1,
            "exponent_high": 9.7,
        }
    )  # fmt: skip
    assert "too few to tell its exponent" in memorisation_report.onset_words(found)[1]
    found.attrs |= {"exponent_low": 0.7, "exponent_high": 2.9}
    assert "n^1.80 (0.70 to 2.90)" in memorisation_report.onset_words(found)[1]
    found.attrs["exponent"] = np.nan
    assert "exponent" not in memorisation_report.onset_words(found)[1]
    assert "free fit" not in memorisation_report.onset_words(found)[1]
