import os
import socket

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import load_array
from convergen.theory.data.regular_files import printable, reason, regular_file


def test_pipes_sockets_and_devices_are_refused_unopened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.npy")
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.npy")
        (tmp_path / "zero.npy").symlink_to("/dev/zero")
        for name, words in (
            ("pipe.npy", "a named pipe"), ("socket.npy", "a socket"), ("zero.npy", "a device"),
        ):  # fmt: skip
            with pytest.raises(InputError, match=f"{name} is {words}: give a regular file"):
                load_array(tmp_path / name)


def test_folders_only_where_they_will_do(tmp_path):
    assert regular_file(tmp_path, folders=True)
    with pytest.raises(InputError, match="is a folder: give a regular file"):
        regular_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 5000 + ".npy", "File name too long"),
        ("a/" * 3000 + "x.npy", "File name too long"),
        ("nul\0byte.npy", "embedded null byte"),
        ("gone.npy", "No such file"),
    ],
)
def test_impossible_names(tmp_path, name, words):
    with pytest.raises(InputError, match=words) as caught:
        load_array(f"{tmp_path}/{name}")
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_names_that_are_no_text_are_printable(tmp_path):
    name = os.fsdecode(b"caf\xe9.npy")
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"caf\\xe9.npy") as caught:
        load_array(tmp_path / name)
    str(caught.value).encode()
    assert printable("a\nb") == "a\\nb"
    assert printable("ordinary Ä") == "ordinary Ä"
    assert printable("x" * 120) == "x" * 120
    assert printable("x" * 60 + "y" + "z" * 60) == "x" * 60 + "…" + "z" * 60
    assert len(printable("x" * 1000)) == 121


def test_reasons_are_one_line_without_its_full_stop():
    assert reason(ValueError("first.\nsecond.")) == "first"
    assert reason(ValueError()) == "ValueError"
    assert reason(OSError(2, "No such file")) == "No such file"


def test_whether_folders_will_do_is_said_by_name(tmp_path):
    with pytest.raises(TypeError):
        regular_file(tmp_path, True)
