import pytest

from convergen.theory.messages.glossary import _WORDS, glossary


def test_words_have_meanings_in_the_order_asked_for():
    found = glossary("q*", "n", "interval")
    assert list(found) == ["q*", "n", "interval"]
    assert "lies in 19 of 20 such" in found["interval"]
    assert "lies in 9 of 10 such" in glossary("interval", interval="9 of 10")["interval"]
    with pytest.raises(KeyError):
        glossary("luck")


def test_only_one_meaning_leaves_a_gap():
    assert [word for word, meaning in _WORDS.items() if "{" in meaning] == ["interval"]
