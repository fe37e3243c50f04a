"""One thread: the arrays are small."""

import pytest
from threadpoolctl import threadpool_limits

from convergen.theory.empirical_score import passes


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setattr(passes, "kernel_threads", lambda: 1)
    with threadpool_limits(1):
        yield
