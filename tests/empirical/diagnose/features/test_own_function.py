"""A function of the user: what it is given, and what is said where it fails."""

import sys

import numpy as np
import pytest

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.own_function import _installed, is_function
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws


@pytest.fixture(scope="module")
def rows():
    """Digits from 0 to 16: samples, training set, unseen points."""
    return np.split(16.0 * laws.digits(150, np.random.default_rng(2)), 3)


def sets(rows):
    samples, training, unseen = (Points(n, x, (1, 8, 8)) for n, x in zip("stu", rows, strict=True))
    return Given([samples], training, unseen, Orbit.of((1, 8, 8)))


def halves(rows):
    return [x.reshape(len(x), -1)[:, :32] for x in rows]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        [Points("s", rows[0].reshape(50, 64), (64,))],
        Points("t", rows[1].reshape(50, 64), (64,)), None, Orbit.of((64,)),
    )  # fmt: skip
    plain = encoded(text, vectors)
    np.testing.assert_allclose(plain.training.rows[:, 0], halves(rows)[1], rtol=1e-6)


def test_functions_that_fail_are_named_in_one_sentence(here, rows):
    (here / "mine.py").write_text(CODE)
    for text, words in {
        "mine.py:broken": r"mine.py:broken fails on images in \[0, 1\] of shape \(50",
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


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("mine.py:f", True), ("package.module:f", True), ("mine.py", False), (":f", False),
        ("mine.py:", False), ("C:/a.npz", False), ("mine.py:1f", False),
    ],
)  # fmt: skip
def test_functions_are_known_by_a_name_after_a_colon(text, function):
    assert is_function(text) is function


def test_what_a_function_sees_is_recorded(here, rows):
    (here / "mine.py").write_text(CODE)
    picture = encoded("mine.py:halves", sets(rows))
    assert picture.words == "features of mine.py:halves"
    assert not picture.theory
    assert picture.record["given"] == "images in [0, 1]"
    assert picture.record["file"] == "mine.py"
    import convergen.empirical.common.own_files as own

    seen = own.imported(here / "mine.py", "function").seen
    shapes, kinds, low, high = zip(*seen, strict=True)
    assert set(shapes) == {(1, 8, 8)}
    assert set(kinds) == {"float32"}
    assert min(low) == 0.0
    assert max(high) == 1.0
    flat = [Points(n, x.reshape(50, 64), (64,)) for n, x in zip("st", rows, strict=False)]
    vectors = encoded("mine.py:halves", Given([flat[0]], flat[1], None, Orbit.of((64,))))
    assert vectors.record["given"] == "points in the units of the training set"
    assert "black_and_white" not in vectors.record
    assert vectors.notes == ["mine.py:halves was given points in the units of the training set."]


def test_torch_keeps_no_graph_of_a_function(here, rows):
    import torch

    (here / "graph.py").write_text(
        "import torch\nkept = []\n"
        "def f(x):\n    kept.append(torch.is_grad_enabled())\n    return x.reshape(len(x), -1)\n"
        "one = torch.ones(64).requires_grad_()\n"
        "def g(x):\n    return torch.from_numpy(x.reshape(len(x), -1)) * one\n"
    )
    assert torch.is_grad_enabled()
    for name in "fg":
        view = encoded(f"graph.py:{name}", sets(rows))
        np.testing.assert_allclose(
            16.0 * view.training.rows[:, 0], rows[1].reshape(50, 64), rtol=1e-6
        )
    import convergen.empirical.common.own_files as own

    assert not any(own.imported(here / "graph.py", "function").kept)


@pytest.mark.parametrize("shape", [(64,), (1, 8, 8), (2, 2, 4, 4)])
def test_images_alone_are_brought_to_black_and_white(here, rows, shape):
    (here / "mine.py").write_text(CODE)
    low = [(x - 3.0).reshape(50, *shape) for x in rows]
    sets = [Points(name, x, shape) for name, x in zip("st", low, strict=False)]
    view = encoded("mine.py:halves", Given([sets[0]], sets[1], None, Orbit.of(shape)))
    picture = len(shape) == 3
    known = halves(rows)[1] / 16.0 if picture else halves(rows)[1] - 3.0
    np.testing.assert_allclose(view.training.rows[:, 0], known, rtol=1e-5, atol=1e-6)
    given = (
        "images in [0, 1], -3 being black and 13 white"
        if picture
        else "points in the units of the training set"
    )
    assert view.notes == [f"mine.py:halves was given {given}."]
