from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.arrays import text as module
from convergen.theory.data.reading import read_array


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("lam.txt", "3\n2.5\n1e-3\n", [3.0, 2.5, 1e-3]),
        ("x.csv", "a,b\n1,2\n3,4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("x.csv", "\ufeff1;2\n3;4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("x.tsv", "# two columns\n1\t2\n\n3\t4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("x.txt", "1 2 3\n", [[1.0, 2.0, 3.0]]),
        ("x.txt", "# first\na b\n1 2\n", [[1.0, 2.0]]),
        ("x.csv", "1,2\n3 4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("x.txt", "5\n", [5.0]),
    ],
)
def test_tables_are_read(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content, encoding="utf-8")
    np.testing.assert_array_equal(read_array(tmp_path / name), expected)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,x\n", "cannot be read as a table of numbers"),
        ("1 2\n! 3\n", "cannot be read as a table of numbers"),
        ("# comments\n", "holds no numbers"),
        ("1 2\n3\n", "cannot be read as a table of numbers"),
        ("", "holds no numbers"),
        ("names only\n", "holds no numbers"),
        (b"\xff\xfe\x00", "cannot be read as a table of numbers"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    path = tmp_path / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=words):
        read_array(path)


def test_long_texts_are_refused_unread(tmp_path, monkeypatch):
    (tmp_path / "x.txt").write_text("1\n" * 4)
    monkeypatch.setattr(module, "_LARGEST", 8)
    assert len(read_array(tmp_path / "x.txt")) == 4
    monkeypatch.setattr(module, "_LARGEST", 7)
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(InputError, match=r"save the numbers with numpy.save"):
        read_array(tmp_path / "x.txt")


@pytest.mark.parametrize(("size", "refused"), [(2**26, False), (2**26 + 1, True)])
def test_texts_of_up_to_67_megabytes_are_read(tmp_path, monkeypatch, size, refused):
    (tmp_path / "x.txt").write_text("1\n2\n")
    monkeypatch.setattr(module, "regular_file", lambda _: SimpleNamespace(st_size=size))
    if refused:
        with pytest.raises(InputError, match=r"x.txt has 67.1 MB, but at most 67.1 MB of text are"):
            module.open_text(tmp_path / "x.txt")
    else:
        assert module.open_text(tmp_path / "x.txt").values.tolist() == [1.0, 2.0]


def test_the_beginning_of_a_long_line_tells_whether_it_holds_numbers(monkeypatch):
    assert not module._numbers("x" * 2**20)
    assert module._numbers("x" * (2**20 + 1))
    monkeypatch.setattr(module, "_LONGEST_LINE", 8)
    assert module._numbers("1 2 3 4 x")  # nobody looks at the end
    assert module._numbers("1 2 3 4e5")  # cut within a number
    assert not module._numbers("1 2 3 4e")
