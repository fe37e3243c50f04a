import pytest

from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.locks import LOCK, Busy, locked


def test_a_folder_is_kept_by_one_and_free_again_afterwards(tmp_path):
    folder = tmp_path / "a" / "run"
    with locked(folder, 0.0):
        assert folder.is_dir()
        with pytest.raises(Busy), locked(folder, 0.0):
            pytest.fail("two hold it")
    with pytest.raises(KeyError), locked(folder, 0.0):
        raise KeyError
    with locked(folder, 0.0):
        pass


def test_a_lock_that_is_a_folder_is_named(tmp_path):
    (tmp_path / LOCK).mkdir()
    with (
        pytest.raises(StorageError, match=r"cannot lock .*: .*: give another folder\."),
        locked(tmp_path, 0.0),
    ):
        pytest.fail("it is locked")
