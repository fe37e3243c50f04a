"""Trained and fitted linear denoisers against the theory; what `validate` says of them."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from scipy.stats import t as student

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.run import Run
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.validate import validate as validation
from convergen.empirical.validate.shipped_results import shipped_result
from convergen.empirical.validate.theories import solvable_models as references
from convergen.empirical.validate.theories.linear_laws import LAW
from tests.labels import unlabelled

QUANTITIES = ("convergence", "latent_recovery", "train_error", "test_error")


def law_of(name, monkeypatch):
    """The linear law alone: the other theories take longer."""
    monkeypatch.setattr(validation, "reference_names", lambda _: [])
    monkeypatch.setattr(validation, "calibrated", lambda run, result: {})
    result = shipped_result(name)
    return validation.validate(Run.behind(result, name), result).sel(theory=LAW)


@pytest.mark.parametrize("name", ["digits-linear", "field8-linear", "field16-linear"])
def test_trained_linear_networks_agree_with_the_law(name, monkeypatch):
    """q, Q_k, train and test errors of the shipped runs within 4 errors, three seeds each."""
    found = law_of(name, monkeypatch)
    assert set(unlabelled(found)) <= set(unlabelled(shipped_result(name)))
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
    run = Run.begin(experiment, tmp_path / "run", threads=1)
    assert "fitted-mixture" in references.reference_names(run)
    found = {name: references.reference(run, name) for name in ("fitted-mixture", "linear")}
    errors = {
        name: (result["test_error"].mean("side") / result["true_error"]).values
        for name, result in found.items()
    }
    assert np.all(errors["fitted-mixture"].max(axis=-1) < 1.05)
    assert np.all(errors["linear"].max(axis=-1) > 1.3)
    digits = Run.behind(shipped_result("digits-unet"), "digits-unet")
    assert "fitted-mixture" not in references.reference_names(digits)


def test_a_wrong_law_is_refused(monkeypatch):
    """U-Nets on digits are not linear, and the z-scores say so."""
    found = law_of("digits-unet", monkeypatch)
    assert not found["holds"].sel(samples=64).item()
    assert abs(float(found["convergence_z"].sel(samples=64))) > 2.0


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small finished run of linear denoisers."""
    path = tmp_path_factory.mktemp("validated") / "run"
    experiment = Experiment.from_config(
        {
            "name": "small", "samples": [8, 24], "seeds": [0, 1],
            "data": {"kind": "field", "size": 4, "count": 64}, "model": {"name": "linear"},
            "measure": {"draws": 48, "steps": 8, "error_points": 16},
            "run": {"grouping": "seed", "device": "cpu"},
        }
    )  # fmt: skip
    run_experiment(experiment, path, threads=1)
    return path


@pytest.mark.slow
def test_a_run_is_held_against_its_theories(convergen, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    code, out, err = convergen("validate", run, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["samples"] == [8, 24]
    measured = found["quantities"]["convergence"]["measured"]
    fitted = found["quantities"]["convergence"]["theories"]["linear"]["predicted"]
    np.testing.assert_allclose(measured, fitted, atol=1e-6)
    assert found["rms"]["linear"]["fraction_memorised"] < 1e-6
    law = found["quantities"]["memorisation"]["theories"]["linear law"]["predicted"]
    gap = np.array(law) - found["quantities"]["memorisation"]["measured"]
    assert found["rms"]["linear law"]["memorisation"] == pytest.approx(np.sqrt(np.mean(gap**2)))
    assert found["rms"]["linear law"]["fraction_memorised"] is None
    assert (run / "validation.nc").is_file()
    assert (run / "validation.pdf").read_bytes()[:4] == b"%PDF"


def damaged(path, how):
    content = path.read_bytes()
    if how == "flipped":
        content = content[:3000] + bytes([content[3000] ^ 4]) + content[3001:]
    path.write_bytes(content[: len(content) // 2] if how == "cut" else content)


@pytest.mark.parametrize("how", ["flipped", "cut"])
@pytest.mark.parametrize("given", ["run", "run/result.nc"])
def test_a_damaged_result_is_refused(convergen, trained, tmp_path, how, given):
    shutil.copytree(trained, tmp_path / "run")
    damaged(tmp_path / "run" / "result.nc", how)
    code, out, err = convergen("validate", given)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "result.nc" in err
    assert "damaged" in err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("none", "there is no none: give the folder of a finished convergen train"),
        (".", "there is no run in ."),
        ("text.nc", "cannot be read as netCDF"),
        ("other.nc", "it is not the result of an experiment"),
        ("x" * 300, "name too long"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(convergen, tmp_path, given, words):
    (tmp_path / "text.nc").write_text("hello")
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    code, out, err = convergen("validate", given)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"text.nc", "other.nc"}


def test_a_score_is_that_of_student_as_a_normal_one():
    values = np.array([
        [1.0, 1e-13, np.nan, 0.0, 2e-12], [1.2, 1e-13, np.nan, 1.0, 3e-12],
        [0.9, 1e-13, 1.0, np.nan, 2e-12],
    ])  # fmt: skip
    found = validation._score(xr.DataArray(values, dims=("seed", "samples"))).values
    for place, seeds in ((0, 3), (3, 2), (4, 3)):
        known = values[:seeds, place]
        score = known.mean() / (known.std(ddof=1) / np.sqrt(seeds))
        assert found[place] == pytest.approx(norm.isf(student.sf(score, seeds - 1)))
    assert found[1] == 0.0  # but for rounding
    assert np.isnan(found[2])  # one seed
