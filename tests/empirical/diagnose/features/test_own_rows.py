"""Features in files: rows belong to points, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.own_rows import is_files
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given
from convergen.empirical.diagnose.verdict.judgement import judge
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws


@pytest.fixture(scope="module")
def rows():
    """Samples a tenth of which are copies, training set, unseen points; digits from 0 to 16."""
    every = 16.0 * laws.digits(300, np.random.default_rng(2))
    samples, training, unseen = np.split(every, [100, 200])
    samples[:10] = training[:10]
    return samples, training, unseen


def sets(rows, chosen=False, invariant=("mirror",)):
    samples, training, unseen = (Points(n, x, (1, 8, 8)) for n, x in zip("stu", rows, strict=True))
    return Given([samples], training, unseen, Orbit.of((1, 8, 8), invariant), chosen=chosen)


def halves(rows):
    return [x.reshape(len(x), -1)[:, :32] for x in rows]


@pytest.fixture
def here(tmp_path, monkeypatch, rows):
    monkeypatch.chdir(tmp_path)
    named = dict(zip(("samples", "train", "reference"), halves(rows), strict=True))
    np.savez("all.npz", **named)
    np.savez("two.npz", samples=named["samples"], train=named["train"])
    for name, values in named.items():
        np.save(f"{name}.npy", values)
    np.save("short.npy", named["train"][:99])
    np.save("long.npy", np.append(named["train"], named["train"][:1], axis=0))
    np.save("narrow.npy", named["train"][:, :7])
    return tmp_path


@pytest.mark.parametrize("text", ["all.npz", "samples.npy,train.npy,reference.npy"])
def test_rows_of_files_belong_to_points(here, rows, text):
    given = sets(rows)
    view = encoded(text, given)
    found = judge(given.samples, given.training, given.reference, features=text)
    for each, values in zip(
        (view.samples[0], view.training, view.reference), halves(rows), strict=True
    ):
        np.testing.assert_allclose(view.plain(each).rows, values, rtol=1e-6)
    assert found.orbit.names == []
    assert set(range(10)) <= set(found.copies.suspected)
    assert found.verdict == "partly memorising"
    assert all(len(each) == 64 for each in view.record["files"].values())


def test_leaked_rows_leave_the_features_too(here, rows):
    samples, training, unseen = (each.copy() for each in rows)
    unseen[5:15] = training[20:30]
    np.savez("leak.npz", **dict(zip(
        ("samples", "train", "reference"), halves((samples, training, unseen)), strict=True
    )))  # fmt: skip
    given = sets((samples, training, unseen))
    found = judge(given.samples, given.training, given.reference, features="leak.npz")
    kept = np.delete(np.arange(100), np.arange(5, 15))
    np.testing.assert_allclose(
        found.view.reference.rows[:, 0], halves([unseen])[0][kept], rtol=1e-6
    )
    assert len(found.reference) == 90


REFUSED = {
    "two.npz": "no array 'reference' of features",
    "samples.npy": "holds one array, but 3 sets need features",
    "samples.npy,train.npy": "2 files of features were given for 3 sets",
    "samples.npy,short.npy,reference.npy": "short.npy has 99 rows, but t holds 100 points",
    "samples.npy,train.npy,reference.npy,train.npy": "4 files of features were given for 3 sets",
    "samples.npy,long.npy,reference.npy": "long.npy has 101 rows, but t holds 100 points",
    "samples.npy,narrow.npy,reference.npy": r"different lengths \(32, 7, 32\)",
    "absent.npz": "absent.npz",
}


@pytest.mark.parametrize("text", REFUSED)
def test_files_that_do_not_fit_are_refused(here, rows, text):
    with pytest.raises(InputError, match=REFUSED[text]):
        encoded(text, sets(rows))


def test_files_hold_no_mirrored_images(here, rows):
    with pytest.raises(InputError, match="--invariant mirror needs features of changed images"):
        encoded("all.npz", sets(rows, chosen=True))


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("all.npz", True), ("S.NPY,T.npy", True), ("a.npy,b.py", False), ("pixels", False),
        ("folder.png", False),
    ],
)  # fmt: skip
def test_files_are_known_by_their_endings(text, files):
    assert is_files(text) is files


def test_a_second_model_has_rows_of_its_own_and_no_reference_needs_none(here, rows):
    samples, training, _ = halves(rows)
    second = samples[::-1] + 1.0
    np.savez("pair.npz", samples=samples, samples_b=second, train=training)
    given = sets(rows)
    pair = replace(given, samples=[given.samples[0]] * 2, reference=None)
    view = encoded("pair.npz", pair)
    assert len(view.samples) == 2
    assert view.reference is None
    np.testing.assert_allclose(view.samples[1].rows[:, 0], second, rtol=1e-6)
    np.testing.assert_allclose(view.training.rows[:, 0], training, rtol=1e-6)
    assert view.training.shape == (1, 32)
    assert list(view.record["files"]) == ["pair.npz"]
    assert not view.theory
    with pytest.raises(InputError, match="gives no array 'samples_b' of features"):
        encoded("two.npz", pair)


def test_one_file_for_three_models_is_too_few(here, rows):
    given = sets(rows)
    with pytest.raises(InputError, match=r"1 files of features were given for 5 sets.*s, s, s, t"):
        encoded("all.npz", replace(given, samples=given.samples * 3))


def test_changes_that_nobody_asked_for_are_left_out(here, rows):
    """Mirroring is ignored in images unless told otherwise; files answer as far as they can."""
    assert encoded("all.npz", sets(rows, chosen=False)).orbit.names == []
    assert encoded("all.npz", sets(rows, chosen=True, invariant=())).orbit.names == []


def test_pictures_are_no_array_of_features(here, rows):
    np.savez("cube.npz", samples=rows[0], train=rows[1], reference=rows[2])
    with pytest.raises(InputError, match=r"cube\.npz"):
        encoded("cube.npz", sets(rows))
