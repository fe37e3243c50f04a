"""Networks in files of users: found, tried once, and refused in one line where they are none."""

import hashlib

import pytest
import torch

from convergen.empirical.networks.own_network import (
    absolute_name,
    file_digest,
    is_own,
    own_network,
    refuse_changed,
    refuse_unusable,
)
from convergen.theory.common.checks import InputError

FILE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, shape, width=8):
        super().__init__()
        dim = shape[0] * shape[1] * shape[2]
        layers = nn.Linear(dim, width), nn.SiLU(), nn.Linear(width, dim)
        self.net = nn.Sequential(nn.Flatten(), *layers)
    def forward(self, x, sigma):
        level = sigma.reshape(-1, 1, 1, 1)
        return (x + self.net(x).reshape(x.shape)) / (1 + level**2)

class Conv(nn.Module):
    def __init__(self, channels=1):
        super().__init__()
        self.layer = nn.Conv2d(channels, channels, 3, padding=1)
    def forward(self, x, sigma):
        return self.layer(x)

def made(width):
    return Net((1, 4, 4), width)

class NoSigma(Conv):
    def forward(self, x):
        return self.layer(x)

class Flat(Conv):
    def forward(self, x, sigma):
        return self.layer(x).flatten(1)

class Nan(Conv):
    def forward(self, x, sigma):
        return self.layer(x) / 0.0 * 0.0

class Random(Conv):
    def forward(self, x, sigma):
        return self.layer(x) + torch.randn_like(x)

class Counting(Conv):
    def __init__(self):
        super().__init__()
        self.count = nn.Parameter(torch.zeros(1, dtype=torch.int64), requires_grad=False)

class Empty(nn.Module):
    def forward(self, x, sigma):
        return x

def nothing():
    return 3

value = 3
"""
SHAPE = (1, 4, 4)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "my_net.py"
    file.write_text(FILE)
    return file


@pytest.mark.parametrize(
    ("name", "options"), [("Net", {}), ("Net", {"width": 3}), ("Conv", {}), ("made", {"width": 5})]
)
def test_a_class_or_factory_becomes_a_network(path, name, options):
    row = own_network(f"{path}:{name}")
    module = row.module(SHAPE, options)
    x = torch.ones(2, *SHAPE)
    assert module(x, torch.ones(2)).shape == x.shape
    assert row.shift(options) == 0
    assert row.grouping == "pair"
    if name != "Conv":
        assert module.net[1].out_features == options.get("width", 8)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Nett", {}, "holds no 'Nett': give FILE.py:NAME"),
        ("Net", {"depth": 3}, "cannot be built: TypeError: "),
        ("NoSigma", {}, r"cannot be called as forward\(x, sigma\) with x of shape \(3, 1, 4, 4\)"),
        ("Flat", {}, r"returns \(3, 16\) for points of shape \(3, 1, 4, 4\)"),
        ("Nan", {}, "returns NaN or infinity"),
        ("Random", {}, "answers the same points differently"),
        ("Empty", {}, "has no parameters"),
        ("Counting", {}, "has parameters that are no real numbers: use float32"),
        ("nothing", {}, "makes int, not a torch.nn.Module"),
        ("value", {}, "is no class or function"),
    ],
)
def test_what_is_no_denoiser_is_refused_in_one_line(path, name, options, words):
    with pytest.raises(InputError, match=words) as error:
        own_network(f"{path}:{name}").resolve(SHAPE, options)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the network .*: No such file"):
        own_network(f"{tmp_path}/none.py:Net")
    broken = tmp_path / "broken.py"
    for text, words in (("import nowhere", "ModuleNotFoundError"), ("x = (", "SyntaxError"),
                        ("raise SystemExit(3)", "SystemExit: 3")):  # fmt: skip
        broken.write_text(text)
        with pytest.raises(InputError, match=f"cannot import .*broken.py: {words}") as error:
            own_network(f"{broken}:Net")
        assert "\n" not in str(error.value)
    for name in ("my_net.py", "my_net.txt:Net", "my_net.py:", "my_net.py:a b"):
        assert is_own(name)
        with pytest.raises(InputError, match=r"write FILE\.py:NAME"):
            own_network(name)
    assert not is_own("unet")


def test_the_file_is_known_by_its_content(path):
    before = file_digest(f"{path}:Net")
    assert before == hashlib.sha256(path.read_bytes()).hexdigest()
    assert own_network(f"{path}:Net", before).name == f"{path}:Net"
    first, second = (own_network(f"{path}:Net").module(SHAPE, {}) for _ in "12")
    assert type(first) is type(second)
    path.write_text(FILE.replace("width=8", "width=9"))
    assert file_digest(f"{path}:Net") != before
    with pytest.raises(InputError, match=r"my_net\.py:Net has changed since this experiment"):
        own_network(f"{path}:Net", before)
    # A changed file is imported anew.
    assert own_network(f"{path}:Net").module(SHAPE, {}).net[1].out_features == 9


def test_names_with_a_path_count_from_a_folder(tmp_path):
    assert absolute_name("nets/a.py:Net", tmp_path) == f"{tmp_path / 'nets' / 'a.py'}:Net"
    assert absolute_name("/nets/a.py:Net", tmp_path) == "/nets/a.py:Net"
    assert absolute_name("unet", tmp_path) == "unet"


def test_a_random_initialisation_is_that_of_torch_alone(path):
    """Trying a network must leave the global generator where it was."""
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    own_network(f"{path}:Conv").resolve(SHAPE, {})
    assert torch.equal(torch.rand(2), expected)


def test_a_file_is_the_one_of_its_digest_and_of_no_other(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("x = 1")
    digest = hashlib.sha256(b"x = 1").hexdigest()
    assert file_digest(f"{file}:Net") == digest
    refuse_changed(f"{file}:Net", digest)
    for other in ("0" * 64, "f" * 64):
        with pytest.raises(InputError, match=r"the file of the network net\.py:Net has changed"):
            refuse_changed(f"{file}:Net", other)


def test_a_network_is_tried_at_small_and_large_noise():
    """Three points, from a tenth of the data to ten times: some only fail at an end."""
    seen = []

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, x, sigma):
            seen.append((x, sigma.tolist()))
            return self.weight * x

    refuse_unusable("Net", Net, (1, 4, 4))
    assert len(seen) == 2  # asked twice
    assert seen[0][1] == pytest.approx([0.1, 1.0, 10.0])
    # Always at the same points.
    points = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    for x, _ in seen:
        assert torch.equal(x, points)


@pytest.mark.parametrize("bad", [0, 2])
def test_nan_at_either_end_is_refused(bad):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, x, sigma):
            found = self.weight * x
            found[sigma.argsort()[bad]] = torch.nan
            return found

    with pytest.raises(InputError, match="Net returns NaN or infinity"):
        refuse_unusable("Net", Net, (4,))
