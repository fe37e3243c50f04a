"""Diagnosis of somebody's samples: copies are found, fresh points pass, theory is met."""

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.empirical.diagnose.verdict import diagnose as module
from convergen.empirical.diagnose.verdict.diagnose import (
    _notes,
    _of_draws,
    _predictions,
    _recovery,
    diagnose,
)
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.empirical.diagnose.verdict.report import (
    diagnosis_json,
    diagnosis_text,
    write_suspects,
)
from convergen.empirical.diagnose.verdict.tables import closest
from convergen.empirical.diagnose.verdict.words import sentences
from convergen.empirical.measure.generation import decorrelated_noise
from convergen.empirical.validate.shipped_results import shipped_result, shipped_run
from convergen.theory.common.checks import InputError
from convergen.theory.data.record import Record
from convergen.theory.forecast.predict import LEVELS, predict
from convergen.theory.linear.latent_recovery import latent_recovery
from convergen.theory.linear.order_parameters import convergence
from convergen.theory.pilot.population import estimate_population
from convergen.theory.sources.points import Points
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import unsaid

DIM = 40
SPECTRUM = Spectrum.power_law(DIM, 1.0)
SCALES = np.sqrt(SPECTRUM.eigenvalues)
FILES = tuple(f"{number}.png" for number in range(80))


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
    assert found.verdict == "memorising"
    np.testing.assert_array_equal(found.judgement.near.indices[:, 0], rows)
    assert found.judgement.copies.share.low > 0.95
    m = next(each for each in found.judgement.scores if each.key == "m")
    assert m.value.low > m.chance.high


def test_some_copies_are_partly_memorising():
    rng = np.random.default_rng(1)
    training = drawn(200, rng)
    mixed = np.concatenate([training[:30], drawn(270, rng)])
    found = diagnose([named(mixed)], named(training), named(drawn(500, rng)))
    assert found.verdict == "partly memorising"
    assert {row for row, _, _ in closest(found, 30)} == set(range(30))


@pytest.mark.parametrize("with_reference", [False, True])
def test_fresh_points_of_the_truth_are_not_memorising(with_reference):
    """Twelve repeats: m and its baseline agree as their errors say, and no verdict is wrong."""
    scores = []
    for seed in range(12):
        rng = np.random.default_rng([2, seed])
        reference = named(drawn(600, rng)) if with_reference else None
        found = judge([named(drawn(300, rng))], named(drawn(200, rng)), reference)
        m = next(each for each in found.scores if each.key == "m")
        assert found.verdict == "not memorising"
        scores.append((m.value.value - m.chance.value) / np.hypot(m.value.stderr, m.chance.stderr))
    # A training set is shared by all its points, so the scores spread more than normal ones.
    assert abs(np.mean(scores)) < 4.0 * np.std(scores, ddof=1) / np.sqrt(12)
    assert np.std(scores) < 2.0


def test_factors_of_fresh_points_are_recovered_as_their_number_allows():
    """Q of N draws of the truth is the finite-size law at n = N."""
    values = []
    for seed in range(24):
        rng = np.random.default_rng([3, seed])
        reference = Spectrum.from_data(drawn(20_000, rng), center=False)
        values.append(_recovery(drawn(200, rng), reference, 3)[0])
    expected = latent_recovery(SPECTRUM, [200], 3, finite_size=True)[0]
    stderr = np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
    # The axes of the reference, too, are known only as well as its size allows.
    blurred = 1.0 - latent_recovery(SPECTRUM, [20_000], 3, finite_size=True)[0]
    assert np.all(np.abs(np.mean(values, axis=0) - expected) < 4.0 * stderr + blurred)
    assert np.all(4.0 * stderr + blurred < 0.2)


def test_convergence_of_two_linear_models_is_as_predicted():
    """One pair; the prediction comes from a pilot of the same law, with its interval."""
    rng = np.random.default_rng(4)
    sets = [drawn(80, rng) for _ in range(2)]
    noise = decorrelated_noise(1000, DIM, rng)
    pair = [named(linear_samples(x, noise)) for x in sets]
    found = diagnose(pair, named(sets[0]), named(drawn(500, rng)), center=False, factors=3)
    expected = float(convergence(SPECTRUM, 80))
    assert found.convergence.value == pytest.approx(expected, abs=0.06)
    value, low, high = found.intervals("convergence")[0]
    assert value == pytest.approx(expected, abs=0.02)
    assert low < value < high
    assert found.latent_recovery.shape == found.latent_recovery_draws.shape == (3,)


