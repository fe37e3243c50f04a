import pytest

from tests.commands import defaults


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("train", {"workers": 1, "checkpoint_seconds": 20.0}),
        ("validate", {}),
        ("forecast", {}),
        ("measure", {"center": True, "units": "mend", "features": "pixels", "factors": 5}),
    ],
)
def test_what_is_done_where_nothing_is_said(command, expected):
    assert defaults(command) == expected
