"""Files that are made to fill the memory, to wait for ever, or to lead elsewhere."""

import io
import os
import struct
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import read


def png(side=4):
    file = io.BytesIO()
    Image.fromarray(np.arange(side**2, dtype=np.uint8).reshape(side, side)).save(file, "PNG")
    return file.getvalue()


def npz_bomb(path):
    """67 MB of zeros in 65 kB."""
    header = io.BytesIO()
    words = {"descr": "|u1", "fortran_order": False, "shape": (2**10, 2**16 + 1)}
    np.lib.format.write_array_header_1_0(header, words)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(2**26 + 2**10))


def zip_bomb(path):
    """One image that says it unpacks to 4 GB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.png", png())
    raw = path.read_bytes()
    size = struct.pack("<I", len(png()))
    path.write_bytes(raw.replace(size + struct.pack("<H", 5), b"\xfe\xff\xff\xff\x05\0"))


def many_pixels(path):
    """A sound picture of 81 million pixels in 88 kB."""
    with zipfile.ZipFile(path, "w") as archive:
        file = io.BytesIO()
        Image.new("1", (9000, 9000)).save(file, "PNG")
        archive.writestr("x.png", file.getvalue())


def zip_out(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../x.png", png())


def zip_locked(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.png", png())
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    raw[6] |= 1
    path.write_bytes(raw)


def tar_of(path, name, kind=tarfile.REGTYPE, size=None, link=""):
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = kind, len(png()), link
        archive.addfile(info, io.BytesIO(png()) if kind == tarfile.REGTYPE else None)
    if size is not None:
        raw = bytearray(path.read_bytes())
        raw[124:136] = b"%011o\0" % size
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw[:512])
        path.write_bytes(raw)


def hdf5_of_nothing(path):
    """A terabyte that is declared and never stored."""
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**6, 10**6), "u1", chunks=(1000, 1000))


def hdf5_of_large_chunks(path):
    with h5py.File(path, "w") as file:
        x = file.create_dataset(
            "x", (2, 2), "u1", maxshape=(None, None), chunks=(2**15, 2**15), compression="gzip"
        )
        assert x.chunks == (2**15, 2**15)


def hdf5_elsewhere(path):
    secret = path.with_name("secret")
    secret.write_bytes(bytes(range(16)))
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (4, 4), "u1", external=[(str(secret), 0, 16)])


def hdf5_link(path):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")


def torch_compressed(path):
    torch = pytest.importorskip("torch")
    torch.save(torch.zeros(100, 100), path)
    with zipfile.ZipFile(path) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)


def torch_expanded(path):
    torch = pytest.importorskip("torch")
    torch.save(torch.zeros(1).expand(10**6, 10**6), path)


def torch_objects(path):
    torch = pytest.importorskip("torch")
    torch.save({"x": np.random.default_rng, "y": torch.zeros(3, 3)}, path)


def safetensors_of_nothing(path):
    pytest.importorskip("safetensors")
    words = b'{"x":{"dtype":"U8","shape":[1000000,1000000],"data_offsets":[0,1000000000000]}}'
    path.write_bytes(struct.pack("<Q", len(words)) + words)


def safetensors_of_words(path):
    pytest.importorskip("safetensors")
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")


def parquet_of_zeros(path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"image": [bytes(2**24)] * 5})
    parquet.write_table(table, path, use_dictionary=False, compression="zstd")


CASES = [
    ("x.npz", npz_bomb, "declares 67.1 MB for x, but stores"),
    ("x.zip", zip_bomb, "declares 4.29 GB for x.png in"),
    ("x.zip", many_pixels, "x.png declares 81000000 pixels in"),
    ("x.zip", zip_out, "a path that leads out of the archive"),
    ("x.zip", zip_locked, "cannot be read as a .zip file of images .*encrypted"),
    ("x.tar", lambda p: tar_of(p, "/etc/x.png"), "a path that leads out of the archive"),
    ("x.tar", lambda p: tar_of(p, "x.png", size=2**33 - 1), "declares 8.59 GB for x.png"),
    ("x.tar", lambda p: tar_of(p, "x.png", size=2**27), "unexpected end of data"),
    ("x.tar", lambda p: tar_of(p, "x.png", tarfile.SYMTYPE, link="/etc/x.png"), "holds no image"),
    ("x.h5", hdf5_of_nothing, "declares 1e.03 GB for x"),
    ("x.h5", hdf5_of_large_chunks, "declares 1.07 GB for x, but stores"),
    ("x.h5", hdf5_elsewhere, "x of .* keeps its numbers in other files"),
    ("x.h5", hdf5_link, "holds no data set of numbers"),
    ("x.pt", torch_compressed, "or is compressed, as torch.save never does"),
    ("x.pt", torch_expanded, r"declares shape \(1000000, 1000000\), but stores fewer"),
    ("x.pt", torch_objects, "cannot be read as tensors"),
    ("x.safetensors", safetensors_of_nothing, "cannot be read as a file of safetensors"),
    ("x.safetensors", safetensors_of_words, "cannot be read as a file of safetensors"),
    ("x.parquet", parquet_of_zeros, "declares 83.9 MB for image, but stores"),
]


@pytest.mark.parametrize(("name", "make", "words"), CASES)
def test_hostile_files_are_refused_in_one_sentence(tmp_path, name, make, words):
    make(tmp_path / name)
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / name).rows()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.zip", "x.tar", "x.h5", "x.pt", "x.parquet"])
def test_pipes_are_never_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is a named pipe: give a regular file"):
        read(tmp_path / name)
