"""The pages are made once for all tests."""

import pytest

from tests.figures.pages import examples


@pytest.fixture(scope="session")
def pages():
    """HTML by command."""
    return examples.pages()
