import pytest

from convergen.theory.messages.suggestions import suggestion


@pytest.mark.parametrize(
    ("word", "said"),
    [("spikd", " (did you mean 'spiked'?)"), ("digit", " (did you mean 'digits'?)"), ("q", "")],
)
def test_only_the_nearest_word_is_suggested(word, said):
    assert suggestion(word, ["digits", "digits-8", "spiked", "isotropic"]) == said
