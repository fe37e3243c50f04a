import pytest
import torch

from convergen.empirical.common import devices
from convergen.empirical.common.devices import (
    autocast,
    choose_device,
    pays_to_compile,
    visible_devices,
)
from convergen.theory.common.checks import InputError


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta"])
def test_unknown_devices(name):
    with pytest.raises(InputError, match="device"):
        choose_device(name)
    assert choose_device("cpu").type == "cpu"


@pytest.fixture
def two(monkeypatch):
    """A machine with two devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_the_devices_of_a_machine_are_told_apart(two):
    assert choose_device() == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(InputError, match="there is no device 'cuda:2' here: use auto or cpu"):
        choose_device("cuda:2")


def test_without_a_device_the_processor_works(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")
    with pytest.raises(InputError, match="there is no device 'cuda' here"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("named", "found"),
    [(None, ["0", "1"]), ("3,GPU-a", ["3", "GPU-a"]), ("5,6,7", ["5", "6"]), ("4", ["4"])],
)
def test_devices_go_by_the_names_that_the_user_has_left_visible(two, monkeypatch, named, found):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if named is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_devices() == found
    monkeypatch.setattr(devices.torch.cuda, "device_count", lambda: 0)
    assert visible_devices() == []


@pytest.mark.parametrize(
    ("name", "steps", "pays"),
    [("cuda", 4000, True), ("cuda", 9000, True), ("cuda", 3999, False), ("cpu", 10**6, False)],
)
def test_compiling_pays_in_long_trainings_on_a_device(name, steps, pays):
    assert pays_to_compile(torch.device(name), steps) == pays


def test_products_are_rounded_on_a_device_alone(monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *given, **options: (given, options))
    x = torch.eye(2) / 3.0
    with autocast(torch.device("cpu")):
        assert (x @ x).dtype == torch.float32
    assert autocast(torch.device("cuda")) == (("cuda",), {"dtype": torch.bfloat16})
