"""Models by name: what suits which data, and how it is fitted."""

import numpy as np
import pytest
import torch

from convergen.empirical.models.by_name import (
    check_model,
    fitted,
    grouping_of,
    is_blind,
    model_names,
    needs_training,
    orbit_of,
    pinned,
    untrained,
    usual_training,
)
from convergen.empirical.models.solvable.kernel_regime import noise_seed
from convergen.empirical.models.table import SOLVABLE, Trained, compared_with
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.wiener import LinearDenoiser
from convergen.theory.empirical_score.score import EmpiricalScore
from convergen.theory.mixtures.mixture import GaussianMixture
from convergen.theory.networks.wide.kernel_regression import KernelRegression

IMAGE = (1, 4, 4)
MIXTURE = GaussianMixture([0.5, 0.5], 9.0 * np.eye(2, 16), [1.0, 1.0])


def sets(shape=IMAGE, sizes=(6, 30)):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, *shape)) for n in sizes]


def test_models_that_suit_the_data_are_compared_in_their_order():
    assert [row.name for row in compared_with(IMAGE, None)] == [
        "linear", "stationary-linear", "empirical-score",
    ]  # fmt: skip
    assert [row.name for row in compared_with((16,), MIXTURE)] == [
        "linear", "empirical-score", "fitted-mixture",
    ]  # fmt: skip


def test_a_theory_of_a_network_is_compared_with_that_network():
    names = {
        network: [row.name for row in compared_with(IMAGE, None, network)]
        for network in ("mlp", "unet")
    }
    assert "kernel-regime" in names["mlp"]
    assert "kernel-regime" not in names["unet"]
    assert set(names["mlp"]) >= {"linear", "empirical-score"}


def test_the_kernel_regime_takes_the_budget_of_the_networks():
    points = sets()[1]
    x = np.random.default_rng(1).standard_normal((3, *IMAGE))

    def answers(images, seed=0, **options):
        model, trained = {"name": "kernel-regime", **options}, Trained("mlp", images)
        found = fitted(model, [points], np.empty(0), "cpu", seed=seed, trained=trained)
        return found.denoiser(0)(x, 0.7)

    model = answers(2000)
    seed = noise_seed(0, points)
    np.testing.assert_array_equal(model, KernelRegression(points, images=2000, seed=seed)(x, 0.7))
    assert np.abs(answers(4000) - model).max() > 1e-3
    assert np.abs(answers(2000, seed=1) - model).max() > 1e-3
    np.testing.assert_array_equal(answers(4000, copies=40), model)


@pytest.mark.parametrize("name", SOLVABLE.names())
def test_every_solvable_model_is_a_fit_to_each_training_set(name):
    x = np.random.default_rng(1).standard_normal((3, *IMAGE)).astype(np.float32)
    levels = np.array([0.5, 1.0])
    models = fitted({"name": name}, sets(), levels, "cpu", truth=MIXTURE)
    assert models.members == 2
    for member, points in enumerate(sets()):
        alone = fitted({"name": name}, [points], levels, "cpu", truth=MIXTURE)
        found = models.denoiser(member)(x, 0.5)
        assert found.shape == x.shape
        np.testing.assert_allclose(found, alone.denoiser(0)(x, 0.5), rtol=1e-3, atol=1e-4)


def test_fits_are_those_of_the_theory():
    points = sets()[1]
    x = np.random.default_rng(1).standard_normal((3, *IMAGE))
    for name, model in (
        ("linear", LinearDenoiser.fit(points, center=False)),
        ("empirical-score", EmpiricalScore(points)),
    ):
        found = fitted({"name": name}, [points], np.empty(0), "cpu").denoiser(0)
        np.testing.assert_array_equal(found(x, 0.7), model(x, 0.7))


