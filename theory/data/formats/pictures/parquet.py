"""Tables with encoded images, as data sets of Hugging Face are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from convergen.theory.common.checks import InputError
from convergen.theory.data.choosing import check_expansion, choose
from convergen.theory.data.contents import Images
from convergen.theory.data.regular_files import printable, reason, regular_file
from convergen.theory.data.table import Format, register

_BATCH = 16
_LABELS = ("label", "labels")
_DAMAGE = (OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError)


def open_parquet(path: Path, key: str | None = None) -> Images:
    """Find the images of a table: bytes, or records of bytes and a path.

    Parameters
    ----------
    path : Path
        The file.
    key : str, optional
        Name of the column, if several hold images.

    Returns
    -------
    Images

    Raises
    ------
    InputError
        If it is damaged, declares too much, holds no bytes of images, or the key is missing or
        unknown.
    ModuleNotFoundError
        If pyarrow is missing.
    """
    from pyarrow import parquet, types

    name, size = printable(path), regular_file(path).st_size
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            columns = [field.name for field in schema if _holds_bytes(field.type, types)]
            chosen = choose(columns, key, name, "column with the bytes of images")
            groups = [file.metadata.row_group(k) for k in range(file.metadata.num_row_groups)]
            for group in groups:
                for k in range(group.num_columns):
                    column = group.column(k)
                    check_expansion(column.total_uncompressed_size, size, name, chosen)
            count = file.metadata.num_rows
            if count > size:
                raise InputError(f"{name} declares {count} rows in {size} bytes: write it again.")
            labels = _labels(file, schema, count)
    except InputError:
        raise
    except _DAMAGE as error:
        raise _damaged(name, error) from error

    def stream() -> Iterator[BytesIO]:
        try:
            with parquet.ParquetFile(path, buffer_size=2**20) as file:
                for batch in file.iter_batches(_BATCH, columns=[chosen]):
                    (column,) = batch.columns
                    for value in column.field("bytes") if types.is_struct(column.type) else column:
                        if not value.is_valid:
                            raise InputError(
                                f"a row of {name} holds no bytes of an image: download the images "
                                "first, or remove the row."
                            )
                        yield BytesIO(value.as_py())
        except InputError:
            raise
        except _DAMAGE as error:
            raise _damaged(name, error) from error

    return Images(name, tuple(map(str, range(count))), stream, labels, (), (path,))


def _holds_bytes(kind: Any, types: Any) -> bool:
    """Whether values are bytes, or records with bytes as Hugging Face keeps images."""
    if types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type, types) for field in kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _labels(file: Any, schema: Any, count: int) -> tuple[str, ...] | None:
    """Classes, by the names that Hugging Face keeps in the metadata."""
    column = next((name for name in _LABELS if name in schema.names), None)
    if column is None:
        return None
    values = file.read(columns=[column])[column].to_pylist()
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    names = features.get("info", {}).get("features", {}).get(column, {}).get("names")
    if names and all(isinstance(value, int) and 0 <= value < len(names) for value in values):
        return tuple(str(names[value]) for value in values)
    return tuple(map(str, values)) if len(values) == count else None


def _damaged(name: str, error: BaseException) -> InputError:
    return InputError(
        f"{name} cannot be read as a table of images ({reason(error)}): write it again."
    )


register(
    Format(
        "parquet", (".parquet",), "a column with the bytes of images, as of Hugging Face",
        open_parquet, key="a column", images=True, package="pyarrow", extra="parquet",
    )
)  # fmt: skip
