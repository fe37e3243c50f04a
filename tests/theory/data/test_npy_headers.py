import io
import struct

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.npy_headers import DAMAGE, read_header
from convergen.theory.data.reading import read_array


def npy(shape, descr="'<f8'", data=64):
    words = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    size = -(-(len(words) + 11) // 64) * 64 - 10
    head = np.lib.format.magic(1, 0) + struct.pack("<H", size)
    return head + words.ljust(size - 1) + b"\n" + bytes(data)


def header(raw):
    return read_header(io.BytesIO(raw), len(raw), "x.npy")


def test_what_is_declared():
    found = header(npy("(2, 4)"))
    assert (found.shape, found.dtype, found.fortran) == ((2, 4), np.float64, False)
    assert found.nbytes == 64
    assert found.offset % 64 == 0
    assert header(npy("(200,)", "'|u1'", data=200)).shape == (200,)
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ones((3, 2), order="F"), version=(2, 0))
    found = header(file.getvalue())
    assert (found.shape, found.fortran) == ((3, 2), True)


def test_arrays_without_values_are_named_as_such():
    with pytest.raises(InputError, match=r"x.npy holds an array of shape \(0, 4\): give one with"):
        header(npy("(0, 4)"))


def test_exactly_as_many_bytes_as_declared_are_enough():
    assert header(npy("(8,)", data=64)).nbytes == 64
    with pytest.raises(ValueError, match=r"shape \(8,\), 64 bytes, but holds 63"):
        header(npy("(8,)", data=63))


@pytest.mark.parametrize(
    "shape",
    [
        "(10000000, 1000000)",
        "(4294967296, 4294967296, 2)",  # wraps to 0 in 64 bits
        "(3037000500, 3037000500)",
        "(18446744073709551617, 1)",
        "(99999999999999999999999999999999,)",
        "(0, 99999999999999999999999999)",
        "(-8, -1)",
        "(-1,)",
        "(" + "1, " * 3000 + ")",
        "(" * 200 + ")" * 200,
        "(8.0,)",
        "'eight'",
    ],
)
def test_absurd_shapes_are_refused_in_one_short_line(tmp_path, shape):
    path = tmp_path / "x.npy"
    path.write_bytes(npy(shape))
    with pytest.raises(InputError, match=r"cannot be read as a .npy file") as caught:
        read_array(path)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("descr", ["'|O'", "'<f99'", "[('a', '<f8')]", "3"])
def test_odd_types_are_refused(descr):
    with pytest.raises((InputError, *DAMAGE)):
        header(npy("(8,)", descr))


@pytest.mark.parametrize("shape", ["(-1,)", "(0, -1)", f"(0, {2**62})"])
def test_sides_that_no_array_has_are_refused(shape):
    with pytest.raises(ValueError, match="it declares the shape "):
        header(npy(shape))


def test_the_longest_side_alone_is_no_absurdity():
    with pytest.raises(InputError, match=rf"holds an array of shape \(0, {2**62 - 1}\): give one"):
        header(npy(f"(0, {2**62 - 1})"))


def test_single_numbers_have_a_shape_too():
    assert header(npy("()", data=8)).shape == ()
    with pytest.raises(ValueError, match=r"^it declares shape \(\), 8 bytes, but holds 7$"):
        header(npy("()", data=7))


@pytest.mark.parametrize(("tens", "whole"), [(2, True), (3, False)])
def test_shapes_of_up_to_80_letters_are_shown_whole(tens, whole):
    shape = str((1,) * (26 - tens) + (10,) * tens)
    assert len(shape) == 78 + tens
    with pytest.raises(ValueError, match="it declares shape") as caught:
        header(npy(shape))
    shown = shape if whole else f"{shape[:77]}…)"
    assert str(caught.value) == f"it declares shape {shown}, {8 * 10**tens} bytes, but holds 64"
