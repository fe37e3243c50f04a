import hashlib
import os

import pytest

from convergen.empirical.common.own_files import attempted, content_of, imported, sha256
from convergen.theory.common.checks import InputError


def test_whatever_code_of_the_user_raises_is_one_sentence():
    assert attempted("cannot do it", lambda: 3) == 3

    def fails():
        raise ValueError("\n first line \nsecond line")

    with pytest.raises(InputError, match=r"^cannot do it: ValueError: first line ?$"):
        attempted("cannot do it", fails)
    with pytest.raises(InputError, match=r"^cannot do it: SystemExit: 3$"):
        attempted("cannot do it", lambda: exit(3))

    def silent():
        raise KeyError

    with pytest.raises(InputError, match=r"^cannot do it: KeyError: $"):
        attempted("cannot do it", silent)


def test_a_file_is_imported_once_for_each_content(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("made = []\nx = 1\n")
    first = imported(file, "network")
    first.made.append(1)
    assert imported(file, "network") is first
    file.write_text("x = 2\n")
    second = imported(file, "network")
    assert (first.x, second.x) == (1, 2)
    # The same content elsewhere is another module.
    other = tmp_path / "other.py"
    other.write_text("x = 2\n")
    assert imported(other, "network") is not second


def test_a_file_that_fails_is_not_kept(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("import no_such_module_at_all\n")
    for _ in range(2):
        with pytest.raises(InputError, match=r"cannot import .*net.py: ModuleNotFoundError"):
            imported(file, "network")


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the network '.*x.py': No such file"):
        content_of(tmp_path / "x.py", "network")
    os.mkfifo(tmp_path / "z.py")
    with pytest.raises(InputError, match=r"cannot read the network '.*z.py': it is a pipe"):
        content_of(tmp_path / "z.py", "network")
    (tmp_path / "y").write_bytes(b"ab")
    assert content_of(tmp_path / "y", "network") == b"ab"
    assert sha256(b"ab") == hashlib.sha256(b"ab").hexdigest()
