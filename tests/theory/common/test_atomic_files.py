import pytest

from convergen.theory.common.atomic_files import check_target, write_beside
from convergen.theory.common.checks import InputError


def test_replaces_a_file_whole(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old")
    write_beside(target, lambda path: path.write_text("new"))
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failing_writer_leaves_the_old_file(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old")

    def full_disk(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left"):
        write_beside(target, full_disk)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def interrupted(path):
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_beside(tmp_path / "result.txt", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_new_files_have_usual_permissions(tmp_path):
    plain, target = tmp_path / "plain", tmp_path / "target"
    plain.write_text("")
    write_beside(target, lambda path: path.write_text(""))
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.csv", "must end in"), ("missing/x.nc", "does not exist"), ("folder.nc", "is a folder")],
)
def test_targets_are_checked_first(tmp_path, name, message):
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(InputError, match=message):
        check_target(tmp_path / name, (".nc",))
