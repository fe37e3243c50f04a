"""Figures at smoke quality: each is computed once, whichever tests look at it."""

import functools

import pytest
from threadpoolctl import threadpool_limits

from convergen.figures.making.data_files import load_record
from convergen.figures.making.make import Job, make

SEED = 1


@pytest.fixture(scope="session")
def make_smoke(tmp_path_factory):
    """Compute a figure at smoke quality and save its data; what was made."""

    @functools.cache
    def once(name):
        with threadpool_limits(1):
            return make(Job(name, tmp_path_factory.mktemp(name), "smoke", seed=SEED, formats=()))

    return once


@pytest.fixture(scope="session")
def smoke_of(make_smoke):
    """The data of a figure at smoke quality, read from its file."""

    @functools.cache
    def read(name):
        return load_record(make_smoke(name).files[0].path, name)

    return read
