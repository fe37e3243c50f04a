"""Flags that several commands share."""

import pytest

from convergen.theory.cli.options.flags import NetworkImages, Seed, check_budget
from convergen.theory.common.checks import InputError


def test_a_budget_needs_a_network() -> None:
    with pytest.raises(InputError, match="give --network beside it"):
        check_budget(1000, None)
    check_budget(1000, "unet")
    check_budget(None, None)
    check_budget(None, "unet")


def test_seeds_begin_at_zero_and_images_at_one() -> None:
    assert Seed.__metadata__[0].min == 0
    assert NetworkImages.__metadata__[0].min == 1
