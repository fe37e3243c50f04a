"""The training loop: against a plain one, member by member, and resumed to the bit."""

import numpy as np
import pytest
import torch
from torch import nn

from convergen.empirical.models.ensemble import Ensemble
from convergen.empirical.networks.table import NETWORKS
from convergen.empirical.training.noise_stream import stream_seed, training_batch
from convergen.empirical.training.settings import TrainingSettings
from convergen.empirical.training.trainer import Diverged, Member, Trainer
from convergen.theory.common.checks import InputError
from convergen.theory.denoisers.samplers import sample

SHAPE = (1, 4, 4)
SMALL = TrainingSettings(images=160, batch=8, ema=0.1, learning_rate=1e-3)
OPTIONS = {"mlp": {"width": 8, "depth": 2}, "conv": {"size": "tiny"}, "unet": {"size": "tiny"}}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def points(count=40, shape=SHAPE):
    return np.random.default_rng(0).standard_normal((count, *shape)).astype(np.float32)


def build(name, **options):
    return NETWORKS.find(name).module(SHAPE, options or OPTIONS[name])


def ensemble(name="unet", members=3, batched=True, **options):
    return Ensemble(lambda: build(name, **options), range(members), batched=batched)


def members(count=3):
    return [Member(np.arange(5 * (m + 1)), seed=10 + m) for m in range(count)]


def trained(*arguments, settings=SMALL, **options):
    models = ensemble(*arguments, **options)
    trainer = Trainer(models, points(), members(models.members), settings)
    return trainer, list(trainer.run())


@pytest.fixture(scope="module")
def unet():
    """U-Nets trained without interruption, and the reports on the way."""
    return trained("unet")


@pytest.mark.parametrize("name", ["mlp", "conv", "unet"])
def test_batched_and_looped_ensembles_agree(name):
    # Adam would turn the sign of a gradient that is all rounding into a whole step.
    short = TrainingSettings(images=64, batch=8, ema=0.1, optimizer="sgd", learning_rate=1e-3)
    (one, first), (two, second) = (
        trained(name, batched=batched, settings=short) for batched in (True, False)
    )
    np.testing.assert_allclose(
        [p.loss for p in first], [p.loss for p in second], rtol=2e-4, atol=1e-6
    )
    for key, value in one.ensemble.average.items():
        torch.testing.assert_close(value, two.ensemble.average[key], rtol=2e-3, atol=2e-4)


def test_members_train_as_they_would_alone(unet):
    models = Ensemble(lambda: build("unet"), [2])
    alone = Trainer(models, points(), members()[2:], SMALL)
    list(alone.run())
    for key, value in unet[0].ensemble.average.items():
        torch.testing.assert_close(value[2:], models.average[key], rtol=2e-3, atol=2e-4)


def test_gradient_steps_are_those_of_a_plain_loop():
    """The whole trainer against a loop written out with torch.optim and one module."""
    settings = TrainingSettings(images=48, batch=8, ema=0.0, schedule="constant")
    member = Member(np.arange(10, 30), seed=3)
    models = ensemble("mlp", members=1)
    list(Trainer(models, points(), [member], settings).run())

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build("mlp")
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


def test_reports_come_at_snapshots_every_hundredth_and_at_the_end():
    settings = TrainingSettings(images=8 * 305, batch=8, snapshots=3)
    assert settings.snapshot_grid() == [8 * 4, 8 * 17, 8 * 73]
    reports = list(Trainer(ensemble("mlp", members=1), points(), members(1), settings).run())
    assert [p.images for p in reports if p.snapshot] == [8 * 4, 8 * 17, 8 * 73]
    wanted = {*range(3, 305, 3), 4, 17, 73, 305}
    assert [p.images for p in reports] == [8 * step for step in sorted(wanted)]


def resumed(make, settings, stop):
    """Train, stop, restore into a new trainer, and train on."""
    first = make(settings)
    run = first.run()
    for _ in range(stop):
        seen = next(run)
    state = {key: value.clone() for key, value in first.state().items()}
    second = make(settings)
    second.restore(state, seen.images)
    return second, list(second.run())


def assert_same_bits(one, two):
    assert one.state().keys() == two.state().keys()
    for key, value in one.state().items():
        assert torch.equal(value, two.state()[key]), key


@pytest.mark.parametrize("stop", [1, 19])
def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(stop, unet):
    whole, reports = unet
    second, rest = resumed(lambda s: Trainer(ensemble(), points(), members(), s), SMALL, stop)
    assert [p.images for p in rest] == [p.images for p in reports[stop:]]
    np.testing.assert_array_equal([p.loss for p in rest], [p.loss for p in reports[stop:]])
    assert_same_bits(whole, second)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_every_optimiser_resumes_to_the_bit(optimizer):
    settings = TrainingSettings(images=64, batch=8, optimizer=optimizer, weight_decay=0.01)

    def make(settings):
        return Trainer(ensemble("mlp", members=2), points(), members(2), settings)

    whole = make(settings)
    list(whole.run())
    assert_same_bits(whole, resumed(make, settings, 3)[0])


