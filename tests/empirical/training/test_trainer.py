import math

import numpy as np
import pytest
import torch

from convergen.empirical.common.devices import choose_device
from convergen.empirical.models.ensemble import Ensemble
from convergen.empirical.models.torch_denoiser import TorchDenoiser
from convergen.empirical.networks.by_name import build
from convergen.empirical.training.noise_stream import generator, log_uniform, training_batch
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Diverged, Member, Trainer
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.protocol import Denoiser
from convergen.theory.denoisers.samplers import sample

SHAPE = (1, 4, 4)
SMALL = TrainingSettings(images=160, batch=8, ema=0.1, learning_rate=1e-3)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def points(count=40, shape=SHAPE):
    return np.random.default_rng(0).standard_normal((count, *shape)).astype(np.float32)


def ensemble(name="unet", members=3, batched=True, shape=SHAPE, **options):
    options = options or {"mlp": {"width": 8}, "conv": {"width": 8},
                          "unet": {"growth": (1, 2), "width": 4}}[name]  # fmt: skip
    return Ensemble(lambda: build(name, shape, **options), range(members), batched=batched)


def members(count=3):
    return [Member(np.arange(5 * (m + 1)), seed=10 + m) for m in range(count)]


def trained(*arguments, **options):
    models = ensemble(*arguments, **options)
    trainer = Trainer(models, points(), members(models.members), SMALL)
    return trainer, list(trainer.run())


@pytest.mark.parametrize("name", ["mlp", "conv", "unet"])
def test_batched_and_looped_ensembles_agree(name):
    (one, first), (two, second) = (trained(name, batched=batched) for batched in (True, False))
    np.testing.assert_allclose(
        [p.loss for p in first], [p.loss for p in second], rtol=2e-4, atol=1e-6
    )
    for key, value in one.ensemble.average.items():
        torch.testing.assert_close(value, two.ensemble.average[key], rtol=2e-3, atol=2e-4)


def test_members_train_as_they_would_alone():
    together, _ = trained("unet")
    models = Ensemble(lambda: build("unet", SHAPE, growth=(1, 2), width=4), [2])
    alone = Trainer(models, points(), members()[2:], SMALL)
    list(alone.run())
    for key, value in together.ensemble.average.items():
        torch.testing.assert_close(value[2:], models.average[key], rtol=2e-3, atol=2e-4)


