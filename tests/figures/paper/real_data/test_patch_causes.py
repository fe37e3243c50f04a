"""Surrogates that say why patches fail."""

import itertools

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.datasets import load_sample_image

from convergen import theory
from convergen.figures.paper.real_data import patch_causes


def test_patches_come_from_their_places_in_the_photographs():
    large = patch_causes.photograph_patches(16, 8)
    assert large.shape == (2 * 52 * 79, 256)
    np.testing.assert_allclose(large.mean(axis=1), 0.0, atol=1e-12)
    small = patch_causes.photograph_patches(8, 8).reshape(2, 53, 80, 8, 8)
    # A large patch is four small ones next to each other, but for the means.
    corner = large.reshape(2, 52, 79, 16, 16)[1, 3, 5, 8:, :8]
    np.testing.assert_allclose(corner - corner.mean(), small[1, 4, 5], atol=1e-12)
    photograph = np.asarray(load_sample_image("flower.jpg"), dtype=np.float64) / 255.0
    pixels = photograph[32:40, 40:48] @ [0.299, 0.587, 0.114]  # luma of ITU-R BT.601
    np.testing.assert_allclose(small[1, 4, 5], pixels - pixels.mean(), atol=1.0 / 255.0)


def test_amplitudes_of_elliptical_data_are_found():
    rng = np.random.default_rng(2)
    scale = np.sqrt(theory.Spectrum.power_law(30, 0.5).eigenvalues)
    normal = rng.standard_normal((20_000, 30)) * scale
    np.testing.assert_allclose(np.mean(patch_causes.amplitudes(normal) ** 2), 1.0, atol=0.02)
    true = rng.choice([0.1, 3.0], 20_000)
    found = patch_causes.amplitudes(normal * np.sqrt(true)[:, None])
    assert found.mean() == pytest.approx(1.0)
    expected = np.mean(true**2) / np.mean(true) ** 2
    assert np.mean(found**2) == pytest.approx(expected, rel=0.03)
    assert np.corrcoef(found, true)[0, 1] > 0.9


