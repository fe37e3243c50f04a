import pytest

from convergen.empirical.storage.run_folder import RunFolder
from tests.empirical.sweep.fake_cell import FakeCell


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run", "digest")
    folder.path.mkdir()
    return folder


@pytest.fixture
def cells():
    return [FakeCell(f"cell{i}", i) for i in range(3)]