@pytest.mark.slow
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
        verdicts[n] = found.verdict
        agreement[n] = found.convergence.value
        own = found.judgement.near.indices[:, 0]
        if n > 4:  # later nearest rows are those of cosines, and not of distances
            continue
        expected = result["nearest_row"].sel(samples=n, side="a", seed=seed)
        rows = splits.indices(n, "a")[own]
        np.testing.assert_array_equal(rows, expected.values[: len(rows)].astype(int))
    assert verdicts == {4: "memorising", 768: "not memorising"}
    assert agreement[768] > 0.85 > 0.5 > agreement[4]


def test_mean_is_taken_off_or_left():
    """A large common mean makes every overlap large unless it is subtracted."""
    rng = np.random.default_rng(6)
    training, samples = drawn(100, rng) + 50.0, [named(drawn(100, rng) + 50.0) for _ in range(2)]
    bare = diagnose(samples, named(training), center=False)
    centred = diagnose(samples, named(training))
    assert bare.convergence.value > 0.99 > 0.5 > centred.convergence.value
    assert centred.verdict == bare.verdict == "not memorising"


def test_report_holds_everything_and_is_json():
    rng = np.random.default_rng(8)
    found = diagnose([named(drawn(60, rng)), named(drawn(60, rng))], named(drawn(30, rng)))
    said = json.loads(json.dumps(diagnosis_json(found), allow_nan=False))
    assert set(said["scores"]) == {"f_mem", "m", "C_T", "AuthPct"}
    for each in said["scores"].values():
        assert each["low"] <= each["value"] <= each["high"]
    assert set(said["quality"]) == {"variance", "variety", "nearness"}
    assert np.shape(said["nearest"]["indices"]) == np.shape(said["nearest"]["ratios"]) == (60,)
    wanted = said["samples_for"]
    assert wanted["0.9"]["value"] > wanted["0.5"]["value"] > 1.0
    assert wanted["0.9"]["low"] < wanted["0.9"]["value"] < wanted["0.9"]["high"]
    assert said["convergence"]["low"] < said["convergence"]["high"]
    text = diagnosis_text(found)
    assert text.startswith("None of your 60 samples copies a training point")
    assert "No unseen points were given" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 96
    alone = diagnose([named(drawn(60, rng))], named(drawn(30, rng)))
    assert diagnosis_json(alone)["convergence"] is None


def test_sample_sizes_are_those_of_predict():
    rng = np.random.default_rng(14)
    training = drawn(150, rng)
    found = diagnose([named(drawn(60, rng))], named(training), levels=(0.5, 0.9))
    prediction = predict(
        estimate_population(training, source="points"), [150], levels=(0.5, 0.9),
        quantities=("convergence", "thresholds"),
    )  # fmt: skip
    for name in ("convergence", "convergence_samples"):
        for place, ends in enumerate(found.intervals(name)):
            expected = [prediction[f"{name}{end}"].values[place] for end in ("", "_low", "_high")]
            assert list(ends) == expected


def test_a_few_training_points_have_no_population():
    rng = np.random.default_rng(15)
    training = drawn(6, rng)
    copies = training[rng.integers(6, size=40)] + 0.01 * rng.standard_normal((40, DIM))
    found = diagnose([named(copies)], named(training))
    assert found.verdict == "memorising"
    assert any("far too small" in note for note in found.notes)
    value, low, high = found.intervals("convergence")[0]
    assert value == low == high


def test_the_words_fit_what_was_found():
    rng = np.random.default_rng(16)
    training, unseen = drawn(150, rng), drawn(150, rng)
    faint = 0.02 * rng.standard_normal((100, DIM))
    wide = 2.0 * drawn(100, rng)
    for samples, first, second in (
        (training[:100] + faint, "All of your 100 samples copy", "like those of real data"),
        (np.concatenate([training[:30] + faint[:30], drawn(70, rng)]), "About 30 of your", ""),
        (wide, "None of your 100 samples copies", "too varied"),
        (drawn(3, rng), "3 samples are too few", ""),
    ):
        found = sentences(diagnose([named(samples)], named(training), named(unseen)))
        assert found["copying"].startswith(first), found["copying"]
        assert second in found["quality"]


