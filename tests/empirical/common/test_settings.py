from dataclasses import dataclass

import pytest

from convergen.empirical.common.settings import check_settings, documented, options_of, setting
from convergen.theory.common.checks import InputError
from convergen.theory.sources.options import NUMBER, WHOLE


@documented
@dataclass(frozen=True)
class Settings:
    """Two numbers."""

    count: int = setting(WHOLE, "how many", 3, least=1)
    rate: float = setting(NUMBER, "how fast", 0.5, above=0.0, most=2.0)

    def __post_init__(self):
        check_settings(self, "mine")


def test_fields_are_options_with_default_bounds_and_words():
    count, rate = options_of(Settings)
    assert (count.name, count.help, count.default, count.least) == ("count", "how many", 3, 1)
    assert (rate.default, rate.above, rate.most) == (0.5, 0.0, 2.0)
    lines = [line.strip() for line in Settings.__doc__.splitlines()]
    assert lines[:4] == ["Two numbers.", "", "Attributes", "----------"]
    assert lines[4].startswith("count : a whole number, at least 1")
    assert lines[5] == "how many."
    assert lines[7] == "how fast."


def test_values_are_converted_in_place_or_refused():
    found = Settings(rate=1)
    assert (type(found.rate), found.count) == (float, 3)
    with pytest.raises(InputError, match=r"^mine: count must be a whole number, at least 1"):
        Settings(count=0)
