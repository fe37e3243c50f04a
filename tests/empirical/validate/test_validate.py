"""Trained and fitted linear denoisers against the theory; what `validate` tells of them."""

import json

import numpy as np
import pytest

from convergen.empirical.experiment.declaration import Experiment
from convergen.empirical.validate import solvable_models as references
from convergen.empirical.validate import validate as validation
from convergen.empirical.validate.shipped_results import shipped_experiment, shipped_result

QUANTITIES = ("convergence", "latent_recovery", "train_error", "test_error")


def law_of(experiment, result, monkeypatch):
    """The linear law alone: the other theories take longer."""
    monkeypatch.setattr(validation, "reference_names", lambda _: [])
    return validation.validate(experiment, result).sel(theory=validation.LAW)


@pytest.mark.parametrize("name", ["digits-linear", "field8-linear", "field16-linear"])
def test_trained_linear_networks_agree_with_the_law(name, monkeypatch):
    """q, Q_k, train and test errors of the shipped runs within 4 errors, three seeds each."""
    found = law_of(shipped_experiment(name), shipped_result(name), monkeypatch)
    for quantity in QUANTITIES:
        z = found[f"{quantity}_z"].values
        assert np.isfinite(z).all()
        assert np.abs(z).max() < 4.0
    # Errors are small enough for that to mean something.
    late = found.sel(samples=found["samples"] >= 256)
    assert float(late["convergence_stderr"].max()) < 0.003
    assert float((late["test_error_stderr"] / late["test_error"]).max()) < 0.1


def test_mixtures_are_held_against_a_fitted_mixture(tmp_path):
    """Separated components: EM finds them and errs like the truth, a linear model does not."""
    experiment = Experiment.from_config(
        {
            "name": "mixture",
            "samples": [256],
            "seeds": [0, 1],
            "data": {"kind": "mixture", "dim": 6, "components": 3, "signal": 30.0},
            "model": {"name": "linear"},
            "measure": {"draws": 256, "factors": 2},
            "run": {"grouping": "seed", "device": "cpu"},
        }
    )
    assert "fitted-mixture" in references.reference_names(experiment)
    found = {name: references.reference(experiment, name) for name in ("fitted-mixture", "linear")}
    errors = {
        name: (result["test_error"].mean("side") / result["true_error"]).values
        for name, result in found.items()
    }
    assert np.all(errors["fitted-mixture"].max(axis=-1) < 1.05)
    assert np.all(errors["linear"].max(axis=-1) > 1.3)
    digits = shipped_experiment("digits-unet")
    assert "fitted-mixture" not in references.reference_names(digits)


def test_a_wrong_law_is_refused(monkeypatch):
    """U-Nets on digits are not linear, and the z-scores say so."""
    found = law_of(shipped_experiment("digits-unet"), shipped_result("digits-unet"), monkeypatch)
    assert not found["holds"].sel(samples=64).item()
    assert abs(float(found["convergence_z"].sel(samples=64))) > 2.0


def test_train_then_validate(convergen, tmp_path):
    run = tmp_path / "run"
    code, out, err = convergen(
        "train", "--data", "digits", "--model", "linear", "--samples", "8,64", "--seeds", "0,1",
        "--out", run, "--threads", "1", "--set", "measure.draws=96", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["unfinished"] == {}
    before = (run / "result.nc").read_bytes()
    assert convergen("train", "--out", run, "--json")[0] == 0
    assert (run / "result.nc").read_bytes() == before
    code, out, err = convergen("validate", run, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["samples"] == [8, 64]
    measured = found["quantities"]["convergence"]["measured"]
    fitted = found["quantities"]["convergence"]["theories"]["linear"]["predicted"]
    np.testing.assert_allclose(measured, fitted, atol=1e-6)
    assert (run / "validation.nc").is_file()
    assert (run / "validation.pdf").read_bytes()[:4] == b"%PDF"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("validate", "none"), "holds no result.nc"),
        (("train", "--out", "empty"), "there is no run in"),
        (("train", "--preset", "smal", "--out", "x"), "did you mean 'small'"),
        (("train", "--data", "digits", "--model", "linear", "--samples", "1700", "--out", "x"),
         "1700"),
        (("train", "--data", "digits", "--model", "lineer", "--samples", "8", "--out", "x"),
         "lineer"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_leaves_nothing(convergen, tmp_path, arguments, words):
    code, out, err = convergen(*arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
