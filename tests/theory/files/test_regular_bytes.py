import os
from pathlib import Path

import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.files.netcdf_files import load_dataset
from convergen.theory.files.regular_bytes import regular_bytes


def test_files_are_read_whole_and_links_followed(tmp_path):
    (tmp_path / "file").write_bytes(b"a\r\n\x00")
    (tmp_path / "link").symlink_to("file")
    assert regular_bytes(tmp_path / "file") == regular_bytes(tmp_path / "link") == b"a\r\n\x00"


def test_what_would_never_end_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.nc")
    for path in (tmp_path / "pipe.nc", Path("/dev/zero")):
        with pytest.raises(OSError, match="it is a pipe or a device, no regular file"):
            regular_bytes(path)
    with pytest.raises(IsADirectoryError):
        regular_bytes(tmp_path)
    with pytest.raises(InputError, match=r"cannot read .*pipe\.nc: it is a pipe or a device"):
        load_dataset(tmp_path / "pipe.nc")
