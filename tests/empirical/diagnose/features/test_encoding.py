"""Encoders: what they return is checked, mirrored images are encoded as such, verdicts hold."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.neighbours import Space, nearest
from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features import encoding
from convergen.empirical.diagnose.features.encoding import encoded_sets
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given
from convergen.empirical.diagnose.verdict.diagnose import diagnose
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.empirical.diagnose.verdict.report import diagnosis_json, diagnosis_text
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws
from tests.empirical.diagnose.cases import cases, verdict

RANDOM = f"{Path(__file__).parent / 'random_networks.py'}:features"


def images(count, seed=0, name="s"):
    rows = laws.digits(count, np.random.default_rng(seed))
    return Points(name, rows, (1, 8, 8))


def given(orbit=("mirror",), count=150):
    every = images(count + 60).rows
    sets = [Points(n, x, (1, 8, 8)) for n, x in zip("str", np.split(every, [30, 60]), strict=True)]
    return Given([sets[0]], sets[2], sets[1], Orbit.of((1, 8, 8), orbit), chosen=True)


def first_pixels(x):
    return x.reshape(len(x), -1)[:, :40]


NOISE = np.random.default_rng(0)


def dropout(x):
    return first_pixels(x) * NOISE.integers(2, size=40)


WRONG = {
    "list": (lambda x: [["a"] * 3] * len(x), "no array of real numbers"),
    "complex": (lambda x: first_pixels(x) * 1j, "no array of real numbers"),
    "three axes": (lambda x: x[:, 0], r"shape \(128, 8, 8\) for 128 points"),
    "too few rows": (lambda x: first_pixels(x)[1:], r"shape \(127, 40\).*return shape \(128, k\)"),
    "no features": (lambda x: first_pixels(x)[:, :0], r"shape \(128, 0\)"),
    "NaN": (lambda x: np.where(x[:, 0] > 0.5, np.nan, 1.0)[:, :, 0], "NaN or infinity for"),
    "other length": (lambda x: first_pixels(x)[:, : len(x) // 2], "for 64 points"),
    "noise": (dropout, "asked again"),
    "batch statistics": (lambda x: first_pixels(x) - first_pixels(x).mean(0), "another batch"),
    "one value": (lambda x: np.tile([1.0, 2.0, 3.0], (len(x), 1)), "same features for all"),
    "one axis": (lambda x: x.mean(axis=(1, 2, 3)), r"shape \(128,\) for 128 points"),
    "too many rows": (lambda x: np.repeat(first_pixels(x), 2, 0), r"shape \(256, 40\) for 128"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_feature_is_refused(name):
    rows, words = WRONG[name]
    with pytest.raises(InputError, match=words):
        encoded_sets(given(), rows, "mine", words="", theory=False)


def test_every_form_of_real_points_is_encoded_and_one_of_samples():
    sets = given()
    seen = []

    def rows(x):
        seen.append(x.copy())
        x[:] = 0.0  # writing into the argument does no harm
        return seen[-1].reshape(len(x), -1) ** 2

    view = encoded_sets(sets, rows, "mine", words="", theory=False)
    assert all(each.dtype == np.float32 and len(each) <= 128 for each in seen)
    np.testing.assert_array_equal(seen[0], sets.training.rows[:128].astype(np.float32))
    mirrored = sets.training.rows[..., ::-1].reshape(150, 64)
    np.testing.assert_allclose(view.training.rows[:, 1], mirrored**2, rtol=1e-6)
    np.testing.assert_allclose(view.samples[0].rows[:, 0], sets.samples[0].flat() ** 2, rtol=1e-6)
    assert view.samples[0].shape == (1, 64)
    # Nearest points over both forms, against all pairs.
    space = Space(view.orbit, np.zeros(64))
    near = nearest(space.still(view.samples[0].rows), view.training.rows, space)
    x, y = view.samples[0].rows[:, 0], view.training.rows.astype(float)
    apart = np.linalg.norm(x[:, None, None] - y[None], axis=3).min(axis=2)
    np.testing.assert_array_equal(near.indices[:, 0], apart.argmin(axis=1))
    np.testing.assert_allclose(near.distances[:, 0], apart.min(axis=1), rtol=1e-6)
    plain = view.plain(view.training)
    assert plain.shape == (64,)
    np.testing.assert_allclose(plain.rows, sets.training.flat() ** 2, rtol=1e-6)


def test_mirrored_copies_are_found_by_an_encoder_that_sees_the_mirror():
    rows = images(290, 4).rows
    training, unseen, fresh = np.split(rows, [100, 200])
    samples = fresh.copy()
    samples[:45] = training[:45, ..., ::-1]
    sets = [
        Points(n, x, (1, 8, 8)) for n, x in zip("str", (samples, training, unseen), strict=True)
    ]
    found = judge([sets[0]], *sets[1:], features=RANDOM)
    assert found.verdict == "partly memorising"
    assert set(range(45)) <= set(found.copies.suspected)
    np.testing.assert_array_equal(found.near.indices[:45, 0], np.arange(45))
    assert {each.key for each in found.scores} == {"f_mem", "m", "nearer", "C_T", "AuthPct"}
    assert found.scores[0].value.value == pytest.approx(0.5, abs=0.05)
    blind = judge([sets[0]], *sets[1:], features=RANDOM, invariant=())
    assert blind.verdict == "not memorising"


def test_the_theory_is_not_asked_about_features():
    rows = images(290, 4).rows
    sets = [Points(n, x, (1, 8, 8)) for n, x in zip("str", np.split(rows, [90, 190]), strict=True)]
    found = diagnose([sets[0], sets[0]], *sets[1:], features=RANDOM)
    assert found.prediction is None
    assert found.convergence.value == pytest.approx(1.0)
    said = diagnosis_json(found)
    assert said["predicted"] is None
    assert said["latent_recovery"] == []
    assert said["features"]["count"] == 288
    assert len(said["features"]["sha256"]) == 64
    text = diagnosis_text(found)
    assert "not of features of" in text
    assert "n needed" not in text
    assert "nan" not in text.lower()
    whitened = diagnose([sets[0]], *sets[1:], features="whitened")
    assert whitened.prediction is not None
    assert "whitened points, 64 numbers each" in diagnosis_text(whitened)


def test_brightness_cannot_be_stripped_from_what_a_network_sees(monkeypatch, tmp_path):
    weights = tmp_path / "w.pth"
    weights.write_bytes(b"")
    with pytest.raises(InputError, match="strips images of what inception expects"):
        encoded("inception", given(("contrast",)), weights)


def test_unknown_features_name_the_encoders():
    with pytest.raises(InputError, match=r"'dinov' .*dinov2.*inception, pixels, whitened"):
        encoded("dinov", given())
    with pytest.raises(InputError, match="--weights is for the encoders dinov2, inception"):
        encoded("pixels", given(), Path("w"))


# Kinds of cases whose verdict must hold in features too: images in several dresses, and vectors.
FEATURED = {
    "digits", "larger photographs", "Gaussian vectors", "mode collapse", "reference leaked in part",
    "heavy tails", "2 % copied",
}  # fmt: skip


@pytest.mark.parametrize("features", [RANDOM, "whitened"], ids=["network", "whitened"])
def test_verdicts_hold_in_features(features):
    tried = 0
    for number, case in enumerate(cases()):
        if case.kind.name in FEATURED:
            tried += 1
            rng = np.random.default_rng([3, number])
            said, found = verdict(case, partial(judge, features=features), rng)
            assert said in case.right, (case.name, found)
    assert tried == 2 * len(FEATURED)


@pytest.mark.slow
def test_innocent_samples_are_rarely_accused_in_features():
    """At most 2 % of innocent draws over all kinds, in features of a network and whitened."""
    for features in (RANDOM, "whitened"):
        draws = wrong = 0
        for seed in range(2):
            for number, case in enumerate(cases()):
                if case.copying or case.right == {"refused"}:
                    continue
                rng = np.random.default_rng([13, seed, number])
                said, _ = verdict(case, partial(judge, features=features), rng)
                draws += 1
                wrong += said not in case.right
        assert draws > 140
        assert wrong <= 0.02 * draws


@pytest.mark.parametrize("unseen", [True, False])
def test_each_form_of_each_real_point_is_counted_and_each_sample_once(monkeypatch, unseen):
    """30 samples, and 150 training and 30 unseen points with their mirrors."""
    counted = []

    @contextmanager
    def phase(name, total, unit):
        counts = []
        yield counts.append
        counted.append((name, total, unit, sum(counts)))

    monkeypatch.setattr(encoding, "phase", phase)
    sets = given()
    sets = sets if unseen else replace(sets, reference=None)
    encoded_sets(sets, first_pixels, "mine", words="", theory=False)
    total = 30 + 2 * 150 + 2 * 30 * unseen
    assert counted == [("features of mine", total, "point", total)]


@pytest.mark.parametrize(("moved", "words"), [(0.008, ""), (0.012, "asked again"), (1.5, "asked")])
@pytest.mark.parametrize("spread", [0.5, 0.0])
def test_features_may_move_by_a_hundredth_of_their_spread(moved, words, spread):
    """Of two features one is larger by far; a spread of nothing counts as one."""
    x, calls = np.zeros((64, 1, 2, 2)), []

    def rows(x):
        calls.append(len(x))
        signs = np.where(np.arange(len(x)) % 2, 1.0, -1.0)
        moves = moved * (spread or 1.0) * (len(calls) == 2)
        return np.stack([spread * signs, 1e3 + 0.1 * spread * signs + moves], axis=1)

    if words:
        with pytest.raises(InputError, match=words):
            encoding._tried(x, rows, "mine")
    else:
        assert encoding._tried(x, rows, "mine") == 2
        assert calls == [64, 64, 32]


@pytest.mark.parametrize(("moved", "fits"), [(0.008, True), (0.012, False)])
def test_features_may_move_as_much_in_another_batch(moved, fits):
    def rows(x):
        signs = np.where(np.arange(len(x)) % 2, 1.0, -1.0)[:, None]
        return 2.0 * (signs + moved * (len(x) < 64))

    if fits:
        assert encoding._tried(np.zeros((64, 4)), rows, "mine") == 1
    else:
        with pytest.raises(InputError, match="another batch"):
            encoding._tried(np.zeros((64, 4)), rows, "mine")


def test_points_with_a_feature_that_is_no_number_are_counted():
    rows = np.array([[np.nan, np.inf, np.nan], [1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="NaN or infinity for 1 of 2 points"):
        encoding.checked(rows, 2, None, "mine")
