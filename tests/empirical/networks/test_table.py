"""Every network of the table: shapes, initial bits, symmetry, sizes and refusals."""

import hashlib

import pytest
import torch

from convergen.empirical.networks.table import NETWORKS
from convergen.theory.common.checks import InputError
from tests.options import ranges

IMAGE = (1, 8, 8)
# What can be built here without another library.
NAMES = ("mlp", "conv", "unet")


def build(name, shape=IMAGE, **options):
    return NETWORKS.find(name).module(shape, options)


def points(batch=5, shape=IMAGE, seed=0):
    source = torch.Generator().manual_seed(seed)
    return torch.randn(batch, *shape, generator=source), torch.linspace(0.1, 3.0, batch)


def shaken(model, seed=1):
    """The same model with every parameter moved, since output layers start at zero."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=source)
    return model


def test_names_are_those_of_the_files():
    assert NETWORKS.names() == ("conv", "diffusers", "mlp", "unet")


# SHA-256 of all initial parameters in their order, stored before attributes were renamed: shipped
# results come from them.
_INITIAL = {
    ("mlp", "small"): "8d2f7617cdc8",
    ("conv", "small"): "29a064c3a800",
    ("unet", "tiny"): "49c77b7721bb",
    ("unet", "base"): "148a6d598746",
}


@pytest.mark.parametrize(("name", "size"), _INITIAL)
def test_initial_parameters_are_drawn_in_a_fixed_order(name, size):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = build(name, size=size)
    content = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
    assert hashlib.sha256(content).hexdigest().startswith(_INITIAL[name, size])


# Outputs of moved parameters, stored at the same time: operations without parameters count, too.
_ANSWERS = {
    "mlp": [-1.61148, -2.1459, -1.0549, -6.35966, -4.34308, -0.19162, 1.12582, -0.53448, -0.79445],
    "conv": [
        -1.02127,
        -1.41208,
        -1.06617,
        -0.64291,
        -0.57808,
        -0.52099,
        -0.8895,
        0.03415,
        -0.99952,
    ],
    "unet": [-1.12325, -1.53988, -0.40288, -0.25916, -0.231, 0.20162, -0.36842, 0.04773, -0.46227],
}


@pytest.mark.parametrize("name", NAMES)
def test_networks_compute_what_they_always_have(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = shaken(build(name))
    found = model(*points()).detach().flatten(1)[:3, ::21][:, :3].flatten()
    torch.testing.assert_close(found, torch.tensor(_ANSWERS[name]), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16)])
@pytest.mark.parametrize("size", ["tiny", "small"])
def test_every_network_keeps_the_shape_and_uses_every_parameter(name, shape, size):
    model = shaken(build(name, shape, size=size))
    x, sigma = points(shape=shape)
    found = model(x, sigma)
    assert found.shape == x.shape
    found.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_points_of_a_batch_do_not_see_each_other(name):
    model = shaken(build(name))
    x, sigma = points()
    alone = torch.cat([model(x[i : i + 1], sigma[i : i + 1]) for i in range(len(x))])
    torch.testing.assert_close(model(x, sigma), alone, rtol=1e-4, atol=1e-5)


def test_conditioned_networks_see_the_noise_level():
    x, sigma = points()
    for name in ("mlp", "unet"):
        network = shaken(build(name)).network
        assert (network(x, sigma) - network(x, sigma + 1.0)).abs().max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_a_network_has_the_symmetry_that_its_row_states_and_no_finer_one(name):
    row = NETWORKS.find(name)
    padded = any(option.name == "padding" for option in row.options)
    x, sigma = points()
    for padding in ("circular", "zeros") if padded else (None,):
        given = {"padding": padding}
        model, shift = shaken(row.module(IMAGE, given)), row.shift(row.resolve(IMAGE, given))

        def gap(by, model=model):
            moved = model(x.roll(by, 3), sigma)
            return (moved - model(x, sigma).roll(by, 3)).abs().max().item()

        assert (shift > 0) == (padding == "circular")
        if shift:
            assert gap(shift) < 1e-4
        if shift != 1:
            assert gap(max(1, shift // 2)) > 1e-3


# Parameters of every size for images of 32 × 32 pixels.
_PARAMETERS = {
    "mlp": {"tiny": 154_048, "small": 990_464, "base": 11_563_008},
    "conv": {"tiny": 6544, "small": 118_112, "base": 265_296, "published": 7_782_272},
    "unet": {"tiny": 6769, "small": 40_113, "base": 4_134_785, "large": 60_909_313},
    "diffusers": {},
}


def test_sizes_are_what_they_were_and_grow():
    for row in NETWORKS.rows():
        with torch.device("meta"):  # shapes alone
            counts = {
                size: sum(p.numel() for p in row.module((1, 32, 32), {"size": size}).parameters())
                for size in row.sizes
            }
        assert counts == _PARAMETERS[row.name]
        assert list(counts.values()) == sorted(set(counts.values()))
        assert not counts or "small" in counts


def test_an_option_beside_a_size_wins():
    row = NETWORKS.find("unet")
    found = row.resolve(IMAGE, {"size": "tiny", "width": 6})
    assert found == {"width": 6, "growth": (1, 2), "blocks": 1, "padding": "zeros"}


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("unett", IMAGE, {}, "did you mean 'unet'"),
        ("unet", (64,), {}, "needs images of shape"),
        ("unet", (1, 10, 10), {}, "multiples of 4"),
        ("unet", (1, 4, 4), {}, "at least 8"),
        ("unet", IMAGE, {"size": "huge"}, "has no size 'huge': choose from tiny, small, base"),
        ("unet", IMAGE, {"widht": 8}, "did you mean 'width'"),
        ("unet", IMAGE, {"padding": "mirror"}, "must be 'zeros' or 'circular', not 'mirror'"),
        ("unet", IMAGE, {"width": True}, "width must be a whole number, .* not True"),
        ("conv", (64,), {}, "needs images of shape"),
        ("conv", (1, 8, 10), {}, "multiples of 4"),
        ("conv", (1, 4, 8), {}, "at least 8"),
        ("diffusers", (64,), {}, "needs images of shape"),
    ],
)
def test_what_cannot_be_built_is_refused(name, shape, options, message):
    with pytest.raises(InputError, match=message):
        NETWORKS.find(name).resolve(shape, options)


@pytest.mark.parametrize(
    ("name", "sizes", "expected"),
    [
        (
            "conv",
            {
                "tiny": {"width": 8, "poolings": 1}, "small": {"width": 16, "poolings": 2},
                "base": {"width": 24, "poolings": 2}, "published": {"width": 64, "poolings": 3},
            },
            {
                "width": (None, 1, None, 2**12), "poolings": (None, 0, None, 12),
                "padding": ("zeros", None, None, None), "grey": (0.0, 0.0, None, 100.0),
            },
        ),
        (
            "mlp",
            {
                "tiny": {"width": 64, "depth": 2}, "small": {"width": 256, "depth": 3},
                "base": {"width": 1024, "depth": 4},
            },
            {"width": (None, 1, None, 2**16), "depth": (None, 1, None, 1000)},
        ),
        (
            "unet",
            {
                "tiny": {"width": 4, "growth": (1, 2), "blocks": 1},
                "small": {"width": 8, "growth": (1, 2, 2), "blocks": 1},
                "base": {"width": 64, "growth": (1, 2, 2), "blocks": 2},
                "large": {"width": 128, "growth": (1, 2, 2, 4), "blocks": 3},
            },
            {
                "width": (None, 1, None, 2**12), "growth": (None, 1, None, 64),
                "blocks": (None, 1, None, 100), "padding": ("zeros", None, None, None),
            },
        ),
        ("diffusers", {}, {}),
    ],
)  # fmt: skip
def test_what_is_not_given_and_what_is_allowed(name, sizes, expected):
    row = NETWORKS.find(name)
    assert row.sizes == sizes
    assert ranges(row.options) == expected