def test_gradient_steps_are_those_of_a_plain_loop():
    """The whole trainer against a loop written out with torch.optim and one module."""
    settings = TrainingSettings(images=48, batch=8, ema=0.0, schedule="constant")
    member = Member(np.arange(10, 30), seed=3)
    models = ensemble("mlp", members=1)
    list(Trainer(models, points(), [member], settings).run())

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build("mlp", SHAPE, width=8)
    optimiser = torch.optim.Adam(module.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
    own = torch.as_tensor(points())[member.rows]
    for images in range(0, 48, 8):
        rows, sigma, noise = training_batch(3, images, rows=20, batch=8, shape=SHAPE,
                                            sigma=(0.05, 20.0))  # fmt: skip
        clean, level = own[rows], sigma[:, None, None, None]
        error = (module(clean + level * noise, sigma) - clean) ** 2
        loss = ((1 + level**2) / level**2 * error).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, value in module.named_parameters():
        torch.testing.assert_close(models.average[name][0], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("stop", [1, 7, 19])
def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(stop):
    whole, reports = trained("unet")
    first = Trainer(ensemble(), points(), members(), SMALL)
    run = first.run()
    for _ in range(stop):
        seen = next(run)
    state = {key: value.clone() for key, value in first.state().items()}
    second = Trainer(ensemble(), points(), members(), SMALL)
    second.restore(state, seen.images)
    rest = list(second.run())
    assert [p.images for p in rest] == [p.images for p in reports[stop:]]
    np.testing.assert_array_equal([p.loss for p in rest], [p.loss for p in reports[stop:]])
    for key, value in whole.state().items():
        assert torch.equal(value, second.state()[key]), key


def test_a_memory_map_trains_to_the_same_bits(tmp_path):
    np.save(tmp_path / "x.npy", points())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    trainer = Trainer(ensemble(), mapped, members(), SMALL)
    list(trainer.run())
    for key, value in trained("unet")[0].ensemble.average.items():
        assert torch.equal(value, trainer.ensemble.average[key])


def test_a_checkpoint_of_another_architecture_is_refused():
    state = trained("mlp")[0].state()
    with pytest.raises(InputError, match="another architecture"):
        Trainer(ensemble(), points(), members(), SMALL).restore(state, 8)


def test_a_loss_that_is_not_finite_stops_the_run():
    data = points()
    data[3] = np.inf
    trainer = Trainer(ensemble(), data, members(), SMALL)
    with pytest.raises(Diverged, match="lower learning_rate"):
        list(trainer.run())


def test_memorising_member_ends_at_its_only_image():
    """With one training image the best denoiser is constant; the trained one comes close."""
    settings = TrainingSettings(images=32_000, learning_rate=3e-3)
    models = ensemble("mlp", members=1, width=128)
    list(Trainer(models, points(), [Member(np.array([7]), 0)], settings).run())
    noise = np.random.default_rng(1).standard_normal((8, *SHAPE))
    found = sample(models.denoiser(0), noise, sigma_min=0.05, sigma_max=20.0).points
    target = points()[7]
    assert np.abs(found - target).max() < 0.1


# --------------------------------------------------------------------------------------- averages


def test_average_has_the_mean_age_it_is_given():
    settings = TrainingSettings(images=20_000, batch=1, ema=0.05)
    weights = np.zeros(20_000)
    for t in range(1, 20_001):
        keep = settings.average_weight(t)
        weights *= keep
        weights[t - 1] += 1.0 - keep
    assert weights.sum() == pytest.approx(1.0)
    age = 1.0 - weights @ np.arange(1, 20_001) / 20_000
    assert age == pytest.approx(0.05, rel=2e-3)
    assert TrainingSettings(ema=0.0).average_weight(500) == 0.0


def test_snapshots_lie_on_a_log_grid_of_whole_batches():
    settings = TrainingSettings(images=32_000, batch=32, snapshots=4)
    grid = settings.snapshot_grid()
    assert all(images % 32 == 0 for images in grid)
    np.testing.assert_allclose(np.array(grid) / 32, 1000 ** (np.arange(1, 5) / 5), rtol=0.07)
    trainer = Trainer(ensemble(), points(), members(),
                      TrainingSettings(images=160, batch=8, snapshots=2))  # fmt: skip
    assert [p.images for p in trainer.run() if p.snapshot] == [24, 56]


def test_learning_rate_warms_up_and_decays_to_zero():
    settings = TrainingSettings(images=32_000, batch=32, learning_rate=1.0)
    rates = [settings.learning_rate_at(images) for images in range(0, 32_000, 32)]
    assert rates[0] == pytest.approx(1 / 20)
    assert max(rates) == pytest.approx(1.0, abs=2e-3)
    assert rates[-1] < 1e-4
    assert np.argmax(rates) == 19


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": 0}, "images must be a whole number"),
        ({"batch": 2.5}, "batch must be a whole number"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
        ({"sigma_min": 3.0, "sigma_max": 2.0}, "0 < sigma_min < sigma_max"),
        ({"ema": 0.7}, "ema must be below 0.5"),
        ({"schedule": "linear"}, "choose from cosine, constant"),
        ({"weighting": "snr"}, "choose from edm, plain"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(InputError, match=message):
        TrainingSettings(**options)


# ------------------------------------------------------------------------------------------ noise


def test_noise_is_a_function_of_seed_and_images():
    arguments = {"rows": 9, "batch": 6, "shape": SHAPE, "sigma": (0.1, 10.0)}
    first = training_batch(1, 640, **arguments)
    torch.rand(5)
    for one, two in zip(first, training_batch(1, 640, **arguments), strict=True):
        assert torch.equal(one, two)
    for other in (training_batch(2, 640, **arguments), training_batch(1, 646, **arguments)):
        assert not torch.equal(first.noise, other.noise)


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


# --------------------------------------------------------------------------------------- adapters


def test_denoisers_follow_the_protocol():
    trainer, _ = trained("unet")
    models = trainer.ensemble
    x = np.random.default_rng(2).standard_normal((6, *SHAPE))
    sigma = np.linspace(0.1, 2.0, 6)
    together = models.denoisers()
    assert isinstance(together, Denoiser)
    found = together(np.concatenate([x] * 3), np.concatenate([sigma] * 3)).reshape(3, 6, *SHAPE)
    assert found.dtype == np.float64
    for member in range(3):
        np.testing.assert_allclose(models.denoiser(member)(x, sigma), found[member], rtol=1e-4,
                                   atol=1e-5)  # fmt: skip


def test_adapter_takes_any_callable_in_batches_and_checks_the_shape():
    double = TorchDenoiser(lambda x, sigma: x * sigma[:, None], batch=4)
    x = np.arange(20.0).reshape(10, 2)
    np.testing.assert_array_equal(double(x, 2.0), 2.0 * x)
    assert double(x.astype(np.float32), 1.0).dtype == np.float32
    with pytest.raises(InputError, match="must keep the shape"):
        TorchDenoiser(lambda x, sigma: x[:, :1])(x, 1.0)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta"])
def test_unknown_devices(name):
    with pytest.raises(InputError, match="device"):
        choose_device(name)
    assert choose_device("cpu").type == "cpu"
