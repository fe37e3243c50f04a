import math

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.wide.relu_kernel import relu_tangent_kernel
from tests.monte_carlo import Stored
from tests.options import unsaid

stored = Stored(__file__)


def points(count=7, shape=(3, 4), seed=0):
    return np.random.default_rng(seed).standard_normal((count, *shape))


def plain(x, y, depth, bias):
    """One entry, by the recursion in angles."""
    both, own, other = (float(np.mean(a * b)) + bias for a, b in ((x, y), (x, x), (y, y)))
    tangent = both
    for _ in range(depth):
        scale = math.sqrt(own * other)
        theta = math.acos(max(-1.0, min(1.0, both / scale)))
        both = scale * (math.sin(theta) + (math.pi - theta) * math.cos(theta)) / math.pi + bias
        tangent = both + tangent * (math.pi - theta) / math.pi
        own, other = own + bias, other + bias
    return tangent


@pytest.mark.parametrize(("depth", "bias"), [(1, 0.0), (2, 0.3), (5, 0.1)])
def test_recursion_in_angles(depth, bias):
    x, y = points(), points(5, seed=1)
    expected = [[plain(a, b, depth, bias) for b in y] for a in x]
    np.testing.assert_allclose(
        relu_tangent_kernel(x, y, depth=depth, bias=bias), expected, rtol=1e-13
    )


def test_one_hidden_layer_in_closed_form():
    # Θ = |x||y|/d (sin θ + 2(π − θ) cos θ)/π without biases, at three known angles.
    x, y = np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0]])
    found = relu_tangent_kernel(x, y, depth=1)
    # Opposite points have a corner too.
    np.testing.assert_allclose(found, [[2.0, 1.0 / math.pi, 0.0]], rtol=1e-8, atol=1e-8)


def test_a_point_with_itself():
    x = points()
    size = np.mean(x**2, axis=(1, 2))
    found = relu_tangent_kernel(x, depth=3)
    np.testing.assert_allclose(np.diag(found), 4.0 * size, rtol=1e-7)
    # Σ S^{l} with S^{l+1} = S^l + β²: (L + 1)(|x|²/d) + β² (L + 1)(L + 2)/2.
    found = relu_tangent_kernel(x, depth=3, bias=0.5)
    np.testing.assert_allclose(np.diag(found), 4.0 * size + 5.0, rtol=1e-7)


def test_halves_and_blocks_make_no_difference():
    x = points(1200, (2,), seed=2)
    whole = relu_tangent_kernel(x, x.copy(), bias=0.1)
    np.testing.assert_allclose(relu_tangent_kernel(x, bias=0.1), whole, rtol=1e-7)
    few = relu_tangent_kernel(x[:3], x[1000:], bias=0.1)
    np.testing.assert_allclose(few, whole[:3, 1000:], rtol=1e-12)


def test_three_layers_without_biases_where_nothing_is_said():
    assert unsaid(relu_tangent_kernel) == {"depth": 3, "bias": 0}


def test_opposite_points_are_apart_by_half_a_turn_whatever_rounding_says():
    """There κ₀ = κ₁ = 0 in the first layer, and equal points follow of variance 0 or β²."""
    x = points(200, (5,), seed=3)
    found = np.diag(relu_tangent_kernel(x, -x, depth=1))
    np.testing.assert_allclose(found, 0.0, atol=1e-7)
    small = 1e-3 * x[:4]
    np.testing.assert_allclose(
        relu_tangent_kernel(small, x), 1e-3 * relu_tangent_kernel(x[:4], x), rtol=1e-7
    )


def test_the_origin_without_biases():
    x = np.vstack([np.zeros((1, 3)), points(2, (3,))])
    assert np.all(relu_tangent_kernel(x)[0] == 0.0)


@stored
def finite_width(depth, bias, width, networks):
    """Mean and standard error of the tangent kernel of networks with random weights."""
    rng, x = np.random.default_rng(0), points(4)
    kernels = [empirical_kernel(x.reshape(4, -1), depth, bias, width, rng) for _ in range(networks)]
    found = np.array(kernels)
    return {"mean": found.mean(0), "stderr": found.std(0, ddof=1) / math.sqrt(networks)}


def empirical_kernel(x, depth, bias, width, rng):
    """Sum over parameters of products of gradients, by backpropagation written out."""
    inputs, masks, hidden, scale = [], [], x, 1.0
    weights = []
    for layer in range(depth):
        weight = rng.standard_normal((hidden.shape[1], width))
        scale = math.sqrt((2.0 if layer else 1.0) / hidden.shape[1])
        inputs.append((hidden, scale))
        before = scale * hidden @ weight + math.sqrt(bias) * rng.standard_normal(width)
        masks.append(before > 0.0)
        weights.append(weight)
        hidden = np.maximum(before, 0.0)
    scale = math.sqrt(2.0 / width)
    kernel = scale**2 * hidden @ hidden.T + bias
    back = np.tile(scale * rng.standard_normal(width), (len(x), 1))
    for (hidden, scale), mask, weight in zip(
        reversed(inputs), reversed(masks), reversed(weights), strict=True
    ):
        back = back * mask
        kernel += (back @ back.T) * (scale**2 * hidden @ hidden.T + bias)
        back = scale * back @ weight.T
    return kernel


@pytest.mark.parametrize(("depth", "bias"), [(1, 0.0), (3, 0.2)])
def test_networks_of_finite_width(depth, bias):
    found = relu_tangent_kernel(points(4), depth=depth, bias=bias)
    wide = finite_width(depth, bias, 512, 100)
    z = (wide["mean"] - found) / wide["stderr"]
    assert np.abs(z).max() < 4.0
    assert np.abs(wide["mean"] - found).max() < 0.02 * found.diagonal().max()


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"x": np.ones(3)}, r"x has shape \(3,\): give .* \(n, \*shape\)"),
        ({"y": np.ones((2, 0))}, r"y has shape \(2, 0\)"),
        ({"x": [[np.inf]]}, "infinite"),
        ({"y": np.ones((2, 5))}, "points of 12 and of 5 coordinates"),
        ({"depth": 0}, "depth"),
        ({"bias": -0.1}, "bias"),
    ],
)
def test_bad_input(keywords, words):
    with pytest.raises(InputError, match=words):
        relu_tangent_kernel(**{"x": points(), **keywords})


def test_too_many_points_for_memory():
    many = np.broadcast_to(np.float32(0.0), (2**20, 1))
    with pytest.raises(InputError, match=r"1048576 and 1048576 points needs 8.19e.03 GiB"):
        relu_tangent_kernel(many)


@pytest.mark.slow
@pytest.mark.parametrize("call", stored.calls())
def test_stored_kernels_are_derived_again(call):
    stored.derive_again(call)
