"""Figure 5: digits follow the Gaussian theory, patches fail by the stated ratios, and why."""

import numpy as np
import pytest

from convergen import theory
from convergen.figures.paper.real_data import patch_causes, real_spectra
from convergen.theory.linear.elliptical.elliptical_data import elliptical_convergence

pytestmark = pytest.mark.slow

# Measured over predicted 1 − q at n = 256, 8 × 8 patches: mean and standard error of 100 pairs.
STATED = {
    "gaussian": (1.023, 0.005),
    "permuted": (1.460, 0.022),
    "elliptical": (4.042, 0.031),
    "signs": (4.252, 0.036),
    "patches": (4.259, 0.044),
    "normalised": (1.211, 0.006),
}


@pytest.fixture(scope="module")
def smoke(smoke_of):
    return smoke_of(real_spectra.NAME)


def test_digits_follow_the_gaussian_theory(smoke):
    digits = smoke.sel(data="digits")
    difference = np.abs(digits["gap"] - digits["gap_expected"])
    assert bool((difference < 4.0 * digits["gap_stderr"] + 0.05 * digits["gap_expected"]).all())
    np.testing.assert_allclose(digits["contrast_moment"], 1.0)


def test_patches_fail_and_amplitudes_of_their_contrast_nearly_explain_it(smoke):
    for name, side, stated in (
        ("patches, 8 × 8", 8, 4.259),
        ("patches, 16 × 16", 16, 2.745),
    ):
        one = smoke.sel(data=name, samples=256)
        ratio, stderr = (float(one[v] / one["gap_expected"]) for v in ("gap", "gap_stderr"))
        assert abs(ratio - stated) < 4.0 * np.hypot(stderr, 0.03)
        rows = patch_causes.photograph_patches(side, 8)
        law = elliptical_convergence(
            theory.Spectrum.from_data(rows), 256, patch_causes.amplitudes(rows - rows.mean(axis=0))
        )
        assert abs(float(one["gap"]) / (1.0 - law) - 1.0) < 0.15 + 4.0 * stderr / ratio


@pytest.mark.parametrize("cause", STATED)
def test_surrogates_reproduce_the_stated_ratios(smoke, cause):
    one = smoke.sel(cause=cause)
    mean, stderr = STATED[cause]
    assert abs(float(one["ratio"]) - mean) < 4.0 * np.hypot(float(one["ratio_stderr"]), stderr)


def test_fourth_moments_give_the_ratio_at_large_n(smoke):
    """They assume independent draws: dependence between patches has no part in the failure."""
    ratio = smoke["ratio_limit"].sel(cause=list(STATED))
    rows = patch_causes.photograph_patches(8, 8)
    found = theory.simulate(rows, [2048], quantities=("convergence",), repeats=8, seed=3)
    gap, stderr = 1.0 - float(found["convergence"][0]), float(found["convergence_stderr"][0])
    expected = 1.0 - float(found["convergence_gaussian"][0])
    limit = float(ratio.sel(cause="patches"))
    assert abs(gap / expected - limit) < 4.0 * stderr / expected
    assert float(ratio.sel(cause="normalised")) < 1.3 < 4.0 < limit


def test_regions_do_worse_even_without_contrast(smoke):
    ratio, stderr = (
        smoke[name].sel(cause="normalised_regions") for name in ("ratio", "ratio_stderr")
    )
    assert float(ratio - 4.0 * stderr) > float(smoke["ratio"].sel(cause="normalised"))


def test_drawing_shows_the_data(smoke):
    figure = real_spectra.draw(smoke)
    gaps, ratios, reasons, contrast = figure.axes
    assert "$1 - q$" in gaps.get_ylabel()
    assert "measured / predicted" in ratios.get_ylabel()
    assert len(reasons.get_yticklabels()) == smoke.sizes["cause"]
    drawn = reasons.containers[0].lines[0].get_xdata()
    np.testing.assert_array_equal(drawn, smoke["ratio"])
    assert "contrast" in contrast.get_xlabel()
