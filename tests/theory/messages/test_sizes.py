import pytest

from convergen.theory.messages.sizes import size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"), (1, "1 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1005, "1 kB"),
        (999_499, "999 kB"), (999_500, "1 MB"), (2**26, "67.1 MB"), (999_499_999, "999 MB"),
        (999_500_000, "1 GB"), (2**32, "4.29 GB"), (10**15, "1e+06 GB"),
        # Exactly between two numbers of three digits: the even one.
        (1_125, "1.12 kB"), (1_375, "1.38 kB"), (1_125_000, "1.12 MB"), (1_375_000, "1.38 MB"),
        (1_125_000_000, "1.12 GB"), (1_375_000_000, "1.38 GB"),
    ],
)  # fmt: skip
def test_bytes_are_said_to_three_digits(size, words):
    assert size_words(size) == words
