import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.gaussian import GaussianDenoiser
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.networks.wide import kernel_regression as module
from convergen.theory.networks.wide.kernel_regression import (
    ABOVE,
    IMAGES_PER_COPY,
    KernelRegression,
)
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from convergen.theory.spectra.spectrum import Spectrum
from tests.options import unsaid


def gaussian(count, dim=6, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim))


def test_the_formula_of_one_level():
    data, sigma = gaussian(4), 0.5
    model = KernelRegression(data, images=40 * IMAGES_PER_COPY, depth=2, bias=0.1, time=300.0)
    assert model.copies == 40
    inputs, targets = model._noised(sigma)
    # Undone, each copy is a training point plus noise of this level.
    keep, answer = 0.8, 0.5 / np.sqrt(1.25)
    clean = answer * targets + keep * inputs / np.sqrt(keep)
    rows = np.argmin(((clean[:, None] - data) ** 2).sum(2), axis=1)
    np.testing.assert_allclose(clean, data[rows], atol=1e-12)
    assert np.bincount(rows).tolist() == [10] * 4
    np.testing.assert_allclose(np.std(inputs / np.sqrt(keep) - clean), sigma, rtol=0.15)
    query = gaussian(3, seed=1)
    kernel = relu_tangent_kernel(inputs, depth=2, bias=0.1) + 40 / 300.0 * np.eye(40)
    near = relu_tangent_kernel(np.sqrt(keep) * query, inputs, depth=2, bias=0.1)
    expected = keep * query + answer * near @ np.linalg.solve(kernel, targets)
    np.testing.assert_allclose(model(query, sigma), expected, rtol=1e-7)


@pytest.mark.parametrize(("options", "factor"), [({}, ABOVE), ({"above": 0.5}, 0.5)])
def test_more_copies_above_the_spread_of_the_data(options, factor):
    model = KernelRegression(gaussian(4), images=40 * IMAGES_PER_COPY, time=300.0, **options)
    for sigma, copies in ((0.3, 40), (1.0, 40), (1.01, factor * 40), (9.0, factor * 40)):
        inputs, targets = model._noised(sigma)
        assert inputs.shape == targets.shape == (copies, 6)
    # The answer is that of a plain regression on so many.
    query, keep = gaussian(3, seed=1), 1.0 / 82.0
    kernel = relu_tangent_kernel(inputs) + len(inputs) / 300.0 * np.eye(len(inputs))
    near = relu_tangent_kernel(np.sqrt(keep) * query, inputs)
    expected = keep * query + 9.0 / np.sqrt(82.0) * near @ np.linalg.solve(kernel, targets)
    np.testing.assert_allclose(model(query, 9.0), expected, rtol=1e-7)
    # Landmarks count the copies of each level.
    few = KernelRegression(
        gaussian(4), images=40 * IMAGES_PER_COPY, time=300.0, landmarks=30, **options
    )
    assert [len(few._fit(sigma)[0]) for sigma in (1.0, 9.0)] == [30, min(30, factor * 40)]


def test_many_copies_of_many_points_approach_the_wiener_filter():
    truth = GaussianDenoiser(Spectrum.from_eigenvalues(np.ones(6), eigenvectors=np.eye(6)))
    clean, noise = gaussian(400, seed=2), gaussian(400, seed=3)
    ends = []
    for count in (30, 1000):
        model = KernelRegression(gaussian(count), images=count * IMAGES_PER_COPY, time=30.0)
        answers = model(clean + noise, 1.0)
        ends.append(np.mean((answers - truth(clean + noise, 1.0)) ** 2))
    assert ends[1] < 0.1 * ends[0]
    assert ends[1] < 0.01


def test_many_copies_of_two_points_approach_their_posterior():
    data = np.array([[1.0, 0.0], [-1.0, 0.0]])
    noisy = data[np.arange(50) % 2] + 0.5 * gaussian(50, 2, seed=4)
    best = EmpiricalScore(data)(noisy, 0.5)

    def error(images, **options):
        model = KernelRegression(data, images=images, time=100.0, **options)
        return np.mean((model(noisy, 0.5) - best) ** 2)

    assert error(40_000, bias=1.0) < 0.01
    assert error(40_000, bias=1.0) < 0.3 * error(500, bias=1.0)
    # Without biases the answer of a network is proportional to the size of its input.
    assert error(40_000) > 0.05


