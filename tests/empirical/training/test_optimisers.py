"""Each optimiser against the plain one of torch, on parameters of one member."""

import subprocess
import sys

import pytest
import torch

from convergen.empirical.training.optimisers import RULES, NamedOptimiser
from convergen.theory.common.checks import InputError

SHAPES = {
    "matrix": (4, 3), "least": (2, 2), "kernel": (4, 2, 3, 3),
    "bias": (4,), "gain": (4, 1, 1), "row": (1, 5),
}  # fmt: skip
IS_MATRIX = ("matrix", "least", "kernel")
RATE, DECAY = 0.01, 0.1


def stacked(members=2):
    source = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(members, *shape, generator=source).requires_grad_()
        for name, shape in SHAPES.items()
    }


def gradients(step, members=2):
    source = torch.Generator().manual_seed(1 + step)
    return {name: torch.randn(members, *shape, generator=source) for name, shape in SHAPES.items()}


def plain(name, parameter):
    """What torch itself does to one tensor of one member."""
    if name == "muon":
        return torch.optim.Muon(
            [parameter], lr=RATE, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"
        )
    if name == "sgd":
        return torch.optim.SGD(
            [parameter], lr=RATE, weight_decay=DECAY, momentum=0.9, nesterov=True
        )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind([parameter], lr=RATE, weight_decay=DECAY, betas=(0.9, 0.99))


@pytest.mark.parametrize("rule", RULES)
def test_members_step_as_torch_steps_them_one_by_one(rule):
    ours = stacked()
    optimiser = NamedOptimiser(rule, ours, DECAY)
    alone = {
        (name, m): value[m].detach().clone() for name, value in stacked().items() for m in range(2)
    }
    plain_ones = {}
    for (name, m), value in alone.items():
        kernel = rule == "muon" and name in IS_MATRIX
        alone[name, m] = value.flatten(1) if kernel else value
        one = rule if kernel or rule != "muon" else "adamw"
        plain_ones[name, m] = plain(one, alone[name, m])
    for step in range(3):
        found = gradients(step)
        for name, value in ours.items():
            value.grad = found[name]
        optimiser.step(RATE)
        for (name, m), value in alone.items():
            value.grad = found[name][m].reshape(value.shape)
            plain_ones[name, m].step()
    for (name, m), value in alone.items():
        torch.testing.assert_close(
            ours[name][m].detach().reshape(value.shape), value, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("rule", ["adam", "adamw"])
def test_steps_are_those_of_the_class_to_the_bit(rule):
    ours, theirs = stacked(), stacked()
    optimiser = NamedOptimiser(rule, ours, DECAY)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule]
    plain_one = kind(
        list(theirs.values()), lr=RATE, weight_decay=DECAY, betas=(0.9, 0.99), fused=True
    )
    for step in range(3):
        for name, gradient in gradients(step).items():
            ours[name].grad, theirs[name].grad = gradient, gradient.clone()
        # What no gradient reached stays where it is.
        ours["row"].grad = theirs["row"].grad = None
        optimiser.step(RATE)
        plain_one.step()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name])
    saved = {
        f"{moment}/{name}": value
        for name, parameter in theirs.items()
        for moment, value in plain_one.state[parameter].items()
    }
    found = optimiser.state()
    assert found.keys() == saved.keys()
    assert all(torch.equal(found[key], value) for key, value in saved.items())


@pytest.mark.slow
def test_training_by_adam_does_not_load_the_compiler_of_torch():
    code = (
        "import sys, torch\n"
        "from convergen.empirical.training.optimisers import NamedOptimiser\n"
        "x = torch.ones(2, 3, requires_grad=True)\n"
        "(x**2).sum().backward()\n"
        "NamedOptimiser('adam', {'x': x}, 0.1).step(0.1)\n"
        "assert x[0, 0] == 0.9\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_adamw_without_decay_is_adam_to_the_bit():
    found = []
    for rule in ("adam", "adamw"):
        ours = stacked()
        optimiser = NamedOptimiser(rule, ours, 0.0)
        for step in range(3):
            for name, value in ours.items():
                value.grad = gradients(step)[name]
            optimiser.step(RATE)
        found.append(ours)
    for name, value in found[0].items():
        assert torch.equal(value, found[1][name])


def test_a_state_of_other_parameters_is_refused():
    optimiser = NamedOptimiser("adamw", stacked(), 0.0)
    with pytest.raises(InputError, match="'stranger', which is no parameter here"):
        optimiser.load({"exp_avg/stranger": torch.zeros(1)})


def test_muon_says_which_torch_it_needs(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(InputError, match=r"needs torch 2\.9 or newer"):
        NamedOptimiser("muon", stacked(), 0.0)
