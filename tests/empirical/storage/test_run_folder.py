from contextlib import contextmanager

import pytest
import xarray as xr

from convergen.empirical.storage import run_folder
from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.locks import LOCK, Busy
from convergen.empirical.storage.run_folder import RunFolder
from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import load_dataset


def test_a_new_an_empty_and_a_killed_run_may_be_begun(tmp_path):
    RunFolder(tmp_path / "new").refuse_files_of_others()
    RunFolder(tmp_path).refuse_files_of_others()
    (tmp_path / LOCK).touch()
    (tmp_path / ".plan-abc.convergen-part.json").touch()
    RunFolder(tmp_path).refuse_files_of_others()


@pytest.mark.parametrize("name", ["result.nc", ".result-abc.nc", ".plan-abc.json", "splits"])
def test_files_of_others_are_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=f"holds files, like '{name}', but no plan of a run"):
        RunFolder(tmp_path).refuse_files_of_others()
    (tmp_path / "plan.json").touch()
    RunFolder(tmp_path).refuse_files_of_others()


def test_a_path_that_cannot_be_used_is_one_line(tmp_path):
    with pytest.raises(StorageError, match="name too long"):
        RunFolder(tmp_path / ("x" * 300)).refuse_files_of_others()


def test_the_result_comes_back(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.lock():
        folder.save_result(xr.Dataset({"a": ("x", [1.0])}))
    assert load_dataset(folder.result_path, must_be_sealed=True)["a"].values == [1.0]
    assert {path.name for path in tmp_path.iterdir()} - {LOCK} == {"result.nc"}


def test_splits_have_a_file_for_each_seed(tmp_path):
    assert RunFolder(tmp_path).split_path(3) == tmp_path / "splits" / "seed-3.npz"


def test_everything_has_its_place(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.cell("n4-seed0").path == tmp_path / "cells" / "n4-seed0"
    assert folder.plan_path == tmp_path / "plan.json"
    assert folder.result_path == tmp_path / "result.nc"
    assert folder.split_path(3) == tmp_path / "splits" / "seed-3.npz"


def test_another_process_has_a_minute_to_write(tmp_path, monkeypatch):
    waited = []

    @contextmanager
    def locked(path, timeout):
        waited.append((path, timeout))
        if len(waited) > 1:
            raise Busy
        yield

    monkeypatch.setattr(run_folder, "locked", locked)
    with RunFolder(tmp_path).lock():
        assert waited == [(tmp_path, 60.0)]
    words = r"^another process has been writing to .* for a minute: wait for it\.$"
    with pytest.raises(StorageError, match=words), RunFolder(tmp_path).lock():
        pass
