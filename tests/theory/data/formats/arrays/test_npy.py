import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.arrays.npy import open_npy


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "|u1", "?"])
def test_arrays_are_mapped_as_they_are_stored(tmp_path, kind, order):
    values = (np.arange(12).reshape(3, 4) % 2).astype(kind, order=order)
    np.save(tmp_path / "x.npy", values)
    found = open_npy(tmp_path / "x.npy").values
    assert isinstance(found, np.memmap)
    assert not found.flags.writeable
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_files_that_are_cut_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 4)))
    whole = (tmp_path / "x.npy").read_bytes()
    for size in (0, 5, 60, len(whole) - 1):
        (tmp_path / "x.npy").write_bytes(whole[:size])
        with pytest.raises(InputError):
            open_npy(tmp_path / "x.npy")
