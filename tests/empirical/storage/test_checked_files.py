import errno
import os
import stat

import pytest

from convergen.empirical.storage import checked_files
from convergen.empirical.storage.checked_files import (
    CorruptFile,
    StorageError,
    make_folder,
    read,
    read_sealed,
    remove_parts,
    write_sealed,
)
from convergen.theory.files.seals import EMPTY_SEAL, is_sound

CONTENT = f"before {EMPTY_SEAL} after".encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.bin"


def test_a_sealed_file_comes_back_with_its_digest(path):
    write_sealed(path, CONTENT)
    content = read_sealed(path)
    assert is_sound(content)
    assert content[:24] == CONTENT[:24]
    assert content != CONTENT
    assert len(content) == len(CONTENT)
    assert [each.name for each in path.parent.iterdir()] == ["file.bin"]


def test_every_flipped_bit_and_every_cut_are_noticed(path):
    write_sealed(path, CONTENT)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(CorruptFile, match="does not match its digest"):
            read_sealed(path)
        path.write_bytes(whole[:at])
        with pytest.raises(CorruptFile):
            read_sealed(path)
    path.write_bytes(whole + b"more")
    with pytest.raises(CorruptFile):
        read_sealed(path)


@pytest.mark.parametrize("call", range(1, 3))
def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new_file(path, monkeypatch, call):
    """Stop before the n-th system call that changes a name; what is found is whole."""
    write_sealed(path, CONTENT)
    old, calls = path.read_bytes(), []

    class Kill(BaseException):
        pass

    def counted(real):
        def stand_in(self, *arguments, **options):
            calls.append(real.__name__)
            if len(calls) == call:
                raise Kill
            return real(self, *arguments, **options)

        return stand_in

    for name in ("unlink", "replace"):
        monkeypatch.setattr(type(path), name, counted(getattr(type(path), name)))
    with pytest.raises(Kill):
        write_sealed(path, CONTENT + b" new")
    monkeypatch.undo()
    assert path.read_bytes() == old or read_sealed(path).endswith(b" new")


def test_a_full_disk_is_one_clear_line(path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"^cannot write .*file.bin: No space left on device\.$"):
        write_sealed(path, CONTENT)
    assert list(path.parent.iterdir()) == []


def test_what_is_not_there_and_what_cannot_be_read(tmp_path):
    assert read(tmp_path / "none") is None
    assert read_sealed(tmp_path / "none") is None
    (tmp_path / "folder").mkdir()
    for path, reason in ((tmp_path / "folder", "Is a directory"), ("x" * 300, "name too long")):
        with pytest.raises(StorageError, match=reason) as error:
            read(tmp_path / path)
        assert "\n" not in str(error.value)


def test_unusable_folders_are_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(StorageError, match="cannot use the folder"):
            make_folder(path)
    # A folder that only may be listed, or written to but not entered, is of no use.
    for allowed in (0, os.W_OK, os.X_OK):
        monkeypatch.setattr(checked_files.os, "access", lambda _, mode, a=allowed: not mode & ~a)
        with pytest.raises(StorageError, match="no permission"):
            make_folder(tmp_path / "closed")


def test_only_files_that_we_left_half_written_are_removed(tmp_path):
    others = [".result-abc.nc", ".plan-1.json", "convergen-part.txt", ".hidden"]
    for name in (*others, ".plan-abc.convergen-part.json"):
        (tmp_path / name).write_text("mine")
    remove_parts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_folders_are_made_with_their_parents_and_may_be_there(tmp_path):
    deep = tmp_path / "a" / "b"
    make_folder(deep)
    make_folder(deep)
    assert deep.is_dir()
    (deep / "file").touch()
    with pytest.raises(StorageError, match=r"folder .*file: it is a file: give another one\.$"):
        make_folder(deep / "file")
    with pytest.raises(StorageError, match=r"below: Not a directory: give another one\.$"):
        make_folder(deep / "file" / "below")


def test_a_pipe_in_place_of_a_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(StorageError, match=r"cannot read .*plan\.json: it is a pipe"):
        read(tmp_path / "plan.json")


def test_a_refusal_without_words_of_the_system_has_its_own(path, monkeypatch):
    def refuse(self):
        raise OSError("no words")

    monkeypatch.setattr(checked_files, "regular_bytes", refuse)
    with pytest.raises(StorageError, match=r"^cannot read .*file\.bin: no words\.$"):
        read(path)


def test_half_written_files_may_go_while_they_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(checked_files, "unfinished", lambda pattern: [tmp_path / "gone"])
    remove_parts(tmp_path)


def test_a_file_system_that_cannot_sync_folders_need_not(path, monkeypatch):
    real = os.fsync

    def sync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no folders")
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)
    write_sealed(path, CONTENT)
    assert is_sound(read_sealed(path))
