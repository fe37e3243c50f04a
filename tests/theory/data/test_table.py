from pathlib import Path

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data import table
from convergen.theory.data.table import (
    Format,
    ends_in,
    format_of,
    formats,
    open_contents,
    suffixes,
)
from convergen.theory.messages.option_errors import OptionError


def test_formats_are_found_by_ending_whatever_its_case(tmp_path):
    for name, row in {"x.NPY": "npy", "x.tar": "tar", "x.tar.GZ": "tar, compressed"}.items():
        (tmp_path / name).write_bytes(b"")
        assert format_of(tmp_path / name).name == row
    assert format_of(tmp_path).name == "folder"
    (tmp_path / "x.npy.d").mkdir()
    assert format_of(tmp_path / "x.npy.d").name == "folder"
    (tmp_path / "x.doc").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"x.doc is neither a \.\w+, .* or \.\w+ file nor a folder"
    ):
        format_of(tmp_path / "x.doc")
    assert ends_in(Path("a/x.TGZ"), (".tgz",))
    assert not ends_in(Path("x.tgz"), ())
    assert list(formats()) == sorted(formats())


def test_endings_can_be_asked_for_by_kind():
    every = set(suffixes())
    pictures, others = set(suffixes(images=True)), set(suffixes(images=False))
    assert pictures | others == every
    assert not pictures & others
    assert {".zip", ".tar", ".parquet"} <= pictures
    assert {".npy", ".npz", ".h5"} <= others
    keyed, single = set(suffixes(keyed=True)), set(suffixes(keyed=False))
    assert keyed | single == every
    assert {".npz", ".h5", ".parquet"} <= keyed
    assert {".npy", ".zip"} <= single
    assert set(suffixes(images=True, keyed=True)) == {".parquet"}


def test_a_key_is_for_what_holds_several(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 2)))
    with pytest.raises(
        OptionError, match=r"^key applies only to .*\.npz.* files, not to .*x.npy: l"
    ):
        open_contents(tmp_path / "x.npy", "a")
    contents, row = open_contents(tmp_path / "x.npy")
    assert (contents.values.shape, row.name) == ((2, 2), "npy")


@pytest.mark.parametrize(
    ("missing", "said"),
    [("mine", InputError), ("other", ModuleNotFoundError), ("aaa", ModuleNotFoundError)],
)
def test_only_the_package_of_the_format_is_named_as_missing(tmp_path, monkeypatch, missing, said):
    def fails(path, key):
        raise ModuleNotFoundError(f"No module named {missing}", name=f"{missing}.part")

    row = Format("mine", (".mine",), "x", fails, package="mine", extra="bag")
    monkeypatch.setitem(table._FORMATS, "mine", row)
    (tmp_path / "x.mine").write_bytes(b"")
    with pytest.raises(said, match=missing):
        open_contents(tmp_path / "x.mine")


def test_a_module_that_is_missing_without_a_name_is_no_package(tmp_path, monkeypatch):
    def fails(path, key):
        raise ModuleNotFoundError("something")

    row = Format("mine", (".mine",), "x", fails)
    assert (row.key, row.images, row.package, row.extra) == ("", False, "", "")
    monkeypatch.setitem(table._FORMATS, "mine", row)
    (tmp_path / "x.mine").write_bytes(b"")
    with pytest.raises(ModuleNotFoundError, match="something"):
        open_contents(tmp_path / "x.mine")


def test_every_ending_is_named_once_where_none_fits(tmp_path):
    (tmp_path / "x.doc").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        format_of(tmp_path / "x.doc")
    *others, last = suffixes()
    assert str(caught.value) == (
        f"{tmp_path / 'x.doc'} is neither a {', '.join(others)} or {last} file nor a folder of "
        "images: convert it with numpy.save, or give the folder."
    )


def test_which_formats_hold_images():
    assert [row.name for row in formats().values() if row.images] == [
        "folder", "parquet", "tar", "tar, compressed", "zip",
    ]  # fmt: skip
