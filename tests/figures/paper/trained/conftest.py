"""Shipped data of the figures of trained networks, read once."""

import pytest

from convergen.figures.making.data_files import load_record, shipped


@pytest.fixture(scope="session")
def networks():
    return load_record(shipped("trained-against-predicted"), "trained-against-predicted")


@pytest.fixture(scope="session")
def page():
    return load_record(shipped("summary"), "summary")
