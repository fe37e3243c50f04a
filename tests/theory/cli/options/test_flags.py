"""Flags that several commands share."""

import pytest

from convergen.theory.cli.options.flags import check_budget
from convergen.theory.common.checks import InputError


def test_a_budget_needs_a_network() -> None:
    with pytest.raises(InputError, match="give --network beside it"):
        check_budget(1000, None)
    check_budget(1000, "unet")
    check_budget(None, None)
    check_budget(None, "unet")
