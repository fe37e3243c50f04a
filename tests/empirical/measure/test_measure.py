from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.data.kinds import load_data
from convergen.empirical.measure.denoising_errors import (
    denoising_error,
    disagreement,
    peak_signal_to_noise,
)
from convergen.empirical.measure.evaluation_set import Subjects
from convergen.empirical.measure.measure import _errors, measure, order_parameters, snapshot
from convergen.empirical.measure.settings import MeasureSettings
from convergen.empirical.models.separate import Separate
from convergen.empirical.models.solvable.trained_linear import TrainedLinear
from convergen.empirical.splits.splits import split
from convergen.empirical.training.settings import TrainingSettings
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.empirical_score.score import EmpiricalScore

SAMPLES = (4, 24)


def subjects(kind="field", seed=0, samples=SAMPLES, **options):
    data = load_data(kind, **(options or {"size": 4, "count": 100}))
    splits = split(data, samples, seed, held_out=16)
    settings = MeasureSettings(draws=48, steps=10, factors=3, error_points=32, pictures=5)
    return Subjects(data, splits, samples, TrainingSettings(), settings)


def fit(kind, found):
    sets = [found.training_set(member) for member in range(2 * len(found.samples))]
    return Separate([kind(points) for points in sets])


def linear(points):
    return LinearDenoiser.fit(points, center=False)


@pytest.fixture(scope="module")
def found():
    about = subjects()
    return about, measure(fit(linear, about), about)


def test_everything_is_labelled_and_finite(found):
    about, result = found
    sizes = {"samples": 2, "side": 2, "sigma": 4, "factor": 3, "draw": 48, "picture": 5}
    assert {key: result.sizes[key] for key in sizes} == sizes
    for name, values in result.items():
        assert values.attrs["long_name"], name
        assert values.attrs["units"], name
        if name != "subspace_overlap":
            assert np.isfinite(values.values).all(), name
    np.testing.assert_allclose(result["eigenvalue"], about.spectrum.leading(3))


def test_what_a_draw_contributes_adds_up_to_the_order_parameters(found):
    _, result = found
    power = result["draw_power"].mean("draw")
    q = result["draw_overlap"].mean("draw") / np.sqrt(power.sel(side="a") * power.sel(side="b"))
    np.testing.assert_allclose(result["convergence"], q)
    np.testing.assert_allclose(result["variance_ratio"], power / found[0].variance)
    np.testing.assert_allclose(result["memorisation"], result["nearest_cosine"].mean("draw"))
    np.testing.assert_allclose(result["memorisation_baseline"], result["fresh_cosine"].mean("draw"))
    copies = result["nearest_cosine"] > result["copy_threshold"]
    np.testing.assert_allclose(result["fraction_memorised"], copies.mean("draw"))


def test_the_fresh_set_of_one_side_is_the_training_set_of_the_other(found):
    about, result = found
    for n in SAMPLES:
        for side in "ab":
            rows = result["nearest_row"].sel(samples=n, side=side).values
            assert set(rows) <= set(about.splits.indices(n, side))
    generated = result["generated"].sel(samples=4, side="a").values.reshape(5, 16)
    other = about.training_set(1).reshape(4, 16)
    cosines = np.abs(generated @ other.T) / np.outer(
        np.linalg.norm(generated, axis=1), np.linalg.norm(other, axis=1)
    )
    expected = result["fresh_cosine"].sel(samples=4, side="a").values[:5]
    np.testing.assert_allclose(cosines.max(axis=1), expected, rtol=1e-5)


def test_fitted_models_err_more_than_the_truth():
    about = subjects(size=4, count=2000, samples=(32,))
    result = measure(fit(linear, about), about)
    optimum = measure(Separate([about.truth] * 2), about)
    np.testing.assert_array_equal(
        optimum["test_error"].isel(samples=0, side=0), optimum["true_error"]
    )
    assert float(np.abs(optimum["disagreement"]).max()) == 0.0
    np.testing.assert_array_equal(optimum["convergence"], 1.0)
    gap = (result["test_error"].mean("side") - result["true_error"]).isel(samples=0)
    assert float((gap / result["true_error"]).min()) > 0.0
    # With u and v what the two models miss the optimum by, (|u|² + |v|²)/2 > |u − v|²/4.
    assert bool((0.25 * result["disagreement"].isel(samples=0) < gap).all())
    assert float(result["disagreement"].min()) > 0.0


def test_distances_of_the_truth_vanish_however_it_is_sampled():
    about = subjects(size=4, count=400, samples=(8,))
    for blind in (False, True):
        asked = replace(about, blind=blind, settings=replace(about.settings, draws=200))
        found = measure(Separate([about.truth] * 2), asked)["bures_wasserstein"]
        assert float(np.abs(found).max()) < 0.01
    # One that is fitted: that of its own covariance, which many Heun steps reach.
    about = replace(about, settings=replace(about.settings, steps=60))
    linear_model = measure(fit(linear, about), about)["bures_wasserstein"].isel(samples=0)
    rank = about.spectrum.rank
    root = about.spectrum.eigenvectors[:, :rank] * np.sqrt(about.spectrum.leading(rank))
    for side, points in zip("ab", (about.training_set(0), about.training_set(1)), strict=True):
        rows = points.reshape(8, 16).astype(np.float64)
        shared = np.linalg.svd(rows @ root, compute_uv=False).sum() / np.sqrt(8)
        exact = 1.0 + (np.square(rows).sum() / 8 - 2.0 * shared) / about.spectrum.trace
        assert float(linear_model.sel(side=side)) == pytest.approx(exact, rel=0.03)


