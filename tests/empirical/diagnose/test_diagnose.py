"""Diagnosis of somebody's samples: copies are found, fresh points pass, theory is met."""

import json

import numpy as np
import pytest

from convergen.empirical.diagnose.diagnose import diagnose
from convergen.empirical.diagnose.report import closest, diagnosis_json, diagnosis_text
from convergen.empirical.diagnose.user_points import Points
from convergen.empirical.measure.generation import decorrelated_noise
from convergen.empirical.measure.memorisation import nearest_training_points
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.theory.common.checks import InputError
from convergen.theory.linear.latent_recovery import latent_recovery
from convergen.theory.spectra.spectrum import Spectrum

DIM = 40
SPECTRUM = Spectrum.power_law(DIM, 1.0)
SCALES = np.sqrt(SPECTRUM.eigenvalues)


def named(rows, name="points"):
    rows = np.asarray(rows)
    return Points(name, rows, rows.shape[1:])


def drawn(count, rng):
    return rng.standard_normal((count, DIM)) * SCALES


def linear_samples(training, noise):
    """Σ̂^{1/2} z, the linear model of a training set."""
    values, vectors = np.linalg.eigh(training.T @ training / len(training))
    return noise @ (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def test_copies_with_noise_are_found():
    rng = np.random.default_rng(0)
    training = drawn(100, rng)
    rows = rng.integers(100, size=300)
    copies = training[rows] + 0.05 * rng.standard_normal((300, DIM))
    found = diagnose([named(copies)], named(training))
    assert found.memorisation.verdict == "memorising"
    np.testing.assert_array_equal(found.memorisation.own.indices[:, 0], rows)
    assert found.memorisation.fraction.low > 0.95
    assert found.memorisation.m.low > found.memorisation.baseline.high


def test_some_copies_are_partly_memorising():
    rng = np.random.default_rng(1)
    training = drawn(200, rng)
    mixed = np.concatenate([training[:30], drawn(270, rng)])
    found = diagnose([named(mixed)], named(training), named(drawn(500, rng)))
    assert found.memorisation.verdict == "partly memorising"
    assert {row for row, _, _ in closest(found, 30)} == set(range(30))


@pytest.mark.parametrize("with_reference", [False, True])
def test_fresh_points_of_the_truth_are_not_memorising(with_reference):
    """Twenty repeats: m and its baseline agree as their errors say, and no verdict is wrong."""
    scores = []
    for seed in range(20):
        rng = np.random.default_rng([2, seed])
        reference = named(drawn(600, rng)) if with_reference else None
        found = diagnose([named(drawn(300, rng))], named(drawn(200, rng)), reference)
        m, baseline = found.memorisation.m, found.memorisation.baseline
        assert found.memorisation.verdict == "not memorising"
        scores.append((m.value - baseline.value) / np.hypot(m.stderr, baseline.stderr))
    # A training set is shared by all its points, so the scores spread more than normal ones.
    assert abs(np.mean(scores)) < 4.0 * np.std(scores, ddof=1) / np.sqrt(20)
    assert np.std(scores) < 2.0


def test_factors_of_fresh_points_are_recovered_as_their_number_allows():
    """Q of N draws of the truth is the finite-size law at n = N."""
    values = []
    for seed in range(24):
        rng = np.random.default_rng([3, seed])
        reference = named(drawn(20_000, rng))
        found = diagnose(
            [named(drawn(200, rng))], named(drawn(50, rng)), reference, center=False, factors=3
        )
        values.append(found.latent_recovery)
    expected = latent_recovery(SPECTRUM, [200], 3, finite_size=True)[0]
    stderr = np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
    # The axes of the reference, too, are known only as well as its size allows.
    blurred = 1.0 - latent_recovery(SPECTRUM, [20_000], 3, finite_size=True)[0]
    assert np.all(np.abs(np.mean(values, axis=0) - expected) < 4.0 * stderr + blurred)
    assert np.all(4.0 * stderr + blurred < 0.2)
    np.testing.assert_allclose(found.latent_recovery_draws, expected, rtol=0.05)


def test_convergence_of_two_linear_models_is_as_predicted():
    values, predictions = [], []
    for seed in range(16):
        rng = np.random.default_rng([4, seed])
        sets = [drawn(80, rng) for _ in range(2)]
        noise = decorrelated_noise(400, DIM, rng)
        pair = [named(linear_samples(x, noise)) for x in sets]
        found = diagnose(pair, named(sets[0]), named(drawn(20_000, rng)), center=False)
        values.append(found.convergence.value)
        predictions.append(float(found.prediction["convergence"][0]))
    stderr = np.std(values, ddof=1) / 4.0
    assert 0.5 < np.mean(values) < 0.95
    assert abs(np.mean(values) - np.mean(predictions)) < 4.0 * stderr


def test_unets_of_the_shipped_run():
    """Generated digits of n = 4 are copies, those of n = 768 are not, and A and B agree then."""
    run = shipped_run("digits-unet")
    seed = run.experiment.seeds[0]
    data, splits = run.data, run.splits(seed)
    result = shipped_result("digits-unet")
    verdicts, agreement = {}, {}
    for n in (4, 768):
        a, b = (result["generated"].sel(samples=n, side=side).values for side in "ab")
        train, other = (
            np.asarray(data.points[splits.indices(n, side)], np.float64) for side in "ab"
        )
        found = diagnose([named(a), named(b)], named(train, "a"), named(other, "b"), center=False)
        verdicts[n] = found.memorisation.verdict
        agreement[n] = found.convergence.value
        own = found.memorisation.own.indices[:, 0]
        expected = result["nearest_row"].sel(samples=n, side="a", seed=seed)
        rows = splits.indices(n, "a")[own]
        np.testing.assert_array_equal(rows, expected.values[: len(rows)].astype(int))
    assert verdicts == {4: "memorising", 768: "not memorising"}
    assert agreement[768] > 0.85 > 0.5 > agreement[4]


def test_a_duplicate_in_the_training_set_does_not_hide_copies():
    rng = np.random.default_rng(5)
    training = drawn(100, rng)
    training[50:55] = training[:5]
    found = diagnose([named(training[:80] * 2.0)], named(training))
    assert found.memorisation.threshold < 0.999
    assert found.memorisation.verdict == "memorising"
    assert found.memorisation.own.cosines.max() <= 1.0


def test_mean_is_taken_off_or_left():
    """A large common mean makes every cosine large unless it is subtracted."""
    rng = np.random.default_rng(6)
    training, samples = drawn(100, rng) + 50.0, drawn(100, rng) + 50.0
    bare = diagnose([named(samples)], named(training), center=False)
    centred = diagnose([named(samples)], named(training))
    assert bare.memorisation.m.value > 0.99 > 0.9 > centred.memorisation.m.value
    assert centred.memorisation.verdict == "not memorising"


def test_neighbours_about_a_center_equal_a_double_loop():
    rng = np.random.default_rng(7)
    x, y, center = rng.standard_normal((9, 5)), rng.standard_normal((30, 5)), rng.standard_normal(5)
    found = nearest_training_points(x, y, 2, center=center)
    for i, row in enumerate(x):
        cosines = [
            abs((row - center) @ (other - center))
            / np.linalg.norm(row - center) / np.linalg.norm(other - center)
            for other in y
        ]  # fmt: skip
        order = np.argsort(cosines)[::-1][:2]
        np.testing.assert_array_equal(found.indices[i], order)
        np.testing.assert_allclose(found.cosines[i], np.array(cosines)[order], rtol=1e-12)


def test_report_holds_everything_and_is_json():
    rng = np.random.default_rng(8)
    found = diagnose([named(drawn(60, rng)), named(drawn(60, rng))], named(drawn(30, rng)))
    said = json.loads(json.dumps(diagnosis_json(found), allow_nan=False))
    for key in (
        "memorisation", "memorisation_baseline", "fraction_memorised", "nearest", "verdict",
        "convergence", "latent_recovery", "samples_for",
    ):  # fmt: skip
        assert key in said
    assert set(said["fraction_memorised"]) == {"value", "low", "high"}
    assert np.shape(said["nearest"]["indices"]) == np.shape(said["nearest"]["cosines"]) == (60, 3)
    assert said["samples_for"]["0.9"] > said["samples_for"]["0.5"] > 1.0
    assert len(said["samples_for"]["factors"]) == len(said["latent_recovery"]) == 5
    text = diagnosis_text(found)
    assert "Not memorising" in text
    assert "sizes are rough" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 96
    alone = diagnose([named(drawn(60, rng))], named(drawn(30, rng)))
    assert diagnosis_json(alone)["convergence"] is None


def test_same_seed_same_report():
    rng = np.random.default_rng(9)
    samples, training = named(drawn(50, rng)), named(drawn(40, rng))
    first, second = (diagnosis_json(diagnose([samples], training, seed=3)) for _ in range(2))
    assert first == second


def test_units_that_differ_are_noted():
    rng = np.random.default_rng(10)
    found = diagnose([named(100.0 * drawn(50, rng))], named(drawn(400, rng)))
    assert any("same units" in note for note in found.notes)


@pytest.mark.parametrize("shape", [(3, 4, 4), (48,)])
def test_flat_rows_fit_images_of_as_many_coordinates(shape):
    rng = np.random.default_rng(11)
    training = rng.standard_normal((30, 3, 4, 4))
    samples = training[:10].reshape(10, *shape)
    found = diagnose([named(samples)], named(training))
    np.testing.assert_array_equal(found.memorisation.own.indices[:, 0], np.arange(10))
    assert found.samples[0].shape == (3, 4, 4)


def test_bad_input_is_one_clear_sentence():
    rng = np.random.default_rng(12)
    good = named(drawn(20, rng))
    with pytest.raises(InputError, match="one shape"):
        diagnose([named(rng.standard_normal((20, 7)))], good)
    with pytest.raises(InputError, match=r"have shapes \(20, 40\) and \(19, 40\)"):
        diagnose([good, named(good.rows[:19])], good)
    with pytest.raises(InputError, match="3 sets of samples"):
        diagnose([good] * 3, good)
    with pytest.raises(InputError, match=r"threshold is 1\.5"):
        diagnose([good], good, threshold=1.5)
