import os

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import PART, check_target, unfinished, write_beside


def test_replaces_a_file_whole_and_says_so(tmp_path):
    target = tmp_path / "result.txt"
    assert write_beside(target, lambda path: path.write_text("old")) == (target, False)
    assert write_beside(target, lambda path: path.write_text("new")) == (target, True)
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failing_writer_leaves_the_old_file(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old")

    def full_disk(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match=r"result\.txt: No space left on device\.$"):
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


@pytest.mark.parametrize("before", [True, False])
def test_symbolic_links_stay_and_their_file_is_written(tmp_path, before):
    home = tmp_path / "elsewhere"
    home.mkdir()
    if before:
        (home / "real.nc").write_text("old")
    link = tmp_path / "link.nc"
    link.symlink_to("elsewhere/real.nc")
    check_target(link, (".nc",))
    assert write_beside(link, lambda path: path.write_text("new")).replaced == before
    assert link.is_symlink()
    assert (home / "real.nc").read_text() == "new"
    assert [path.name for path in home.iterdir()] == ["real.nc"]


def test_permissions_are_kept_or_those_of_any_new_file(tmp_path):
    plain, target = tmp_path / "plain", tmp_path / "target"
    plain.write_text("")
    write_beside(target, lambda path: path.write_text(""))
    assert target.stat().st_mode == plain.stat().st_mode
    for mode in (0o600, 0o601):
        target.chmod(mode)
        write_beside(target, lambda path: path.write_text("new"))
        assert target.stat().st_mode & 0o777 == mode


def test_files_left_by_killed_processes_are_found_by_their_names(tmp_path):
    seen = []
    for name in ("result.nc", "[1].nc", "x" * 252 + ".nc"):
        target = tmp_path / name

        def look(path, target=target):
            seen.append(path)
            assert path.name.endswith(PART + ".nc")
            assert list(unfinished(target)) == list(unfinished(tmp_path / "*")) == [path]
            assert list(unfinished(tmp_path / "other.nc")) == []
            path.write_text("")

        (tmp_path / f".{target.stem[:9]}-mine.nc").write_text("a user's own")
        write_beside(target, look)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.csv", "must end in"),
        ("missing/x.nc", "does not exist"),
        ("folder.nc", "is a folder"),
        ("pipe.nc", "not a plain file"),
        ("circle.nc", "in a circle"),
        ("x" * 300 + ".nc", "too long"),
        ("x/" * 3000 + "x.nc", "too long"),
    ],
)
def test_targets_are_checked_first(tmp_path, name, message):
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "circle.nc").symlink_to("circle.nc")
    os.mkfifo(tmp_path / "pipe.nc")
    with pytest.raises(InputError, match=message):
        check_target(tmp_path / name, (".nc",))
    if message != "must end in":
        with pytest.raises(InputError):
            write_beside(tmp_path / name, lambda _: pytest.fail("written"))


def test_reasons_without_a_number_are_given_too(tmp_path):
    def odd(path):
        raise OSError("an odd reason")

    with pytest.raises(InputError, match=r"^cannot write .*result\.txt: an odd reason\.$"):
        write_beside(tmp_path / "result.txt", odd)


def test_unfinished_files_repeat_120_bytes_of_the_name(tmp_path):
    names = []
    for size in (119, 120, 121):
        write_beside(tmp_path / f"{'x' * size}.nc", lambda path: names.append(path.name))
    assert [name.partition("-")[0] for name in names] == [
        "." + "x" * 119, "." + "x" * 120, "." + "x" * 120,
    ]  # fmt: skip


def test_odd_names_stand_for_themselves(tmp_path):
    def look(path):
        (tmp_path / f".other-1{PART}.nc").write_text("")
        assert list(unfinished(tmp_path / "(1).nc")) == [path]
        assert len(list(unfinished(tmp_path / "*"))) == 2

    write_beside(tmp_path / "(1).nc", look)
