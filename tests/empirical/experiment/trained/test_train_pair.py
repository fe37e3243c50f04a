"""Pairs trained from Python: what the command line gives, for any module."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from convergen import empirical
from convergen.theory.common.checks import InputError
from tests.labels import unlabelled
from tests.options import unsaid

FEW = empirical.MeasureSettings(
    draws=16, steps=6, sigmas=(0.5,), factors=2, pictures=2, error_points=16
)
SHORT = {"images": 320, "batch": 16, "snapshots": 1}


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 64))

    def forward(self, x, sigma):
        return self.layers(x).reshape(x.shape) / (1.0 + sigma.reshape(-1, 1, 1, 1) ** 2)


def test_a_named_network_gives_what_the_command_line_gives(convergen, tmp_path):
    found = empirical.train_pair("mlp", "digits", [4, 8], seed=3, options={"size": "tiny"},
                                 device="cpu", measure=FEW, images=320)  # fmt: skip
    code, _, err = convergen(
        "train", "--set", "measure.error_points=16",
        "--data", "digits", "--model", "mlp", "--samples", "4,8", "--seeds", "3",
        "--images", "320", "--set", "model.size=tiny", "--set", "measure.draws=16",
        "--set", "measure.steps=6", "--set", "measure.sigmas=[0.5]", "--set", "measure.factors=2",
        "--set", "measure.pictures=2", "--device", "cpu", "--out", "run", "--threads", "1",
    )  # fmt: skip
    assert code == 0, err
    from convergen.theory.files.netcdf_files import load_dataset

    saved = load_dataset(tmp_path / "run" / "result.nc")
    for name in ("convergence", "memorisation", "latent_recovery", "train_error", "test_error"):
        np.testing.assert_allclose(found[name], saved[name].transpose(*found[name].dims), rtol=1e-5)
    assert unlabelled(found) == unlabelled(saved) == []


@pytest.mark.parametrize("network", [Net, Net(4), lambda: Net(3)])
def test_any_module_or_factory_is_trained_on_points(network):
    x = np.random.default_rng(0).standard_normal((60, 8, 8)) * 3.0 + 1.0
    found = empirical.train_pair(network, x, 8, device="cpu", measure=FEW, **SHORT)
    assert found["convergence"].sizes == {"seed": 1, "samples": 1}
    assert np.isfinite(found["convergence"]).all()
    assert found["memorisation"].sizes["side"] == 2
    assert json.loads(found.attrs["training"])["images"] == 320
    assert found.attrs["data_fingerprint"]


def test_where_the_law_is_known_all_points_may_be_trained_on():
    from convergen.empirical import load_data

    known = load_data("field", size=8, count=16)
    found = empirical.train_pair(Net, known, 8, device="cpu", measure=FEW, **SHORT)
    assert np.isfinite(found["test_error"]).all()
    with pytest.raises(InputError, match="for testing, but 16 are"):
        empirical.train_pair(Net, known.points, 8, device="cpu", measure=FEW, **SHORT)


def test_a_module_that_is_given_stays_as_it_is_and_both_begin_with_its_parameters():
    module = Net(4)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    x = np.random.default_rng(0).standard_normal((60, 1, 8, 8))
    found = empirical.train_pair(module, x, 8, device="cpu", measure=FEW, learning_rate=1e-12,
                                 images=16, batch=16)  # fmt: skip
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    # Steps that small leave both where they began.
    assert found["convergence"].item() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("network", "data", "more", "words"),
    [
        ("linear", "digits", {}, "is fitted, not trained"),
        (Net, "digits", {"imags": 3}, "did you mean 'images'"),
        (Net, "digits", {"seed": 2**63}, "seed must be"),
        (Net, np.ones((40, 3)), {}, "do not vary"),
        (Net, np.random.default_rng(0).standard_normal((40, 7)), {}, "cannot be called"),
        (Net, "digits", {"options": {"depth": 3}}, "Net cannot be built: TypeError"),
        (nn.Identity, "digits", {}, "Identity cannot be called|has no parameters"),
    ],
)
def test_what_cannot_be_trained_is_refused(network, data, more, words):
    with pytest.raises(InputError, match=words):
        empirical.train_pair(network, data, 8, device="cpu", **more)


def test_public_names_exist():
    for name in empirical.__all__:
        assert getattr(empirical, name) is not None


def test_what_is_done_where_nothing_is_said():
    assert unsaid(empirical.train_pair) == {"seed": 0, "device": "auto"}
