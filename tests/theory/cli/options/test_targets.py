import numpy as np
import pytest
import xarray as xr

from convergen.theory.cli.options.targets import Targets
from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import Written, write_beside


@pytest.mark.parametrize(
    ("kind", "name"),
    [("out", "x.pdf"), ("plot", "x.nc"), ("html", "x.nc"), ("plot", "x.html"), ("html", "x")],
)
def test_endings_must_fit(tmp_path, kind, name):
    with pytest.raises(InputError, match="x"):
        Targets(**{kind: tmp_path / name})


def test_nothing_is_made_that_was_not_asked_for(capsys):
    targets = Targets()
    targets.save(lambda: pytest.fail("saved"))
    targets.draw(lambda path: pytest.fail("drawn"))
    targets.write_page(lambda: pytest.fail("written"))
    targets.say()
    assert capsys.readouterr().out == ""


def test_what_is_written_is_said_in_order(tmp_path, capsys):
    names = {"out": "x.nc", "plot": "x.png", "html": "x.htm"}
    (tmp_path / "x.htm").write_text("old")
    targets = Targets(**{kind: tmp_path / name for kind, name in names.items()})
    targets.save(lambda: xr.Dataset({"x": ("n", np.arange(3.0))}))
    targets.draw(lambda path: write_beside(path, lambda file: file.write_text("picture")))
    targets.write_page(lambda: "σ")
    targets.add(Written(tmp_path / "other", replaced=True))
    with xr.open_dataset(tmp_path / "x.nc") as saved:
        assert saved["x"].values.tolist() == [0.0, 1.0, 2.0]
    assert (tmp_path / "x.htm").read_text("utf-8") == "σ"
    targets.say()
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "",
        f"Written: {tmp_path / 'x.nc'}",
        f"Written: {tmp_path / 'x.png'}",
        f"Written: {tmp_path / 'x.htm'} (replaced an older file)",
        f"Written: {tmp_path / 'other'} (replaced an older file)",
    ]
    assert said.err == ""
    targets.say(json=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        f"convergen: {tmp_path / name} replaced an older file" for name in ("x.htm", "other")
    ]
