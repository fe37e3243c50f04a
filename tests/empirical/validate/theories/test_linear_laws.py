"""Laws of the linear model beside trained networks."""

from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.experiment.declared.declaration import Experiment
from convergen.empirical.experiment.run import Run
from convergen.empirical.measure.evaluation_set import settling_time
from convergen.empirical.models import by_name
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.empirical.validate.theories import linear_laws as module
from convergen.empirical.validate.theories.linear_laws import (
    LAW,
    LAW_WORDS,
    ORBIT_LAW,
    linear_law,
    linear_laws,
    orbit_convergence,
)
from convergen.figures.looks.trained_networks import LAWS
from convergen.theory.linear import ascent_convergence
from convergen.theory.networks.symmetry import orbit_law
from convergen.theory.random_matrices import analytic_functions

FIELD, DIGITS = {"kind": "field", "size": 8, "count": 600}, {"kind": "digits"}


def run_of(folder, data, samples=(4, 64), padding="circular", model="unet"):
    """A U-Net with one pooling, which commutes with shifts by two pixels if it wraps around."""
    experiment = Experiment.from_config(
        {
            "name": "laws", "samples": list(samples), "seeds": [0], "data": data,
            "model": {"name": model, "size": "tiny", "padding": padding},
            "run": {"grouping": "pair", "device": "cpu"},
        }
    )  # fmt: skip
    return Run.begin(experiment, folder / "run", threads=1)


def root(points):
    """Square root of the second moment of images with all their shifts by two pixels."""
    side = points.shape[-1]
    shifts = [(i, j) for i in range(0, side, 2) for j in range(0, side, 2)]
    rows = np.concatenate([np.roll(points, shift, (2, 3)) for shift in shifts])
    rows = rows.reshape(-1, side**2).astype(np.float64)
    values, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    return (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T


def test_the_law_of_orbits_is_that_of_points_with_all_their_shifts(tmp_path):
    run, rng = run_of(tmp_path, FIELD), np.random.default_rng(1)
    laws = linear_laws(run)
    assert list(laws) == [LAW, ORBIT_LAW] == list(LAW_WORDS) == list(LAWS)
    found = laws[ORBIT_LAW]["convergence"]
    for n in (4, 64):
        pairs = [[root(run.data.fresh(n, rng)) for _ in range(2)] for _ in range(24)]
        products = np.array([[np.sum(a * b), np.sum(a * a), np.sum(b * b)] for a, b in pairs])
        ratios = products[:, 0] / np.sqrt(products[:, 1:].prod(axis=1))
        error = ratios.std(ddof=1) / np.sqrt(len(ratios))
        assert error < 0.02
        assert abs(float(found.sel(samples=n)) - ratios.mean()) < 4.0 * error + 0.01
        assert float(found.sel(samples=n)) > float(laws[LAW]["convergence"].sel(samples=n)) + 0.05


@pytest.mark.parametrize(
    ("name", "rms"), [("field8", 0.02), ("field16", 0.045), ("power1", 0.025), ("power2", 0.05)]
)
def test_circular_conv_nets_agree_on_fields_as_the_law_of_orbits_says(name, rms):
    run, measured = shipped_run(f"{name}-conv"), shipped_result(f"{name}-conv")["convergence"]
    gap = orbit_convergence(run.experiment, run.data) - measured.mean("seed").values
    assert 0.75 * rms < np.sqrt(np.mean(gap**2)) < rms
    assert np.abs(gap[1:]).max() < 0.015


def test_a_network_without_symmetry_has_the_linear_law_alone(tmp_path):
    assert list(linear_laws(run_of(tmp_path, FIELD, padding="zeros"))) == [LAW]


def test_what_would_take_long_to_simulate_is_left_out_but_a_closed_form_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_LARGEST", 16 * 64**2 * 4)
    digits = run_of(tmp_path / "digits", DIGITS)
    found = orbit_convergence(digits.experiment, digits.data)
    assert 0.2 < found[0] < 0.9
    assert np.isnan(found[1])
    field = run_of(tmp_path / "field", FIELD)
    assert np.isfinite(orbit_convergence(field.experiment, field.data)).all()


def test_the_law_of_convergence_is_that_of_the_sampler(tmp_path, monkeypatch):
    """A network that does not see the noise level is sampled by ascent, others by a flow."""
    asked = []

    def law(name, values):
        return lambda *given, **more: asked.append((name, given[1:], more)) or np.array(values)

    monkeypatch.setattr(ascent_convergence, "ascent_convergence", law("ascent", [0.1, 0.2]))
    monkeypatch.setattr(analytic_functions, "sampling_convergence", law("flow", [0.3, 0.4]))
    for model, expected in (("unet", [0.3, 0.4]), ("conv", [0.1, 0.2])):
        run = run_of(tmp_path / model, FIELD, model=model)
        found = linear_law(run.experiment, run.data)
        assert found["convergence"].values.tolist() == expected
        assert {tuple(each["samples"].values) for each in found.values()} == {(4, 64)}
    training = run.experiment.training
    (flow, given, more), (ascent, _, settled) = asked
    assert (flow, more, ascent) == ("flow", {"denoised": True}, "ascent")
    assert given[0].tolist() == [4.0, 64.0]
    assert settled == {"settling": settling_time(run.data.spectrum(), training.sigma_max)}
    assert asked[1][1][1:] == (training.sigma_min, training.sigma_max)


def test_orbits_are_simulated_up_to_a_thousand_million_numbers(monkeypatch):
    """Ten points of a thousand coordinates with a hundred images each, but not eleven."""
    asked = []

    def law(covariance, shape, orbit, n, rng):
        asked.append((n.tolist(), None if rng is None else rng.random()))
        return SimpleNamespace(convergence=n / 100.0)

    orbit = SimpleNamespace(trivial=False, order=lambda shape: 100)
    monkeypatch.setattr(by_name, "orbit_of", lambda model, shape: orbit)
    monkeypatch.setattr(orbit_law, "orbit_law", law)
    monkeypatch.setattr(module, "_covariance", lambda data: None)
    given = SimpleNamespace(samples=[11, 10], seeds=[5, 7], model={})
    found = orbit_convergence(given, SimpleNamespace(shape=(1, 40, 25), dim=1000))
    assert asked == [([10.0], np.random.default_rng(5).random()), ([11.0], None)]
    assert found.tolist() == [0.11, 0.1]


def test_the_covariance_is_that_of_the_truth_if_all_its_axes_are_known():
    rng = np.random.default_rng(2)
    axes, values = np.linalg.qr(rng.standard_normal((4, 4)))[0], np.array([4.0, 3.0, 2.0, 1.0])
    rows = rng.standard_normal((9, 4)).astype(np.float32)
    moment = sum(np.outer(x, x) for x in rows.astype(float)) / 9
    for known, expected in (
        (axes, axes @ np.diag(values) @ axes.T), (axes[:, :3], moment), (None, moment)
    ):  # fmt: skip
        spectrum = SimpleNamespace(eigenvectors=known, leading=lambda count: values[:count])
        data = SimpleNamespace(spectrum=lambda spectrum=spectrum: spectrum, dim=4, flat=rows)
        np.testing.assert_allclose(module._covariance(data), expected, rtol=1e-6)