def test_amplitudes_that_do_not_differ_are_one():
    """Lengths that vary less than those of Gaussian vectors leave nothing to explain."""
    rows = np.random.default_rng(0).standard_normal((500, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with_nought = np.concatenate([rows, np.zeros((3, 4))])
    for each in (rows, with_nought):
        np.testing.assert_array_equal(patch_causes.amplitudes(each), np.ones(500))


def test_the_limit_of_the_ratio_is_one_for_gaussian_data_and_more_for_elliptical():
    rng = np.random.default_rng(1)
    normal = rng.standard_normal((8000, 40))
    assert patch_causes.limit_ratio(normal) == pytest.approx(1.0, abs=0.05)
    tau = rng.choice([0.1, 1.9], (8000, 1))
    # For elliptical data 1 − q grows by E τ²/(E τ)² where all n are large.
    expected = np.mean(tau**2) / np.mean(tau) ** 2
    found = patch_causes.limit_ratio(normal * np.sqrt(tau))
    assert found == pytest.approx(expected, rel=0.08)


@pytest.fixture
def surrogates(monkeypatch):
    """Populations by cause, of rows whose mean is zero and of which some are zero."""
    seen = {"subsets": [], "regions": []}

    def subsets(population, repeats, seed):
        seen["subsets"].append((population, repeats, seed))
        return 10.0 + len(seen["subsets"]), 0.1

    def regions(population):
        seen["regions"].append(population)
        return 20.0 + len(seen["regions"]), 0.2

    monkeypatch.setattr(patch_causes, "_subsets", subsets)
    monkeypatch.setattr(patch_causes, "_regions", regions)
    monkeypatch.setattr(patch_causes, "limit_ratio", lambda population: float(len(population)))
    half = np.random.default_rng(0).standard_normal((2000, 3)) * [3.0, 2.0, 1.0]
    half *= np.random.default_rng(1).gamma(1.0, 1.0, (2000, 1))
    rows = np.concatenate([half, -half, np.zeros((5, 3))])
    return rows, patch_causes.causes(rows, 4, 9), seen


def test_each_surrogate_keeps_only_a_part(surrogates):
    rows, _, seen = surrogates
    normal, permuted, elliptical, signs, patches, plain = (each for each, *_ in seen["subsets"])
    lengths = np.linalg.norm(patches, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(rows, axis=1), atol=1e-12)
    covariance = patches.T @ patches
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0.0, atol=1e-8)
    np.testing.assert_allclose(normal.std(axis=0), patches.std(axis=0), rtol=0.05)
    np.testing.assert_array_equal(np.sort(permuted, axis=0), np.sort(patches, axis=0))
    assert not np.array_equal(permuted, patches)
    np.testing.assert_array_equal(np.abs(signs), np.abs(patches))
    assert 0.4 < np.mean(signs * patches < 0.0) < 0.6
    drawn = np.unique(np.round((elliptical / normal)[:, 0] ** 2, 9))
    assert np.isin(drawn, np.round(patch_causes.amplitudes(patches), 9)).all()
    np.testing.assert_allclose((elliptical / normal)[:, 1], (elliptical / normal)[:, 0])
    kept = lengths > 0.0
    np.testing.assert_allclose(np.linalg.norm(plain[kept], axis=1), 1.0)
    np.testing.assert_array_equal(plain[~kept], 0.0)
    assert seen["regions"][0] is patches
    assert seen["regions"][1] is plain
    assert {(repeats, seed) for _, repeats, seed in seen["subsets"]} == {(4, 9)}


def test_ratios_stand_at_their_cause(surrogates):
    rows, found, _ = surrogates
    assert found["cause"].values.tolist() == list(patch_causes.CAUSES)
    assert found["ratio"].values.tolist() == [11, 12, 13, 14, 15, 16, 21, 22]
    assert found["ratio_stderr"].values.tolist() == [0.1] * 6 + [0.2] * 2
    assert found["ratio_limit"].values[:6].tolist() == [len(rows)] * 6
    assert np.isnan(found["ratio_limit"].values[6:]).all()


def test_subsets_are_held_against_gaussian_data_of_their_covariance(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((600, 3)) * [3.0, 2.0, 1.0] + 5.0
    asked = []

    def simulate(population, samples, **options):
        asked.append((samples, options))
        return {"convergence": [0.9], "convergence_stderr": [0.02]}

    monkeypatch.setattr(theory, "simulate", simulate)
    ratio, stderr = patch_causes._subsets(rows, 4, 9)
    spectrum = theory.Spectrum.from_eigenvalues(np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1])
    gap = float(theory.order_parameters(spectrum, 256).gap)
    np.testing.assert_allclose([ratio, stderr], [0.1 / gap, 0.02 / gap], rtol=1e-6)
    assert asked == [([256], {"quantities": ("convergence",), "repeats": 4, "seed": 9})]


def test_regions_are_squares_of_sixteen_patches_a_side():
    """By matrix roots of each region's second moments, one pair at a time."""
    rng = np.random.default_rng(3)
    grid = rng.standard_normal((2, 53, 80, 3)) * [3.0, 2.0, 1.0]
    grid *= 1.0 + np.arange(80)[:, None] / 40.0  # the right of each photograph has more contrast
    ratio, stderr = patch_causes._regions(grid.reshape(-1, 3))
    squares = [
        grid[k, 16 * i : 16 * i + 16, 16 * j : 16 * j + 16].reshape(256, 3)
        for k in range(2) for i in range(3) for j in range(5)
    ]  # fmt: skip
    roots = [np.real(sqrtm(each.T @ each / 256.0)) for each in squares]

    def gap(chosen):
        own = np.mean([np.sum(root * root) for root in chosen])
        pairs = [np.sum(a * b) for a, b in itertools.combinations(chosen, 2)]
        return 1.0 - np.mean(pairs) / own

    spectrum = theory.Spectrum.from_data(grid.reshape(-1, 3))
    expected = float(theory.order_parameters(spectrum, 256).gap)
    assert ratio == pytest.approx(gap(roots) / expected, rel=1e-6)
    without = [gap(roots[:k] + roots[k + 1 :]) / expected for k in range(30)]
    jackknife = np.sqrt(29.0 / 30.0 * np.sum((without - np.mean(without)) ** 2))
    assert stderr == pytest.approx(jackknife, rel=1e-6)
