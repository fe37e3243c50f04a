"""How calls are refused."""

import re

import pytest

from convergen.theory import InputError


def assert_refused(call, match):
    """By one sentence that ends in a full stop."""
    with pytest.raises(InputError, match=match) as error:
        call()
    message = str(error.value)
    assert message.endswith(".")
    assert re.search(r"[.!?] +[A-Z]", message) is None
