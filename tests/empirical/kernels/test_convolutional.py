"""Against networks of finite width, and against the recursion written pixel by pixel."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from convergen.empirical.kernels import convolutional
from convergen.empirical.kernels.convolutional import gram
from convergen.theory.common.checks import InputError
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from tests.monte_carlo import Stored

stored = Stored(__file__)
CASES = list(itertools.product(("pool", "flatten", "pixel"), ("zeros", "circular")))
BIAS, DEPTH, FEW = 0.1, 2, (2, (2, 3, 3))


def images(count=3, shape=(2, 3, 4), seed=0):
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, *shape, generator=source, dtype=torch.float64)


@stored
def finite_width(readout, padding, width, networks):
    """Mean and standard error of the tangent kernel of networks with random weights."""
    x = images(*FEW)
    source = torch.Generator().manual_seed(0)
    kernels = [empirical_kernel(x, readout, padding, width, source) for _ in range(networks)]
    found = torch.stack(kernels).numpy()
    return {"mean": found.mean(0), "stderr": found.std(0, ddof=1) / math.sqrt(networks)}


def empirical_kernel(x, readout, padding, width, source):
    def normal(*shape):
        return torch.randn(*shape, generator=source, dtype=torch.float64)

    pixels, inside = x.shape[2] * x.shape[3], [x.shape[1], *[width] * (DEPTH - 1)]
    last = {"pool": (width,), "flatten": (width * pixels,), "pixel": (1, width, 3, 3)}[readout]
    weights = [(normal(width, c, 3, 3), normal(width)) for c in inside]
    weights.append((normal(*last), normal(1)))

    def convolve(hidden, weight, bias, gain):
        around = functional.pad(
            hidden, (1,) * 4, mode="circular" if padding == "circular" else "constant"
        )
        scale = math.sqrt(gain / (9 * weight.shape[1]))
        return scale * functional.conv2d(around, weight) + math.sqrt(BIAS) * bias[:, None, None]

    def network(weights, image):
        hidden = image[None]
        for layer, (weight, bias) in enumerate(weights[:-1]):
            hidden = functional.relu(convolve(hidden, weight, bias, 2.0 if layer else 1.0))
        weight, bias = weights[-1]
        if readout == "pixel":
            return convolve(hidden, weight, bias, 2.0).flatten()
        features = hidden.mean((2, 3)) if readout == "pool" else hidden.flatten(1)
        scale = math.sqrt(2.0 / features.shape[1])
        return scale * (features @ weight) + math.sqrt(BIAS) * bias

    jacobians = torch.func.vmap(torch.func.jacrev(network), (None, 0))(weights, x)
    flat = torch.cat([part.flatten(2) for pair in jacobians for part in pair], 2).flatten(0, 1)
    return flat @ flat.T


@pytest.mark.parametrize(("readout", "padding"), CASES)
def test_networks_of_finite_width(readout, padding):
    found = gram(images(*FEW), readout=readout, padding=padding, depth=DEPTH, bias=BIAS).numpy()
    wide = finite_width(readout, padding, 128, 50)
    z = (wide["mean"] - found) / wide["stderr"]
    assert np.abs(z).max() < 4.5
    assert np.sqrt(np.mean(z**2)) < 1.6
    # Width 128 leaves errors of order 1/128 beside the noise.
    assert np.abs(wide["mean"] - found).max() < 0.03 * found.diagonal().max()


def plain(x, y, depth, readout, padding, bias):
    """One entry for one-channel images, from the definition, pixel by pixel."""
    height, width = x.shape
    cells = list(itertools.product(range(height), range(width)))

    def patch(p):
        for step in itertools.product((-1, 0, 1), repeat=2):
            q = (p[0] + step[0], p[1] + step[1])
            if padding == "circular":
                q = (q[0] % height, q[1] % width)
            yield q if q in cells else None

    def average(k):
        return {
            (p, q): sum(
                k[a, b]
                for a, b in zip(patch(p), patch(q), strict=True)
                if a is not None and b is not None
            )
            / 9
            for p, q in itertools.product(cells, cells)
        }

    def covariances(u, v):
        kernel = average({(p, q): float(u[p] * v[q]) for p, q in itertools.product(cells, cells)})
        return {key: value + bias for key, value in kernel.items()}

    both, own, other = covariances(x, y), covariances(x, x), covariances(y, y)
    tangent = dict(both)
    for layer in range(depth):
        features, slopes = {}, {}
        for p, q in both:
            scale = math.sqrt(own[p, p] * other[q, q])
            angle = math.acos(max(-1.0, min(1.0, both[p, q] / scale)))
            features[p, q] = (
                scale / math.pi * (math.sin(angle) + (math.pi - angle) * math.cos(angle))
            )
            slopes[p, q] = 1.0 - angle / math.pi
        tangent = {key: features[key] + tangent[key] * slopes[key] for key in both}
        if layer + 1 < depth:
            both = {key: value + bias for key, value in average(features).items()}
            # What the sum gained from the features is their average already.
            carried = {key: tangent[key] - features[key] for key in tangent}
            tangent = {key: both[key] + value for key, value in average(carried).items()}
            own, other = (
                {key: value + bias for key, value in average(k).items()} for k in (own, other)
            )
    if readout == "flatten":
        return np.mean([tangent[p, p] for p in cells]) + bias
    if readout == "pool":
        return np.mean(list(tangent.values())) + bias
    final = average(tangent)
    return np.array([[final[p, q] + bias for q in cells] for p in cells])


@pytest.mark.parametrize(("readout", "padding"), CASES)
def test_the_recursion_written_pixel_by_pixel(readout, padding):
    # Variances of a pixel with itself are kept by the ReLU, which the diagonal of `own` relies on.
    x, y = images(2, (1, 3, 4), seed=1)[:, 0].numpy()
    expected = plain(x, y, 3, readout, padding, 0.2)
    found = gram(x[None, None], y[None, None], depth=3, readout=readout, padding=padding, bias=0.2)
    np.testing.assert_allclose(found.numpy(), np.reshape(expected, found.shape), rtol=1e-12)


@pytest.mark.parametrize(("readout", "padding"), CASES)
def test_tiles_make_no_difference(readout, padding):
    x = images(5)
    one = 8 * 7 * (12 if readout == "flatten" else 144)
    whole = gram(x, x, readout=readout, padding=padding)
    tiled = gram(x, readout=readout, padding=padding, memory=5 * one)
    # Rounding to ε on the diagonal, where the kernel has a corner, is √ε there.
    np.testing.assert_allclose(tiled.numpy(), whole.numpy(), rtol=1e-7)
    apart = slice(0, whole.shape[0] // 5), slice(whole.shape[1] // 5, None)
    np.testing.assert_allclose(tiled[apart].numpy(), whole[apart].numpy(), rtol=1e-12)
    single = gram(x, readout=readout, padding=padding, dtype=torch.float32)
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), whole.numpy(), rtol=1e-3)


def test_dark_pixels_without_bias():
    x = images(2, (1, 5, 5))
    x[0, :, :, :4] = 0.0
    found = gram(x, padding="zeros")
    assert torch.isfinite(found).all()
    assert float(gram(0.0 * x).abs().max()) == 0.0


def test_kernel_grows_with_the_square_of_the_images():
    x = images(4)
    torch.testing.assert_close(gram(3.0 * x), 9.0 * gram(x))


def test_one_pixel_is_a_point_of_a_dense_network():
    # Around a circle of one pixel all nine neighbours are that pixel.
    x = images(5, (6, 1, 1))
    found = gram(x, readout="flatten", padding="circular", depth=4, bias=0.3)
    dense = relu_tangent_kernel(x.numpy(), depth=4, bias=0.3)
    np.testing.assert_allclose(found.numpy(), dense, rtol=1e-7)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"readout": "max"}, "readout is one of pool, flatten, pixel"),
        ({"padding": "reflect"}, "padding one of zeros, circular"),
        (
            {"y": np.ones((2, 2, 5, 5))},
            r"of shapes \(2, 3, 4\) and \(2, 5, 5\) have no kernel in common: give images of one",
        ),
        ({"y": np.ones((2, 2, 2, 2))}, "give images of one shape"),
        ({"memory": 8063}, "needs 8,064 bytes of work arrays, but 8,063 are allowed"),
        ({"memory": 671, "readout": "flatten"}, "needs 672 bytes of work arrays, but 671 are"),
        ({"x": np.ones((3, 4))}, r"give \(n, channels, height, width\)"),
        ({"x": np.ones((1, 1, 1, 3, 4))}, r"of shape \(1, 1, 1, 3, 4\) were given: give \(n, ch"),
        ({"x": np.ones((0, 1, 3, 4))}, r"of shape \(0, 1, 3, 4\) were given"),
        ({"x": np.full((1, 1, 2, 2), np.nan)}, "NaN"),
        ({"bias": -1.0}, "bias"),
        ({"depth": 0}, "depth"),
    ],
)
def test_bad_input(keywords, words):
    with pytest.raises(InputError, match=words):
        gram(**{"x": images(2), **keywords})


def test_the_whole_kernel_must_fit(monkeypatch):
    """Numbers of three images and of two, of 12 pixels with an output each."""
    asked = []
    monkeypatch.setattr(convolutional, "need_memory", lambda *words: asked.append(words))
    for readout, outputs, dtype, size in (
        ("pool", 1, torch.float64, 8),
        ("pixel", 12, torch.float32, 4),
    ):
        gram(images(3), images(2), readout=readout, dtype=dtype)
        assert asked.pop() == (6 * outputs**2 * size, "the kernel", "give fewer images")


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_stored_kernels_are_derived_again(call):
    stored.derive_again(call)


def test_a_card_may_hold_sixteen_times_what_a_processor_may():
    """256 MiB and 4 GiB; seven arrays of a tile live at once, √(room/7000) images on a side."""
    sides = [convolutional._side(1000, torch.device(name), None) for name in ("cpu", "cuda")]
    assert sides == [195, 783]
    assert convolutional._side(1000, torch.device("cuda"), 28_000) == 2


def test_what_is_not_said_and_what_just_fits():
    x = images(2)
    whole = gram(x, x, depth=3, readout="pool", padding="zeros", bias=0.0, dtype=torch.float64)
    torch.testing.assert_close(gram(x), whole, rtol=1e-7, atol=0.0)
    assert gram(x).dtype == torch.float64
    torch.testing.assert_close(gram(x, memory=8064), whole, rtol=1e-7, atol=0.0)
    assert gram(x, memory=672, readout="flatten").shape == (2, 2)


def test_only_a_kernel_on_the_processor_needs_its_memory(monkeypatch):
    class Asked(Exception):
        pass

    def ask(*_):
        raise Asked

    monkeypatch.setattr(convolutional, "need_memory", ask)
    with pytest.raises(Asked):
        gram(images(2))
    # Of a device that holds no numbers the answer is as empty.
    monkeypatch.setattr(convolutional, "choose_device", lambda _: torch.device("meta"))
    monkeypatch.setattr(convolutional, "_images", lambda x, *_: x.to("meta"))
    monkeypatch.setitem(convolutional._MEMORY, "meta", 2**20)
    assert gram(images(2)).device.type == "meta"
