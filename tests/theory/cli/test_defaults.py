import pytest

from tests.commands import defaults


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("predict", {"factors": 3}),
        ("simulate", {"factors": 3, "repeats": 20, "workers": 1}),
        ("plan", {"factors": 10}),
        ("collapse", {}),
    ],
)
def test_what_is_done_where_nothing_is_said(command, expected):
    assert defaults(command) == expected