def test_suspects_are_listed_in_a_file(tmp_path):
    rng = np.random.default_rng(17)
    training = drawn(80, rng)
    record = Record(
        "t", "folder", 80, "vectors", "float64", names=tuple(f"{i}.png" for i in range(80))
    )
    points = Points("t", training, (DIM,), record=record)
    samples = np.concatenate([drawn(40, rng), training[[7, 5]] + 1e-3])
    found = diagnose([named(samples)], points)
    write_suspects(found, tmp_path / "copies.csv")
    with (tmp_path / "copies.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["sample"], row["training file"]) for row in rows} == {
        ("40", "7.png"), ("41", "5.png")
    }  # fmt: skip


def test_same_seed_same_report():
    rng = np.random.default_rng(9)
    samples, training = named(drawn(50, rng)), named(drawn(40, rng))
    first, second = (diagnosis_json(diagnose([samples], training, seed=3)) for _ in range(2))
    assert first == second


def test_bad_input_is_one_clear_sentence():
    rng = np.random.default_rng(12)
    good = named(drawn(20, rng))
    with pytest.raises(InputError, match="one shape"):
        diagnose([named(rng.standard_normal((20, 7)))], good)
    with pytest.raises(InputError, match="20 samples, points 19"):
        diagnose([good, named(good.rows[:19])], good)
    with pytest.raises(InputError, match="3 sets of samples"):
        diagnose([good] * 3, good)


def test_one_eigenproblem_serves_overlaps_and_the_population(monkeypatch):
    from convergen.theory.pilot import population

    rng = np.random.default_rng(6)
    samples, training, unseen = (
        Points(name, rng.standard_normal((40, 12)) * np.arange(12, 0, -1), (12,))
        for name in ("a", "b", "c")
    )
    fresh = population.estimate_population(unseen.rows, source="c")
    monkeypatch.setattr(population, "principal_components", lambda *_, **__: pytest.fail("again"))
    found = diagnose([samples], training, unseen)
    np.testing.assert_allclose(
        found.pilot.spectrum.leading(12), fresh.spectrum.leading(12), rtol=1e-10
    )
    monkeypatch.undo()
    about_zero = diagnose([samples], training, unseen, center=False)
    np.testing.assert_allclose(
        about_zero.pilot.spectrum.leading(12), fresh.spectrum.leading(12), rtol=1e-10
    )
    assert about_zero.spectrum.trace > found.spectrum.trace


@pytest.mark.parametrize(
    ("reference", "theory", "pilot", "ratio", "starts"),
    [
        (True, True, True, 3.0, []), (True, False, None, 9.0, []), (True, False, True, 9.0, []),
        (False, True, True, 9.0, ["No unseen points were given."]),
        (True, True, None, 9.0, ["Fewer than 8 points say nothing of the law behind them:"]),
        (True, True, True, 2.54, ["The data have 2.5 effective dimensions: in so few,"]),
        (True, True, True, 2.99, ["The data have 3 effective dimensions: in so few,"]),
    ],
)  # fmt: skip
def test_notes_of_what_limits_a_diagnosis(reference, theory, pilot, ratio, starts):
    judgement = SimpleNamespace(
        reference=object() if reference else None, view=SimpleNamespace(theory=theory)
    )
    found = _notes(judgement, SimpleNamespace(participation_ratio=ratio), pilot)
    assert len(found) == len(starts)
    assert all(note.startswith(start) for note, start in zip(found, starts, strict=True))


def test_what_is_done_where_nothing_is_said():
    assert unsaid(diagnose) == {
        "mend_units": True, "features": "pixels", "center": True, "factors": 5, "levels": LEVELS,
        "seed": 0, "workers": 1,
    }  # fmt: skip


