"""Each solvable model is the denoiser of the theory that it names, fitted to each training set."""

import numpy as np
import pytest

from convergen.empirical.kernels.denoiser import ConvolutionalRegression
from convergen.empirical.models.solvable.kernel_regime import noise_seed
from convergen.empirical.models.table import SOLVABLE, TrainingSets, network_theories
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.networks.local.patch_machine import PatchMachine
from convergen.theory.networks.local.window_denoiser import WindowDenoiser
from convergen.theory.networks.local.windows import squares

SHAPE = (1, 4, 6)
RNG = np.random.default_rng(0)
POINTS = [RNG.standard_normal((4, *SHAPE)) + 0.5, RNG.standard_normal((6, *SHAPE))]
X = RNG.standard_normal((3, *SHAPE))
MIXTURE = GaussianMixture([0.2, 0.3, 0.5], 30.0 * np.eye(3, 24), [1.0, 1.0, 1.0])


def fitted(name, points=POINTS, truth=None, seed=0, **options):
    row = SOLVABLE.find(name)
    given = row.resolve(points[0].shape[1:], options, truth)
    return list(row.fit(TrainingSets(points, seed=seed, truth=truth), **given))


def same(models, expected):
    for model, other in zip(models, expected, strict=True):
        for sigma in (0.3, 2.0):
            np.testing.assert_array_equal(model(X, sigma), other(X, sigma))


def test_linear_models_take_their_points_for_centred():
    same(fitted("linear"), [LinearDenoiser.fit(each, center=False) for each in POINTS])


def test_the_empirical_score_is_that_of_the_points():
    same(fitted("empirical-score"), [EmpiricalScore(each) for each in POINTS])


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_patch_machines_know_the_place_of_their_patches_or_not(padding):
    placed = fitted("patch-machine", side=3, padding=padding)
    windows = squares(SHAPE, 3, periodic=padding == "circular")
    same(placed, [WindowDenoiser(each, windows) for each in POINTS])
    anywhere = fitted("patch-machine", side=3, positions="all", padding=padding)
    same(anywhere, [PatchMachine(each, 3, padding) for each in POINTS])
    assert np.abs(placed[0](X, 0.3) - anywhere[0](X, 0.3)).max() > 0.1


def test_the_convolutional_kernel_takes_the_budget_and_noise_of_its_own():
    found = fitted("convolutional-kernel", depth=1, copies=3, padding="circular")
    same(found, [
        ConvolutionalRegression(
            each, images=150.0, depth=1, seed=noise_seed(0, each), padding="circular"
        )
        for each in POINTS
    ])  # fmt: skip
    with pytest.raises(InputError, match="needs images, but a point has shape"):
        SOLVABLE.find("convolutional-kernel").resolve((24,), {})


@pytest.mark.parametrize(
    ("shape", "side", "words"),
    [((24,), 3, r"needs images, but a point has shape \(24,\)"),
     (SHAPE, 2, "needs a side that is odd and at most 4, not 2"),
     (SHAPE, 5, "needs a side that is odd and at most 4, not 5")],
)  # fmt: skip
def test_patches_must_fit_into_the_images(shape, side, words):
    with pytest.raises(InputError, match=words):
        SOLVABLE.find("patch-machine").resolve(shape, {"side": side})


def test_stationary_models_need_images():
    with pytest.raises(InputError, match="needs images, but a point has shape"):
        SOLVABLE.find("stationary-linear").resolve((24,), {})
    commuting = fitted("stationary-linear")
    moved = np.roll(commuting[1](X, 0.5), (1, 2), (2, 3))
    np.testing.assert_allclose(commuting[1](np.roll(X, (1, 2), (2, 3)), 0.5), moved, atol=1e-12)


def test_as_many_components_are_fitted_as_the_law_has_and_the_points_bear():
    drawn = MIXTURE.sample(150, np.random.default_rng(1)).reshape(150, *SHAPE)
    (found,) = fitted("fitted-mixture", [drawn], MIXTURE)
    assert found.components == 3
    assert found.shape == SHAPE
    order = np.argsort(found.weights)
    np.testing.assert_allclose(found.weights[order], [0.2, 0.3, 0.5], atol=0.1)
    # Means of the components, to their error √(1/30) in each coordinate.
    np.testing.assert_allclose(found.means[order].reshape(3, 24), MIXTURE.means, atol=0.8)
    assert fitted("fitted-mixture", [drawn], MIXTURE, components=2)[0].components == 2
    few = [drawn[:1] * np.array([1.0, 2.0])[:, None, None, None], drawn[:5]]
    found = fitted("fitted-mixture", few, components=4)
    assert [each.components for each in found] == [1, 2]
    with pytest.raises(InputError, match=r"fitted to 1 point\(s\) that do not differ"):
        fitted("fitted-mixture", [drawn[:1]], MIXTURE)
    with pytest.raises(InputError, match="needs the option 'components' where the data are no"):
        SOLVABLE.find("fitted-mixture").resolve(SHAPE, {})
    # Seeds beyond those of scikit-learn are taken all the same.
    seeds = 2**32 + 5, 5
    same(*(fitted("fitted-mixture", [drawn[:9]], MIXTURE, seed) for seed in seeds))


@pytest.mark.parametrize("name", ["budgeted-mixture", "generaliser-memoriser"])
def test_theories_of_networks_are_taken_at_the_budget_that_is_given(name):
    row = SOLVABLE.find(name)
    assert row in network_theories()
    assert not row.compared
    theories = [row.theory.fit(each, np.random.default_rng(3)) for each in POINTS]
    same(fitted(name, seed=3, memorised=5.0), [each.trained(5.0) for each in theories])
    same(fitted(name, POINTS[:1], seed=3), [theories[0].trained(0.0)])


def test_tables_and_legends_have_one_order_and_one_line_each():
    rows = SOLVABLE.rows()
    assert len({row.order for row in rows}) == len(rows)
    assert sorted(row.order for row in rows) == list(range(1, len(rows) + 1))
    assert [row.name for row in rows if not row.compared] == [
        "budgeted-mixture", "convolutional-kernel", "generaliser-memoriser", "patch-machine",
        "trained-linear",
    ]  # fmt: skip
