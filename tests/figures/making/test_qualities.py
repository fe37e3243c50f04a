"""One of three values, by name."""

import pytest

from convergen.figures.making.qualities import QUALITIES, by_quality, check_quality
from convergen.theory.common.checks import InputError


def test_each_quality_has_its_value():
    assert [by_quality(quality, 1, 2, 3) for quality in ("smoke", "draft", "paper")] == [1, 2, 3]
    assert [check_quality(quality) for quality in QUALITIES] == list(QUALITIES)


@pytest.mark.parametrize("function", [check_quality, lambda quality: by_quality(quality, 1, 2, 3)])
def test_no_other_quality_is_known(function):
    with pytest.raises(InputError, match="unknown quality 'fine': choose from smoke, draft, paper"):
        function("fine")
