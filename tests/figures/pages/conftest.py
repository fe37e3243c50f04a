"""The pages are made once for all tests."""

import functools

import pytest

from tests.figures.pages import examples
from tests.figures.pages.reading import Read


@pytest.fixture(scope="session")
def page_of():
    """HTML of the page of one command."""
    return functools.cache(lambda kind: examples.PAGES[kind]())


@pytest.fixture(scope="session")
def read_of(page_of):
    """The page of one command, read."""
    return functools.cache(lambda kind: Read(page_of(kind)))


@pytest.fixture(scope="session")
def pages(page_of):
    """HTML by command."""
    return {kind: page_of(kind) for kind in examples.PAGES}


@pytest.fixture
def undrawn(monkeypatch):
    """Let a page draw nothing: what each chart would have drawn, its words and its caption."""

    def prepare(module, *names):
        seen = []

        def chart(figure, words, caption=""):
            seen.append((figure, words, caption))
            return "<p>a chart</p>"

        for name in names:
            monkeypatch.setattr(module, name, lambda *data, _name=name, **size: (_name, data, size))
        monkeypatch.setattr(module, "chart", chart)
        return seen

    return prepare
