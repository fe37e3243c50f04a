"""Noise of training as a function of seed and images."""

import math

import numpy as np
import torch

from convergen.empirical.training.noise_stream import (
    generator,
    log_uniform,
    stream_seed,
    training_batch,
)

SHAPE = (1, 4, 4)


def test_noise_is_a_function_of_seed_and_images():
    arguments = {"rows": 9, "batch": 6, "shape": SHAPE, "sigma": (0.1, 10.0)}
    first = training_batch(1, 640, **arguments)
    torch.rand(5)
    for one, two in zip(first, training_batch(1, 640, **arguments), strict=True):
        assert torch.equal(one, two)
    for other in (training_batch(2, 640, **arguments), training_batch(1, 646, **arguments)):
        assert not torch.equal(first.noise, other.noise)


def test_seeds_of_streams_fill_the_range_that_torch_takes():
    found = [stream_seed(0, place) for place in range(64)]
    assert 2**62 < max(found) < 2**63
    assert len(set(found)) == 64
    assert stream_seed(0, 3, 1) not in found
    assert generator(0, 5).initial_seed() == found[5]


def test_noise_levels_are_log_uniform_and_stratified():
    levels = log_uniform(64, 0.05, 20.0, generator(0, 1))
    place = torch.log(levels / 0.05) / math.log(400.0) * 64
    assert torch.equal(place.floor(), torch.arange(64.0))


def test_rows_are_uniform():
    counts = np.zeros(5)
    for step in range(400):
        rows = training_batch(0, step, rows=5, batch=50, shape=(1,), sigma=(0.1, 1.0)).rows
        counts += np.bincount(rows, minlength=5)
    z = (counts - 4000) / math.sqrt(4000 * 0.8)
    assert np.abs(z).max() < 4
