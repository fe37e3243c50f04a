"""Patch machines against a plain loop over pixels and patches."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.networks.local import patch_machine as module
from convergen.theory.networks.local.patch_machine import PatchMachine

RNG = np.random.default_rng(4)
IMAGES = RNG.standard_normal((3, 2, 4, 5))
NOISY = IMAGES[:2] + 0.5 * RNG.standard_normal((2, 2, 4, 5))


def cut(image, row, column, mode):
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode=mode)
    return padded[:, row : row + 3, column : column + 3]


@pytest.mark.parametrize(("padding", "mode"), [("zeros", "constant"), ("circular", "wrap")])
def test_it_is_the_posterior_mean_over_patches_at_all_places(padding, mode):
    found = PatchMachine(IMAGES, 3, padding)(NOISY, [0.3, 1.0])
    places = [(row, column) for row in range(4) for column in range(5)]
    known = np.array([cut(image, *place, mode) for image in IMAGES for place in places])
    for image, sigma, answer in zip(NOISY, (0.3, 1.0), found, strict=True):
        for row, column in places:
            gap = known - cut(image, row, column, mode)
            weights = np.exp(-np.sum(gap**2, axis=(1, 2, 3)) / (2 * sigma**2))
            expected = weights @ known[:, :, 1, 1] / weights.sum()
            np.testing.assert_allclose(answer[:, row, column], expected, rtol=1e-9)


def test_periodic_patches_commute_with_translations():
    machine = PatchMachine(IMAGES, 3, "circular")
    moved = machine(np.roll(NOISY, (1, 2), axis=(2, 3)), 0.5)
    np.testing.assert_allclose(moved, np.roll(machine(NOISY, 0.5), (1, 2), axis=(2, 3)), rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((IMAGES, 2), "odd and at most 4"),
        ((IMAGES, 5), "odd and at most 4"),
        ((IMAGES[0], 3), "cut from images"),
        ((IMAGES[:0], 3), "cut from images"),
        ((IMAGES, 3, "none"), "padding 'none' is unknown"),
    ],
)
def test_what_has_no_patches_is_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        PatchMachine(*arguments)


def test_queries_in_parts_give_the_same(monkeypatch):
    machine = PatchMachine(IMAGES, 3)
    noisy, levels = np.repeat(NOISY, 3, axis=0), np.linspace(0.3, 2.0, 6)
    whole = machine(noisy, levels)
    # A query has 20 pixels of 18 numbers of 8 bytes.
    for size in (1, 20 * 18 * 8, 2 * 20 * 18 * 8, 5 * 20 * 18 * 8):
        monkeypatch.setattr(module, "_BYTES", size)
        np.testing.assert_allclose(machine(noisy, levels), whole, rtol=1e-12)


def test_patches_of_64_mb_are_cut_at_a_time_and_of_one_query_at_least(monkeypatch):
    machine, cut = PatchMachine(IMAGES, 3), []

    def patches(self, images):
        cut.append(len(images))
        return np.zeros((20 * len(images), 1))

    monkeypatch.setattr(PatchMachine, "_patches", patches)
    monkeypatch.setattr(module, "local_means", lambda *given: None)
    most = 2**26 // (20 * 18 * 8)
    machine._denoise(np.broadcast_to(0.0, (most + 1, 40)), np.ones(most + 1))
    assert cut == [most, 1]
    cut.clear()
    monkeypatch.setattr(module, "_BYTES", 1)
    machine._denoise(np.zeros((3, 40)), np.ones(3))
    assert cut == [1, 1, 1]


def test_a_patch_of_one_pixel_knows_its_colours_alone():
    found = PatchMachine(IMAGES, 1)(NOISY, 0.5)
    known = IMAGES.transpose(0, 2, 3, 1).reshape(-1, 2)
    gap = known - NOISY[1, :, 2, 3]
    weights = np.exp(-np.sum(gap**2, axis=1) / 0.5)
    np.testing.assert_allclose(found[1, :, 2, 3], weights @ known / weights.sum(), rtol=1e-9)
    single = PatchMachine(IMAGES.astype(np.float32), 1)
    assert single(NOISY.astype(np.float32), 0.5).dtype == np.float32
    assert (single.samples, single.shape, single.side) == (3, (2, 4, 5), 1)
