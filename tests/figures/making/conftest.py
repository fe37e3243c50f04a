"""One small figure, made once."""

import pytest

from convergen.figures.making import make
from convergen.figures.making.make import Job

# Quick to compute and to draw.
NAME = "disjoint-training"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    return make.make(Job(NAME, out, "smoke", seed=3, formats=("svg", "png", "pdf")))