def test_a_mixture_has_as_many_components_as_it_is_told_or_as_the_truth():
    rng = np.random.default_rng(0)
    means = 10.0 * np.eye(3, 8)
    points = means[rng.integers(3, size=300)] + rng.standard_normal((300, 8))
    three = fitted({"name": "fitted-mixture", "components": 3}, [points], np.empty(0), "cpu")
    found = three.models[0]
    assert found.components == 3
    for mean in means:
        assert np.linalg.norm(found.means - mean, axis=-1).min() < 0.5
    # The fit scales with the data.
    small = fitted({"name": "fitted-mixture", "components": 3}, [1e-4 * points], np.empty(0), "cpu")
    x = points[:5] + 1.0
    np.testing.assert_allclose(small.models[0](1e-4 * x, 2e-4), 1e-4 * found(x, 2.0), rtol=1e-3)
    two = fitted({"name": "fitted-mixture"}, [points], np.empty(0), "cpu", truth=MIXTURE)
    assert two.models[0].components == 2
    # Never more than one for two points.
    few = fitted({"name": "fitted-mixture", "components": 9}, [points[:4]], np.empty(0), "cpu")
    assert few.models[0].components == 2
    with pytest.raises(InputError, match="do not differ"):
        fitted({"name": "fitted-mixture", "components": 1}, [points[:1]], np.empty(0), "cpu")


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        ({"name": "lineer"}, IMAGE, "unknown model 'lineer' (did you mean 'linear'?)"),
        ({"name": "mpl"}, IMAGE, "did you mean 'mlp'"),
        ({}, IMAGE, "unknown model ''"),
        ({"name": "linear", "steps": 3}, IMAGE, "'linear' has no option 'steps': it takes none"),
        ({"name": "trained-linear", "steps": 0}, IMAGE, "steps must be a whole number, at least 1"),
        ({"name": "stationary-linear"}, (16,), "needs images, but a point has shape (16,)"),
        ({"name": "fitted-mixture"}, IMAGE, "needs the option 'components'"),
        ({"name": "unet"}, (16,), "needs images of shape"),
    ],
)
def test_what_does_not_suit_is_refused(model, shape, words):
    with pytest.raises(InputError) as error:
        check_model(model, shape)
    assert words in str(error.value)


def test_the_least_of_a_range_is_allowed():
    check_model({"name": "trained-linear", "steps": 1, "tolerance": 1e-12}, IMAGE)
    check_model({"name": "fitted-mixture", "components": 1}, IMAGE)
    check_model({"name": "mlp", "width": 1, "depth": 1}, IMAGE)
    check_model({"name": "conv", "width": 1, "poolings": 0}, IMAGE)
    check_model({"name": "unet", "width": 1, "growth": [1], "blocks": 1}, IMAGE)


def test_networks_are_trained_and_solvable_models_are_fitted():
    assert needs_training({"name": "unet"})
    assert not needs_training({"name": "trained-linear"})
    assert grouping_of({"name": "mlp"}) == grouping_of({"name": "unet"}) == "seed"
    assert grouping_of({"name": "conv"}) == "pair"
    assert grouping_of({"name": "linear"}) == "seed"
    with pytest.raises(InputError, match="is no network"):
        untrained({"name": "linear"}, IMAGE, [0])
    with pytest.raises(InputError, match="is a network"):
        fitted({"name": "mlp"}, sets(), np.empty(0), "cpu")


def test_seeds_give_initial_parameters():
    models = untrained({"name": "mlp", "size": "tiny"}, IMAGE, [5, 6, 5])
    weight = models.parameters["network.stem.weight"]
    assert torch.equal(weight[0], weight[2])
    assert not torch.equal(weight[0], weight[1])


def test_networks_of_users_are_pinned_to_their_file(tmp_path, monkeypatch):
    assert pinned({"name": "unet", "width": 8}) == {"name": "unet", "width": 8}
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "net.py"
    file.write_text("x = 1\n")
    model = pinned({"name": "net.py:Net", "width": 8})
    assert model["name"] == f"{file}:Net"
    assert model["width"] == 8
    # sha256sum of the line above.
    assert model["sha256"].startswith("9e26bf369911")
    assert pinned(model) == model
    file.write_text("x = 2\n")
    assert pinned(model) == model
    with pytest.raises(InputError, match="has changed since this experiment was begun"):
        check_model(model, IMAGE)
    with pytest.raises(InputError, match="has changed since this experiment was begun"):
        untrained(model, IMAGE, [0])
    with pytest.raises(InputError, match="cannot read the network"):
        pinned({"name": "none.py:Net"})


def test_networks_come_after_solvable_models():
    names = model_names()
    assert names[: len(SOLVABLE.names())] == SOLVABLE.names()
    assert names[-1] == "unet"


def test_what_networks_want_of_their_training_and_see():
    assert usual_training({"name": "conv"})["sigma_max"] < 20.0
    for other in ({"name": "mlp"}, {"name": "linear"}, {"name": "mine.py:Net"}, {}, "conv", None):
        assert usual_training(other) == {}
    assert is_blind({"name": "conv"})
    for name in ("mlp", "unet", "linear", "mine.py:Net"):
        assert not is_blind({"name": name})


def test_symmetry_is_that_of_a_network_of_the_table():
    assert orbit_of({"name": "mine.py:Net"}, IMAGE).trivial
    assert orbit_of({"name": "mlp", "size": "tiny"}, IMAGE).trivial
    given = {"name": "unet", "size": "tiny", "padding": "circular"}
    assert not orbit_of(given, (1, 8, 8)).trivial
