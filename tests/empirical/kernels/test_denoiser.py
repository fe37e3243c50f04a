"""The convolutional kernel as a denoiser: its formula, its symmetry, and what locality buys."""

import numpy as np
import pytest

from convergen.empirical.kernels.convolutional import gram
from convergen.empirical.kernels.denoiser import ConvolutionalRegression
from convergen.theory.common.checks import InputError
from convergen.theory.networks.wide.kernel_regression import IMAGES_PER_COPY, KernelRegression


def fields(count, size=4, channels=1, seed=0):
    """Circular fields of unit variance, smooth over neighbours."""
    noise = np.random.default_rng(seed).standard_normal((count, channels, size, size))
    smooth = sum(np.roll(noise, shift, axes) for shift in (0, 1) for axes in (2, 3))
    return smooth / smooth.std()


def test_descent_on_two_channels_written_out():
    """F(τ) = k K⁻¹ (1 − e^{−τK/N}) F, pixel by pixel and channel by channel."""
    data, sigma, time = fields(3, channels=2), 0.5, 40.0
    model = ConvolutionalRegression(
        data, images=6 * IMAGES_PER_COPY, depth=2, time=time, filter="flow", padding="circular"
    )
    inputs, targets = model._noised(sigma)
    seen = inputs.reshape(6, 2, 4, 4)
    options = {"depth": 2, "readout": "pixel", "padding": "circular"}
    kernel = gram(seen, **options).numpy()
    values, axes = np.linalg.eigh(kernel)
    learnt = axes @ np.diag(-np.expm1(-time * values / len(kernel)) / values) @ axes.T
    query, keep = fields(2, channels=2, seed=1), 0.8
    near = gram(np.sqrt(keep) * query, seen, **options).numpy()
    for channel in range(2):
        wanted = targets.reshape(6, 2, 16)[:, channel].ravel()
        expected = keep * query[:, channel] + 0.5 / np.sqrt(1.25) * (
            near @ learnt @ wanted
        ).reshape(2, 4, 4)
        np.testing.assert_allclose(model(query, sigma)[:, channel], expected, rtol=1e-7)


def test_a_circular_kernel_commutes_with_shifts():
    model = ConvolutionalRegression(
        fields(4), images=8 * IMAGES_PER_COPY, time=100.0, padding="circular"
    )
    query = fields(2, seed=2)
    moved = model(np.roll(query, (1, 2), (2, 3)), 0.7)
    np.testing.assert_allclose(moved, np.roll(model(query, 0.7), (1, 2), (2, 3)), atol=1e-9)
    edges = ConvolutionalRegression(fields(4), images=8 * IMAGES_PER_COPY, time=100.0)
    assert np.abs(edges(np.roll(query, 1, 2), 0.7) - np.roll(edges(query, 0.7), 1, 2)).max() > 0.01


def test_from_few_local_images_it_learns_more_than_a_dense_network():
    """The Wiener filter of all data leaves 0.436, shrinking alone 0.5."""
    data, clean = fields(12, size=6, seed=3), fields(100, size=6, seed=4)
    noisy = clean + np.random.default_rng(5).standard_normal(clean.shape)
    setting = {"images": 12 * IMAGES_PER_COPY, "filter": "flow", "depth": 1}

    def error(kind, time, **options):
        return np.mean((kind(data, time=time, **setting, **options)(noisy, 1.0) - clean) ** 2)

    stopped = error(ConvolutionalRegression, 30.0, padding="circular")
    assert stopped < 0.48
    assert error(ConvolutionalRegression, 1000.0, padding="circular") > 0.55
    assert error(KernelRegression, 30.0) > 0.52


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (np.ones((4, 9)), {}, r"data of shape \(4, 9\) are no images: give \(n, channels, height"),
        (np.ones((1, 1, 1, 3, 3)), {}, "no images"),
        (np.ones((0, 1, 3, 3)), {}, "no images"),
        (fields(2), {"padding": "mirror"}, "padding"),
        (fields(2, size=32), {"images": 100_000 * IMAGES_PER_COPY}, "memory"),
    ],
)
def test_bad_input(data, options, said):
    with pytest.raises(InputError, match=said):
        ConvolutionalRegression(data, **{"images": 100.0, **options})


def test_there_are_as_many_copies_at_every_level():
    model = ConvolutionalRegression(fields(2), images=6 * IMAGES_PER_COPY)
    counts = [len(model._noised(sigma)[0]) for sigma in (0.3, 1.0, 3.0, 10.0)]
    assert counts == [6] * 4