class Restless(nn.Module):
    """A network with running means and dropout, as users may have them."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.3), nn.Conv2d(4, 1, 1)
        )

    def forward(self, x, sigma):
        return self.layers(x)


def test_running_means_and_dropout_resume_to_the_bit_and_rest_when_measured():
    def make(settings):
        models = Ensemble(Restless, range(2), batched=False)
        return Trainer(models, points(), members(2), settings)

    whole = make(SMALL)
    # Whatever else draws from the global generator does not matter, and is not disturbed.
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    list(whole.run())
    assert torch.equal(torch.rand(3), expected)
    second, _ = resumed(make, SMALL, 7)
    assert_same_bits(whole, second)
    means = whole.ensemble.buffers["layers.1.running_mean"]
    assert means.abs().min() > 0
    assert not torch.equal(means[0], means[1])
    model = whole.ensemble.denoiser(0)
    x = points(6)
    np.testing.assert_array_equal(model(x, 1.0), model(x, 1.0))
    np.testing.assert_allclose(model(x, 1.0)[:2], model(x[:2], 1.0), rtol=1e-5, atol=1e-6)
    assert torch.equal(whole.ensemble.buffers["layers.1.running_mean"], means)


def test_what_a_network_draws_follows_from_the_first_seed_and_the_images():
    """Its stream is the one of number 1; batches draw from another."""
    drawn = []

    class Drawing(nn.Linear):
        def forward(self, x, sigma):
            drawn.append(torch.rand(3))
            return super().forward(x)

    models = Ensemble(lambda: Drawing(4, 4), range(2), batched=False)
    settings = TrainingSettings(images=16, batch=8)
    list(Trainer(models, points(), members(2), settings).run())
    with torch.random.fork_rng(devices=[]):
        for images, found in zip((0, 8), drawn[::2], strict=True):
            torch.manual_seed(stream_seed(10, images, 1))
            assert torch.equal(found, torch.rand(3))


def test_nothing_is_left_to_train_beyond_the_budget():
    trainer = Trainer(ensemble("mlp"), points(), members(), SMALL)
    trainer.restore(trainer.state(), 2 * SMALL.images)
    assert list(trainer.run()) == []


def test_a_memory_map_trains_to_the_same_bits(tmp_path, unet):
    np.save(tmp_path / "x.npy", points())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    trainer = Trainer(ensemble(), mapped, members(), SMALL)
    list(trainer.run())
    assert_same_bits(unet[0], trainer)


def test_a_checkpoint_of_another_architecture_or_optimiser_is_refused():
    state = trained("mlp")[0].state()
    with pytest.raises(InputError, match="another architecture"):
        Trainer(ensemble(), points(), members(), SMALL).restore(state, 8)
    other = TrainingSettings(images=160, batch=8, optimizer="muon")
    with pytest.raises(InputError, match="load it with the model and optimiser"):
        Trainer(ensemble("mlp"), points(), members(), other).restore(state, 8)


@pytest.mark.parametrize(("row", "bad"), [(3, 0), (7, 1), (12, 2)])
def test_a_loss_that_is_not_finite_stops_the_run_and_its_first_member_is_named(row, bad):
    """Members have the first 5, 10 and 15 rows."""
    data = points()
    data[row] = np.inf
    whole = TrainingSettings(images=160, batch=160)
    trainer = Trainer(ensemble("mlp"), data, members(), whole)
    said = rf"member {bad} \(n = {5 * bad + 5}\) is (nan|inf) after 160 images: lower learning_rate"
    with pytest.raises(Diverged, match=said):
        list(trainer.run())


@pytest.mark.slow
def test_memorising_member_ends_at_its_only_image():
    """With one training image the best denoiser is constant; the trained one comes close."""
    settings = TrainingSettings(images=16_000, learning_rate=5e-3)
    models = ensemble("mlp", members=1, width=128, depth=2)
    list(Trainer(models, points(), [Member(np.array([7]), 0)], settings).run())
    noise = np.random.default_rng(1).standard_normal((8, *SHAPE))
    found = sample(models.denoiser(0), noise, sigma_min=0.05, sigma_max=20.0).points
    target = points()[7]
    assert np.abs(found - target).max() < 0.1


def test_snapshots_are_marked():
    trainer = Trainer(ensemble("mlp"), points(), members(),
                      TrainingSettings(images=160, batch=8, snapshots=2))  # fmt: skip
    assert [p.images for p in trainer.run() if p.snapshot] == [24, 56]
