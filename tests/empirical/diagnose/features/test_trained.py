"""Trained encoders through stand-ins for timm and torchvision: weights, units, sizes, sentences."""

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from convergen.empirical.diagnose.distances.orbit import Orbit
from convergen.empirical.diagnose.features.images import prepared, unit_interval
from convergen.empirical.diagnose.features.table import encoded
from convergen.empirical.diagnose.features.view import Given
from convergen.theory.common.checks import InputError
from convergen.theory.sources.points import Points
from tests.empirical.diagnose import laws

DINOV2 = "models--timm--vit_small_patch14_dinov2.lvd142m/snapshots/abc/model.safetensors"


class Small(nn.Module):
    """Stands for a large network: classifier `fc` on pooled channels."""

    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Conv2d(3, 12, 5, stride=4), nn.Linear(12, 4)
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return self.fc(torch.relu(self.body(x)).mean(dim=(2, 3)))


@pytest.fixture
def made(monkeypatch):
    """Networks that the stand-ins built, and how."""
    built = []

    def inception_v3(**options):
        built.append((Small(), options))
        return built[-1][0]

    def create_model(name, **options):
        network = Small()
        network.load_state_dict(load_file(options["pretrained_cfg_overlay"]["file"]))
        network.fc = nn.Identity()
        built.append((network, {"name": name, **options}))
        return network

    packages = {"torchvision": {}, "torchvision.models": {"inception_v3": inception_v3}}
    for name, contents in (packages | {"timm": {"create_model": create_model}}).items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    return built


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Empty folders where weights are looked for."""
    for variable in ("HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def saved(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = Small()
    write = save_file if path.suffix == ".safetensors" else torch.save
    write(network.state_dict(), path)
    return network


def given(scale=255.0):
    every = scale * laws.digits(40, np.random.default_rng(5))
    rows = np.split(every, [8, 28])
    sets = [Points(n, x, x.shape[1:]) for n, x in zip("stu", rows, strict=True)]
    return Given([sets[0]], sets[1], sets[2], Orbit.of(sets[0].shape))


@pytest.mark.parametrize(
    ("name", "place", "side", "mean", "scale"),
    [
        ("dinov2", f"hf/hub/{DINOV2}", 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("inception", "torch/hub/checkpoints/inception_v3_google-0cc3c7bd.pth", 299,
         (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)  # fmt: skip
def test_weights_on_disk_are_used_and_recorded(made, caches, name, place, side, mean, scale):
    path = caches / place
    network = saved(path)
    sets = given()
    view = encoded(name, sets)
    assert view.record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert view.notes == [
        f"Features are those of {view.record['model']}; its weights {path.name} have SHA-256 "
        f"{view.record['sha256'][:16]}…. Images were resized to {side} × {side} pixels, 0 black "
        "and 255 white."
    ]
    assert view.record["black_and_white"] == [0.0, 255.0]
    assert not view.theory
    assert view.training.shape == (2, 12)
    # The same by hand, with another library's resampling left out: whole images at once.
    x = torch.tensor(sets.training.rows[:20, :, :, ::-1].copy() / 255.0, dtype=torch.float32)
    x = nn.functional.interpolate(
        x.repeat(1, 3, 1, 1), (side, side), mode="bicubic", antialias=True
    ).clamp(0.0, 1.0)  # fmt: skip
    x = (x - torch.tensor(mean)[:, None, None]) / torch.tensor(scale)[:, None, None]
    network.fc = nn.Identity()
    with torch.no_grad():
        known = network(x)
    np.testing.assert_allclose(view.training.rows[:20, 1], known, rtol=1e-3, atol=1e-5)
    built, options = made[-1]
    assert not built.training
    assert options.get("weights") is None
    if name == "inception":
        assert options["transform_input"] is False


@pytest.mark.parametrize("name", ["dinov2", "inception"])
def test_missing_weights_are_never_downloaded(made, caches, name):
    with pytest.raises(
        InputError, match=rf"weights of {name} are not on this.*python -c.*--weight"
    ):
        encoded(name, given())
    assert made == []


def test_weights_of_another_network_and_missing_packages(made, caches, monkeypatch):
    other = caches / "other.pth"
    torch.save({"fc.weight": torch.zeros(4, 12)}, other)
    with pytest.raises(
        InputError, match=r"^cannot load .*other\.pth into inception_v3.*: RuntimeError: Error"
    ):
        encoded("inception", given(), other)
    with pytest.raises(InputError, match=r"^absent\.pth cannot be opened"):
        encoded("inception", given(), Path("absent.pth"))
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"^dinov2 needs the package timm: pip install timm"):
        encoded("dinov2", given(), other)


def test_vectors_are_no_images(made, caches):
    flat = Points("s", np.zeros((30, 64)), (64,))
    with pytest.raises(InputError, match=r"dinov2 looks at images of 1 or 3 channels.*--shape"):
        encoded("dinov2", Given([flat], flat, None, Orbit.of((64,))))


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        (np.linspace(0.0, 1.0, 900), (0.0, 1.0)),
        (np.linspace(-1.0, 1.0, 900), (-1.0, 1.0)),
        (np.linspace(-0.5, 0.5, 900), (-0.5, 0.5)),
        (np.linspace(3.0, 200.0, 900), (0.0, 255.0)),
        (np.linspace(0.0, 16.0, 900), (0.0, 16.0)),
        (np.linspace(-2.1, 2.6, 900), (-2.1, 2.6)),
    ],
)
def test_black_and_white(rows, ends):
    points = Points("t", rows.reshape(100, 1, 3, 3), (1, 3, 3))
    assert unit_interval(points) == pytest.approx(ends)


def test_one_colour_is_nothing_to_compare():
    with pytest.raises(InputError, match="one colour alone"):
        unit_interval(Points("t", np.full((9, 1, 3, 3), 4.0), (1, 3, 3)))


def test_prepared_images_keep_their_place_and_colour():
    x = np.zeros((1, 3, 8, 8), np.float32)
    x[0, 0, :4] = 200.0
    found = prepared(x, (0.0, 200.0), 32, torch.device("cpu")).numpy()
    assert found.shape == (1, 3, 32, 32)
    np.testing.assert_allclose(found[0, 0, :12], 1.0, atol=1e-6)
    assert np.all(found[0, 0, 20:] < 0.01)
    assert np.all(found[0, 1:] == 0.0)
