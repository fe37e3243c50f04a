"""One thread of kernels: the arrays are small."""

import pytest

from convergen.theory.empirical_score import passes


@pytest.fixture(autouse=True)
def _one_kernel_thread(monkeypatch):
    monkeypatch.setattr(passes, "kernel_threads", lambda: 1)
