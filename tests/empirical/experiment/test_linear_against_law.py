"""Linear denoisers on many independent splits agree with the analytic law, and with no other."""

import numpy as np
import pytest

from convergen.empirical.data.kinds import load_data
from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.models.solvable.trained_linear import TrainedLinear
from convergen.empirical.validate import validate as validation
from convergen.empirical.validate.theories import linear_laws as laws
from convergen.theory.denoisers.wiener import LinearDenoiser

SEEDS, SAMPLES = 8, [16, 96]
QUANTITIES = ("convergence", "latent_recovery", "train_error", "test_error")
SOURCES = {
    "isotropic": {"kind": "isotropic", "dim": 48, "count": 512},
    "spiked": {"kind": "spiked", "dim": 48, "spikes": [30.0, 8.0], "count": 512},
    "field": {"kind": "field", "size": 8, "count": 512},
    "digits": {"kind": "digits"},
}


# Real data at once, the laws in the slow part.
PARAMS = [
    name if name == "digits" else pytest.param(name, marks=pytest.mark.slow) for name in SOURCES
]


@pytest.fixture(scope="module", params=PARAMS)
def measured(request, tmp_path_factory):
    experiment = Experiment.from_config(
        {
            "name": request.param, "samples": SAMPLES, "seeds": list(range(SEEDS)),
            "data": SOURCES[request.param], "model": {"name": "linear"},
            "measure": {
                "draws": 80, "factors": 2, "error_points": 128, "pictures": 0, "projections": 1,
            },
            "run": {"grouping": "seed", "device": "cpu"},
        }
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("run") / request.param
    finished = run_experiment(experiment, folder, threads=1)
    assert finished.unfinished == []
    return request.param, finished.run, finished.result


def scores(run, result, monkeypatch):
    monkeypatch.setattr(validation, "reference_names", lambda _: [])
    found = validation.validate(run, result).sel(theory=laws.LAW)
    return {name: found[f"{name}_z"].values for name in QUANTITIES}


def test_linear_denoisers_agree_with_the_law(measured, monkeypatch):
    name, run, result = measured
    found = scores(run, result, monkeypatch)
    largest = {quantity: np.abs(z).max() for quantity, z in found.items()}
    assert all(np.isfinite(z).all() for z in found.values())
    assert max(largest.values()) < 4.0, (name, largest)


def test_the_law_of_a_third_more_samples_is_refused(measured, monkeypatch):
    """The same measurements have the power to tell n from 4n/3."""
    name, run, result = measured
    law = laws.linear_law
    config = run.experiment.config() | {"samples": [4 * n // 3 for n in SAMPLES]}
    other = law(Experiment.from_config(config), load_data(**SOURCES[name]))
    shifted = {name: found.assign_coords(samples=SAMPLES) for name, found in other.items()}
    monkeypatch.setattr(laws, "linear_law", lambda *_: shifted)
    found = scores(run, result, monkeypatch)
    assert np.abs(found["convergence"]).max() > 4.0
    assert np.abs(found["train_error"]).max() > 4.0
    assert np.abs(found["test_error"]).max() > 4.0


@pytest.mark.parametrize("kind", ["field", pytest.param("digits", marks=pytest.mark.slow)])
def test_the_trained_matrix_is_the_closed_form(kind):
    """Gradient descent with its own stopping rule ends within 1e-3, in Frobenius norm."""
    points = load_data(**SOURCES[kind]).points
    sets, levels = [points[:16], points[200:296]], np.array([0.05, 0.5, 20.0])
    models = TrainedLinear(sets, levels)
    assert models.train().converged
    probes = np.eye(64).reshape(64, 1, 8, 8)
    for member, training in enumerate(sets):
        exact, trained = LinearDenoiser.fit(training, center=False), models.denoiser(member)
        for sigma in levels:
            wanted, found = exact(probes, sigma), trained(probes, sigma)
            assert 0.0 < np.linalg.norm(found - wanted) < 1e-3 * np.linalg.norm(wanted)
