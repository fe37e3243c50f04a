"""Each format against the same images, written by the library that owns it."""

import io
import json
import tarfile
import zipfile
from functools import partial

import h5py
import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.reading import read
from convergen.theory.data.table import format_of, formats, suffixes


@pytest.fixture(scope="module")
def images():
    """Five coloured pictures whose neighbouring pixels agree, channels last."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(16), np.arange(12))
    waves = [
        np.sin(rng.uniform(0.2, 0.7) * x + rng.uniform(0.2, 0.7) * y + rng.uniform(0, 6, (3, 1, 1)))
        for _ in range(5)
    ]
    last = np.moveaxis(np.round(127.5 + 120 * np.array(waves)), 1, 3)
    return np.ascontiguousarray(last.astype(np.uint8))


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def write_folder(path, images):
    for number, image in enumerate(images):
        (path / f"c{number % 2}").mkdir(parents=True, exist_ok=True)
        (path / f"c{number % 2}" / f"{10 * number}.png").write_bytes(png(image))


def write_zip(path, images):
    names = [f"00000/img{number:08d}.png" for number in range(len(images))]
    with zipfile.ZipFile(path, "w") as archive:
        for name, image in zip(names, images, strict=True):
            archive.writestr(name, png(image))
        labels = [[name, number % 2] for number, name in enumerate(names)]
        archive.writestr("dataset.json", json.dumps({"labels": labels[::-1]}))


def write_tar(path, images, mode="w"):
    with tarfile.open(path, mode) as archive:
        for number, image in enumerate(images):
            for ending, content in ((".png", png(image)), (".cls", str(number % 2).encode())):
                info = tarfile.TarInfo(f"{number:06d}{ending}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def write_parquet(path, images):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    records = [{"bytes": png(image), "path": None} for image in images]
    table = pyarrow.table({"image": records, "label": [n % 2 for n in range(len(images))]})
    names = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    parquet.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps(names)}), path, row_group_size=2
    )


def write_hdf5(path, images):
    with h5py.File(path, "w") as file:
        file.create_dataset("train/x", data=images, chunks=(2, 12, 16, 3), compression="gzip")
        file["train/labels"] = np.arange(len(images)) % 2


def write_torch(path, images):
    torch = pytest.importorskip("torch")
    torch.save({"data": torch.from_numpy(images), "epoch": 3, "mean": torch.zeros(3)}, path)


def write_safetensors(path, images):
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    save_file({"data": images, "mean": np.zeros(3)}, path)


WRITERS = {
    "x.npy": lambda path, images: np.save(path, images),
    "x.npz": lambda path, images: np.savez(path, images, np.arange(len(images)) % 2),
    "x": write_folder, "x.zip": write_zip, "x.tar": write_tar,
    "x.tar.gz": partial(write_tar, mode="w:gz"), "x.tbz2": partial(write_tar, mode="w:bz2"),
    "x.txz": partial(write_tar, mode="w:xz"), "x.parquet": write_parquet,
    "x.h5": write_hdf5, "x.pt": write_torch, "x.safetensors": write_safetensors,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_points(tmp_path, images, name):
    path = tmp_path / name
    WRITERS[name](path, images)
    found = read(path)
    rows, order = found.rows(), np.arange(5)
    encoded = found.record.layout == "encoded images"
    if name == "x":
        order = np.array([0, 2, 4, 1, 3])  # class by class
        assert found.record.names == (
            "c0/0.png",
            "c0/20.png",
            "c0/40.png",
            "c1/10.png",
            "c1/30.png",
        )
    expected = np.moveaxis(images[order], 3, 1)
    assert found.size == rows.shape == (5, 3, 12, 16)
    assert found.record.count == 5
    assert found.record.format == format_of(path).name
    np.testing.assert_array_equal(rows, expected / np.float32(255) if encoded else expected)
    assert found.record.dtype == "uint8"
    classes = {"x": ["c0", "c1"], "x.parquet": ["cat", "dog"]}.get(name, ["0", "1"])
    expected = None if name in ("x.npy", "x.pt", "x.safetensors") else tuple(
        classes[number % 2] for number in order
    )  # fmt: skip
    assert found.record.labels == expected
    assert found.record.remarks() == []


def test_members_of_compressed_archives_come_in_natural_order(tmp_path, images):
    order = [3, 0, 4, 2, 1]
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        for number in order:
            info = tarfile.TarInfo(f"{number}.png")
            info.size = len(png(images[number]))
            archive.addfile(info, io.BytesIO(png(images[number])))
    found = read(tmp_path / "x.tgz")
    assert found.record.names == tuple(f"{number}.png" for number in range(5))
    expected = np.moveaxis(images, 3, 1) / np.float32(255)
    for _ in range(2):  # as often as needed
        np.testing.assert_array_equal(found.rows(), expected)


def test_every_format_of_the_table_has_a_writer_here():
    endings = {name.partition(".")[2] for name in WRITERS}
    for row in formats().values():
        # Text has no images: see test_text.py.
        assert (
            row.name == "text"
            or not row.suffixes
            or {suffix[1:] for suffix in row.suffixes} & endings
        )
    assert len(set(suffixes())) == len(suffixes())


@pytest.mark.parametrize("name", ["x.h5", "x.pt", "x.safetensors", "x.parquet"])
def test_keys_choose_among_several(tmp_path, images, name):
    path, half = tmp_path / name, images[:2]
    if name == "x.h5":
        with h5py.File(path, "w") as file:
            file["a"], file["deep/b"] = images, half
        key, other = "/deep/b", "deep/c"
    elif name == "x.pt":
        torch = pytest.importorskip("torch")
        torch.save({"a": torch.from_numpy(images), "deep": [torch.from_numpy(half)]}, path)
        key, other = "deep.0", "deep.1"
    elif name == "x.safetensors":
        pytest.importorskip("safetensors")
        from safetensors.numpy import save_file

        save_file({"a": images, "b": half}, path)
        key, other = "b", "c"
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(
            pyarrow.table({"a": [png(i) for i in images[:2]], "b": [png(i) for i in half]}), path
        )
        key, other = "b", "c"
    assert len(read(path, key=key).rows()) == 2
    with pytest.raises(InputError, match=r"holds .*, but no key was given: give one as key"):
        read(path)
    with pytest.raises(InputError, match=f"but no .* '{other}': give one as key"):
        read(path, key=other)


@pytest.mark.parametrize("name", ["x.h5", "x.pt", "x.safetensors", "x.parquet", "x.zip", "x.tar"])
def test_truncated_files_are_refused(tmp_path, images, name):
    path = tmp_path / name
    WRITERS[name](path, images)
    raw = path.read_bytes()
    for share in (0.0, 0.3, 0.5):
        path.write_bytes(raw[: int(share * len(raw))])
        with pytest.raises(InputError, match=rf"x{path.suffix} cannot be read as"):
            read(path).rows()


def test_a_missing_package_is_named_with_its_extra(tmp_path, images, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"x.parquet needs the package 'pyarrow': install"):
        read(tmp_path / "x.parquet")