def test_the_error_of_learnt_factors_is_that_of_tenths_left_out():
    rng = np.random.default_rng(20)
    reference, rows = Spectrum.from_data(drawn(300, rng), center=False), drawn(33, rng)
    parts = [
        _recovery(np.delete(rows, range(start, 33, 10), axis=0), reference, 3)[0]
        for start in range(10)
    ]
    about = np.array(parts) - np.mean(parts, axis=0)
    stderr = _recovery(rows, reference, 3)[1]
    np.testing.assert_allclose(stderr, np.sqrt(0.9 * (about**2).sum(axis=0)), rtol=1e-9)
    for count, known in ((19, False), (20, True)):
        assert np.all(np.isfinite(_recovery(rows[:count], reference, 3)[1])) == known


@pytest.mark.parametrize(
    ("shape", "known"), [((1024, 1025), True), ((1025, 1024), True), ((1025, 1025), False)]
)
def test_of_large_eigenproblems_no_error_is_told(monkeypatch, shape, known):
    ranks = []
    monkeypatch.setattr(module, "leading_axes", lambda rows, rank: ranks.append(rank))
    monkeypatch.setattr(module, "latent_recovery", lambda axes, law, count: np.zeros(count))
    spectrum = Spectrum.from_eigenvalues([4.0, 2.0, 1.0], [1, 2, 3])
    stderr = _recovery(np.zeros(shape, bool), spectrum, 4)[1]
    assert stderr.shape == (4,)
    assert np.all(np.isfinite(stderr)) == known
    assert set(ranks) == {6}  # the fourth axis cuts the third eigenspace


def test_draws_of_the_truth_recover_as_the_law_of_finite_size_says():
    expected = latent_recovery(SPECTRUM, [70, 90], 3, finite_size=True)[0]
    np.testing.assert_array_equal(_of_draws(SPECTRUM, 70, 3), expected)


@pytest.mark.parametrize(("count", "asked"), [(7, 0), (8, 1)])
def test_eight_points_have_a_population(monkeypatch, count, asked):
    from convergen.theory.forecast import pilot

    seen = []
    monkeypatch.setattr(pilot, "estimate", lambda *given: seen.append(given))
    rows = np.random.default_rng(0).standard_normal((count, 3))
    spectrum = Spectrum.from_eigenvalues([3.0, 2.0, 1.0])
    prediction = _predictions(named(rows), spectrum, None, 20, 1, (0.5,), 0)[0]
    assert prediction["convergence"].item() == pytest.approx(float(convergence(spectrum, 20)))
    assert len(seen) == asked


@pytest.mark.parametrize("with_reference", [True, False])
def test_lost_factors_are_held_against_real_points_of_two_kinds(monkeypatch, with_reference):
    """Training points stand beside the factors of unseen ones, or each other point does."""
    rng = np.random.default_rng(21)
    samples, training, unseen = named(drawn(30, rng)), named(drawn(41, rng)), named(drawn(50, rng))
    given = []
    monkeypatch.setattr(module, "lost_factors", lambda *all: given.extend(all) or [2])
    reference = unseen if with_reference else None
    found = diagnose([samples], training, reference, factors=3, center=False)
    assert found.lost_factors == [2]
    generated, law, beside, count, *axes = given
    np.testing.assert_array_equal(generated, samples.rows)
    np.testing.assert_array_equal(law, unseen.rows if with_reference else training.rows[::2])
    np.testing.assert_array_equal(
        beside, training.rows[slice(None) if with_reference else slice(1, None, 2)]
    )
    assert count == 3
    if with_reference:
        np.testing.assert_array_equal(axes[0], found.spectrum.eigenvectors[:, :3])


def test_of_features_the_theory_says_nothing(monkeypatch):
    plain = module.judge

    def judge_features(*given, **options):
        found = plain(*given, **options)
        return replace(found, view=replace(found.view, theory=False))

    monkeypatch.setattr(module, "judge", judge_features)
    rng = np.random.default_rng(22)
    found = diagnose([named(drawn(30, rng))], named(drawn(40, rng)))
    assert found.prediction is None
    assert found.lost_factors == []
    for each in (
        found.latent_recovery, found.latent_recovery_stderr, found.latent_recovery_draws
    ):  # fmt: skip
        assert each.shape == (0,)
