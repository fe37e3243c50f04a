"""Tables of encoded images: their column, their classes, and rows that hold none."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.pictures import parquet as module
from convergen.theory.data.reading import read
from convergen.theory.data.table import formats

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def png(value):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def write(path, about=None, group=3, **columns):
    table = pyarrow.table(columns)
    if about is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    parquet.write_table(table, path, row_group_size=group)
    return path


def named(*names):
    return {"info": {"features": {"label": {"names": names}}}}


PLAIN = [png(value) for value in range(40)]


@pytest.mark.parametrize("kind", ["bytes", "large bytes", "records"])
def test_images_are_bytes_or_records_of_bytes(tmp_path, kind):
    """More rows than are read at a time, beside columns that hold no bytes of images."""
    column = {
        "bytes": PLAIN,
        "large bytes": pyarrow.array(PLAIN, pyarrow.large_binary()),
        "records": [{"path": "x", "bytes": each} for each in PLAIN],
    }[kind]
    others = {"name": ["a"] * 40, "where": [{"path": "x"}] * 40}
    found = read(write(tmp_path / "x.parquet", image=column, **others))
    assert found.record.names == tuple(map(str, range(40)))
    assert (found.rows()[:, 0, 0, 0] * 255).round().astype(int).tolist() == list(range(40))
    assert found.record.labels is None


def test_classes_have_the_names_that_the_table_keeps(tmp_path):
    for labels, about, expected in (
        ([0, 1, 0], named("cat", "dog"), ("cat", "dog", "cat")),
        ([0, 1, 2], named("cat", "dog"), ("0", "1", "2")),
        ([0, -1, 1], named("cat", "dog"), ("0", "-1", "1")),
        ([1, 1, 0], named(), ("1", "1", "0")), ([1, 1, 0], None, ("1", "1", "0")),
        (["x", "y", "x"], named("cat"), ("x", "y", "x")),
    ):  # fmt: skip
        path = write(tmp_path / "x.parquet", about, image=PLAIN[:3], label=labels)
        assert read(path).record.labels == expected
    path = write(tmp_path / "x.parquet", image=PLAIN[:2], labels=["u", "v"])
    assert read(path).record.labels == ("u", "v")
    # The first word counts.
    path = write(tmp_path / "x.parquet", image=PLAIN[:2], labels=["u", "v"], label=["a", "b"])
    assert read(path).record.labels == ("a", "b")


def test_a_row_without_an_image_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a row of .* holds no bytes of an image: download"):
        read(write(tmp_path / "x.parquet", image=[PLAIN[0], None])).rows()


def test_more_rows_than_bytes_are_refused(tmp_path):
    nothing = pyarrow.nulls(100_000, pyarrow.binary())
    path = write(tmp_path / "x.parquet", group=100_000, image=nothing)
    size = path.stat().st_size
    with pytest.raises(InputError, match=rf"declares 100000 rows in {size} bytes"):
        read(path)


def test_a_table_without_bytes_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no column with the bytes of images"):
        read(write(tmp_path / "x.parquet", where=[{"path": "x"}] * 2, text=["a", "b"]))
    for record in ({"a": b"x"}, {"z": b"x"}, {"bytes": "words"}):
        with pytest.raises(InputError, match="holds no column with the bytes of images"):
            read(write(tmp_path / "x.parquet", where=[record] * 2))


def test_every_column_of_every_group_may_not_expand_without_bound(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "convergen.theory.data.formats.pictures.parquet.check_expansion",
        lambda declared, stored, name, what: asked.append((declared, stored, what)),
    )
    path = write(tmp_path / "x.parquet", group=2, image=PLAIN[:3], text=["a", "b", "c"])
    read(path)
    assert len(asked) == 4
    assert {(stored, what) for _, stored, what in asked} == {(path.stat().st_size, "image")}
    assert max(declared for declared, _, _ in asked) >= sum(map(len, PLAIN[:2]))


@pytest.mark.parametrize(("size", "refused"), [(3, False), (2, True)])
def test_each_row_takes_a_byte_at_least(tmp_path, monkeypatch, size, refused):
    path = write(tmp_path / "x.parquet", image=PLAIN[:3])
    monkeypatch.setattr(module, "regular_file", lambda _: SimpleNamespace(st_size=size))
    monkeypatch.setattr(module, "check_expansion", lambda *_: None)
    if refused:
        with pytest.raises(InputError, match="declares 3 rows in 2 bytes: write it again"):
            module.open_parquet(path)
    else:
        assert len(module.open_parquet(path).names) == 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_classes_count_for_none_unless_there_is_one_for_each_row(count):
    column = SimpleNamespace(to_pylist=lambda: ["a", "b"])
    file = SimpleNamespace(read=lambda columns: {columns[0]: column})
    schema = SimpleNamespace(names=["image", "labels"], metadata=None)
    assert module._labels(file, schema, count) == (("a", "b") if count == 2 else None)


def test_it_holds_images_in_a_column():
    row = formats()["parquet"]
    assert (row.images, row.key, row.package, row.extra) == (True, "a column", "pyarrow", "parquet")