def test_decibels_are_those_of_the_errors(found):
    about, result = found
    peak = float(about.data.points.max() - about.data.points.min())
    for kind in ("train", "test"):
        expected = peak_signal_to_noise(result[f"{kind}_error"], 16, peak)
        np.testing.assert_allclose(result[f"{kind}_psnr"], expected)


def test_the_empirical_score_memorises_and_its_pictures_are_training_points():
    about = subjects(size=4, count=400, samples=(8,))
    result = measure(fit(EmpiricalScore, about), about)
    assert float(result["fraction_memorised"].min()) > 0.9
    assert float((result["memorisation"] - result["memorisation_baseline"]).min()) > 0.2
    assert float(result["convergence"].max()) < 0.6
    made, near = (
        result[name].isel(samples=0, side=0) for name in ("generated", "nearest_training")
    )
    np.testing.assert_allclose(made, near, atol=0.3)
    rows = result["nearest_row"].isel(samples=0, side=0).values[:5]
    np.testing.assert_array_equal(near, about.data.points[rows])


def test_a_snapshot_is_a_part_of_the_whole(found):
    about, result = found
    short = snapshot(fit(linear, about), about)
    assert {"convergence", "memorisation", "variance_ratio", "test_error"} <= set(short)
    for name, values in short.items():
        np.testing.assert_array_equal(values, result[name])


def test_vectors_are_pictures_of_one_row():
    about = subjects("spiked", dim=6, count=80)
    result = measure(fit(linear, about), about)
    assert result["generated"].dims == ("samples", "side", "picture", "coordinate")
    assert "channel" not in result.dims


def test_a_trained_linear_model_is_measured_like_its_closed_form():
    about = subjects()
    sets = [about.training_set(member) for member in range(4)]
    levels = np.unique(np.append(about.schedule[:-1], about.settings.sigmas))
    models = TrainedLinear(sets, levels)
    assert models.train(tolerance=1e-6).converged
    trained = measure(Separate([models.denoiser(member) for member in range(4)]), about)
    exact = measure(fit(linear, about), about)
    for name in ("convergence", "memorisation", "latent_recovery", "test_error", "train_error"):
        np.testing.assert_allclose(trained[name], exact[name], rtol=1e-4, atol=1e-6)


def test_order_parameters_of_any_points_by_hand():
    about = subjects(samples=(8,))
    points = np.random.default_rng(1).standard_normal((2, 48, 16)) + 0.2
    found = {
        key: np.asarray(values) for key, (_, values) in order_parameters(points, about).items()
    }
    (a, b), truth = points, about.true_samples

    def cosine(x, y):
        return np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))

    assert found["convergence"] == pytest.approx([cosine(a, b)])
    np.testing.assert_allclose(found["convergence_to_truth"], [[cosine(x, truth) for x in (a, b)]])
    np.testing.assert_allclose(found["draw_overlap"], [np.mean(a * b, axis=1)])
    np.testing.assert_allclose(found["draw_power"], [np.mean(points**2, axis=2)])
    np.testing.assert_allclose(
        found["variance_ratio"], [np.mean(points**2, axis=(1, 2)) / about.variance]
    )
    for side, x in enumerate(points):
        rows = about.training_set(side).reshape(8, 16)
        cosines = np.abs(x @ rows.T) / np.outer(*(np.linalg.norm(z, axis=1) for z in (x, rows)))
        np.testing.assert_allclose(found["nearest_cosine"][0, side], cosines.max(axis=1))
        np.testing.assert_array_equal(
            found["nearest_row"][0, side], about.rows(side)[cosines.argmax(axis=1)]
        )


def test_errors_are_those_of_the_same_noise_in_every_model():
    """Shipped results rest on these streams: of seen points, and of unseen ones everywhere."""
    about = subjects(samples=(8,))
    models = fit(linear, about)
    found = {key: np.asarray(values) for key, (_, values) in _errors(models, about).items()}
    first, second = (models.denoiser(member) for member in (0, 1))
    seen, unseen = about.training_set(1), about.test_points
    for place, sigma in enumerate(about.settings.sigmas):
        error = denoising_error(second, np.tile(seen, (4, 1, 1, 1)), sigma, about.stream(7))
        assert found["train_error"][0, 1, place] == error
        error = denoising_error(second, unseen, sigma, about.stream(8))
        assert found["test_error"][0, 1, place] == error
        apart = disagreement(first, second, unseen, sigma, about.stream(8))
        assert found["disagreement"][0, place] == apart


def test_the_identity_is_told_from_two_points():
    about = subjects(samples=(8,))
    about = replace(about, settings=replace(about.settings, error_points=2))
    found = _errors(Separate([lambda x, sigma: x] * 2), about)["stayed_identity"][1]
    assert found.tolist() == [[1.0, 1.0]]
