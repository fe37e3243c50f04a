"""The command that lists and makes figures."""

import subprocess
import sys

import pytest

from convergen.cli import main
from convergen.figures.making import data_files as record
from convergen.figures.making import registry
from convergen.theory.common.checks import InputError

# Quick to compute and to draw.
NAME = "disjoint-training"


def test_listing_needs_no_heavy_import(tmp_path):
    code = (
        "import sys; sys.argv = ['convergen', 'figures', 'list']; from convergen.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numba', 'xarray', 'matplotlib', 'sklearn', 'torch') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *rows, heavy = found.stdout.splitlines()
    assert heavy == "[]"
    assert [row.split()[1] for row in rows] == list(registry.figures())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["make", "order-parameter"], "did you mean 'order-parameters'"),
        (["make", "all", "nonsense"], "unknown figure 'nonsense'"),
        (["make"], "NAME"),
        (["make", "all", "--quality", "best"], "smoke, draft, paper"),
        (["make", "all", "--formats", "pdf,gif"], "unknown format 'gif'"),
        (["make", NAME, "--from-data", "missing.nc"], "no data file missing.nc"),
        (
            ["make", NAME, "--from-data", str(record.SHIPPED / "blindness.nc")],
            "holds the data of the figure 'blindness', not of 'disjoint-training'",
        ),
        (["make", NAME, "--from-data", "notes.txt"], "cannot be read as netCDF"),
        (["make", NAME, "--from-data", "x.nc", "--quality", "paper"], "leave out"),
        (["make", NAME, "--fresh", "--quality", "smoke"], "does not apply"),
        (["make", NAME, "--out", "notes.txt"], "cannot make the folder"),
        (["make", NAME, "--workers", "0"], "workers"),
        (["make", NAME, "--seed", "-1"], "seed"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "notes.txt").write_text("no data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["convergen", "figures", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert message in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_one_data_file_draws_one_figure(made, tmp_path, monkeypatch):
    from convergen.figures.making import cli as commands

    with pytest.raises(InputError, match="one figure"):
        commands.make_figures([NAME, "blindness"], from_data=made.files[0].path, out=tmp_path)