def test_landmarks_stand_for_many_copies():
    data, query = gaussian(50), gaussian(40, seed=5)
    options = {"images": 600 * IMAGES_PER_COPY, "time": 100.0}
    exact = KernelRegression(data, **options)(query, 1.0)
    distances = [
        np.mean((KernelRegression(data, landmarks=m, **options)(query, 1.0) - exact) ** 2)
        for m in (3, 60, 300, 599)
    ]
    assert np.all(np.diff(distances) < 0.0)
    assert distances[-1] < 1e-3 * distances[0]


def test_filters_and_levels():
    data, query = gaussian(20), gaussian(8, seed=6)
    model = KernelRegression(data, images=3000, filter="flow", time=1e-9)
    # Nothing is learnt yet: D = c_skip x.
    np.testing.assert_allclose(model(query, 3.0), query / 10.0, atol=1e-7)
    model = KernelRegression(data, images=3000, filter="flow", time=50.0)
    both = model(query, np.repeat([0.3, 2.0], 4))
    np.testing.assert_array_equal(both[:4], model(query[:4], 0.3))
    np.testing.assert_array_equal(both[4:], model(query[4:], 2.0))
    single = model(query.astype(np.float32), np.float32(0.3))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[:4], both[:4], atol=1e-4)
    other = KernelRegression(data, images=3000, filter="flow", time=50.0, seed=1)
    assert np.abs(other(query, 0.3) - model(query, 0.3)).max() > 1e-3


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"images": 0}, "images"),
        ({"data": np.ones(3)}, r"data of shape \(3,\) hold no points"),
        ({"data": np.ones((2, 0))}, "hold no points"),
        ({"filter": "flow", "landmarks": 49}, "eigenvectors of 50 copies, more than the 49"),
        ({"filter": "lasso"}, "choose from ridge, flow"),
        ({"filter": "flow", "landmarks": 2}, "eigenvectors of 50 copies, more than the 2"),
        ({"time": -1.0}, "time"),
        ({"images": 1e9, "landmarks": 10**7}, "the kernel of 10000000 copies needs 1.49e.06 GiB"),
    ],
)
def test_bad_input(keywords, words):
    with pytest.raises(InputError, match=words):
        KernelRegression(**{"data": gaussian(5), "images": 1000, **keywords})


def test_what_is_done_where_nothing_is_said():
    assert unsaid(KernelRegression) == {
        "depth": 3, "bias": 0, "time": 1e5, "filter": "ridge", "seed": 0, "landmarks": 10_000,
        "above": 2.5,
    }  # fmt: skip
    assert IMAGES_PER_COPY == 50


def test_a_copy_is_the_least_and_every_point_is_seen_equally_often_to_one():
    one = KernelRegression(gaussian(4), images=1, above=0.1)
    assert [len(one._noised(sigma)[0]) for sigma in (0.5, 2.0)] == [1, 1]
    model, sigma = KernelRegression(gaussian(4), images=42 * IMAGES_PER_COPY), 1e-3
    inputs, _ = model._noised(sigma)
    rows = np.argmin(((inputs[:, None] - gaussian(4)) ** 2).sum(2), axis=1)
    assert sorted(np.bincount(rows)) == [10, 10, 11, 11]
    assert KernelRegression(gaussian(4), images=1000, filter="flow", landmarks=50).copies == 20


def test_points_and_rows_of_landmarks_go_through_in_blocks_of_2048(monkeypatch):
    model = KernelRegression(gaussian(4, 2), images=30 * IMAGES_PER_COPY, landmarks=5, time=9.0)
    x = gaussian(7, 2, seed=1)
    whole, fitted = model(x, 0.5), model._fit(0.5)
    monkeypatch.setattr(module, "_BLOCK", 3)
    again = KernelRegression(gaussian(4, 2), images=30 * IMAGES_PER_COPY, landmarks=5, time=9.0)
    np.testing.assert_allclose(again(x, 0.5), whole, rtol=1e-7)
    np.testing.assert_allclose(again._fit(0.5)[1], fitted[1], rtol=1e-6)
    monkeypatch.undo()
    blocks = []
    monkeypatch.setattr(
        KernelRegression, "_between",
        lambda self, x, y=None: blocks.append(len(x)) or np.zeros((len(x), len(y))),
    )  # fmt: skip
    model(np.zeros((2049, 2)), 0.5)
    assert blocks == [2048, 1]
