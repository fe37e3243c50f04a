"""Features that users bring: files of rows, and functions in files and modules."""

import sys

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.own_function import _installed
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


CODE = """
seen = []
def halves(x):
    seen.append((x.shape[1:], str(x.dtype), float(x.min()), float(x.max())))
    return x.reshape(len(x), -1)[:, :32]
def broken(x):
    raise RuntimeError("no such layer")
number = 3
"""


@pytest.mark.parametrize("text", ["mine.py:halves", "mine:halves"])
def test_a_function_is_given_images_from_0_to_1(here, rows, text):
    (here / "mine.py").write_text(CODE)
    view = encoded(text, sets(rows))
    np.testing.assert_allclose(view.training.rows[:, 0] * 16.0, halves(rows)[1], rtol=1e-5)
    assert view.record["black_and_white"] == [0.0, 16.0]
    assert len(view.record["sha256"]) == 64
    assert "0 being black and 16 white" in view.notes[0]
    vectors = Given(
        [Points("s", rows[0].reshape(100, 64), (64,))],
        Points("t", rows[1].reshape(100, 64), (64,)), None, Orbit.of((64,)),
    )  # fmt: skip
    plain = encoded(text, vectors)
    np.testing.assert_allclose(plain.training.rows[:, 0], halves(rows)[1], rtol=1e-6)


def test_functions_that_fail_are_named_in_one_sentence(here, rows):
    (here / "mine.py").write_text(CODE)
    for text, words in {
        "mine.py:broken": r"mine.py:broken fails on images in \[0, 1\] of shape \(128|100",
        "mine.py:number": "holds no function 'number'",
        "absent.py:f": "cannot read the function 'absent.py'",
        "no_such_module_here:f": "cannot import no_such_module_here: ModuleNotFoundError",
        "a-b:f": "write FILE.py:NAME or MODULE:NAME",
    }.items():
        with pytest.raises(InputError, match=words):
            encoded(text, sets(rows))


def test_a_function_of_an_installed_module(here, rows):
    assert not (here / "tests").exists()  # else the file would be taken
    view = encoded("tests.empirical.diagnose.features.random_networks:features", sets(rows))
    assert view.training.shape == (2, 288)
    assert view.record["file"] == "random_networks.py"
    assert _installed("sys") == (sys, None)  # built in, without a file
