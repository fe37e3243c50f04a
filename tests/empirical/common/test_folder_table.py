from dataclasses import dataclass

import pytest

from convergen.empirical.common.folder_table import FolderTable
from convergen.theory.common.checks import InputError


@dataclass(frozen=True)
class Row:
    name: str


TABLE = FolderTable("rows_of_a_test", "thing")


def test_a_file_is_a_row_and_is_imported_when_it_is_asked_for(tmp_path, monkeypatch):
    folder = tmp_path / "rows_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("first_row", "second"):
        (folder / f"{name}.py").write_text(
            "from tests.empirical.common.test_folder_table import TABLE, Row\n"
            f"TABLE.register(Row({name.replace('_', '-')!r}))\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    assert TABLE.names() == ("first-row", "second")
    assert TABLE._rows == {}
    assert TABLE.find("first-row").name == "first-row"
    assert list(TABLE._rows) == ["first-row"]
    assert [row.name for row in TABLE.rows()] == ["first-row", "second"]
    with pytest.raises(InputError, match=r"unknown thing 'secnd' \(did you mean 'second'\?\)"):
        TABLE.find("secnd")
    with pytest.raises(InputError, match="there is a thing 'second' already"):
        TABLE.register(Row("second"))
