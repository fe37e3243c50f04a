"""The command that lists and makes figures."""

import subprocess
import sys
from pathlib import Path

import pytest

from convergen.cli import main
from convergen.figures.making import data_files as record
from convergen.figures.making import make, registry
from convergen.figures.making.make import Job, Made
from convergen.theory.files.atomic_files import Written

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


@pytest.fixture
def jobs(monkeypatch):
    """The jobs that the command hands on, with their workers; nothing is made."""
    seen = []

    def make_many(jobs, workers):
        seen.append((jobs, workers))
        for job in jobs:
            files = tuple(Written(path, old) for path, old in zip(job.files, (False, True, True),
                                                                  strict=False))  # fmt: skip
            yield Made(job.name, "computed", files)

    monkeypatch.setattr(make, "make_many", make_many)
    return seen


def test_defaults_draw_the_draft_in_two_formats(convergen, jobs, tmp_path):
    code, out, err = convergen("figures", "make", NAME)
    assert (code, err) == (0, "")
    folder = Path("out/figures")
    assert jobs == [([Job(NAME, folder, "draft", 0, ("pdf", "png"), None, False)], 1)]
    files = f"{folder / NAME}.nc, {folder / NAME}.pdf (replaced), {folder / NAME}.png (replaced)"
    assert out == f"{NAME}: computed; {files}\n"
    assert (tmp_path / folder).is_dir()


def test_every_option_reaches_its_job(convergen, jobs):
    arguments = ("figures", "make", NAME, "blindness", NAME, "--quality", "paper", "--seed", "7")
    convergen(*arguments, "--formats", " SVG,pdf,svg", "--out", "here/there", "--workers", "3")
    ((found, workers),) = jobs
    out = Path("here/there")
    # Once each, in the order of the figures' numbers.
    assert found == [
        Job(name, out, "paper", 7, ("svg", "pdf"), None, False)
        for name in registry.figures()
        if name in (NAME, "blindness")
    ]
    assert workers == 3


@pytest.mark.parametrize("quality", [(), ("--quality", "draft")])
def test_drafts_may_be_computed_anew(convergen, jobs, quality):
    code, _, _ = convergen("figures", "make", NAME, "--fresh", *quality)
    assert code == 0
    assert jobs[0][0][0].fresh
    assert jobs[0][0][0].quality == "draft"


def test_all_is_every_figure(convergen, jobs):
    convergen("figures", "make", "all", "blindness", "--quality", "smoke")
    assert [job.name for job in jobs[0][0]] == list(registry.figures())


def test_data_of_a_file_are_drawn_alone(convergen, jobs):
    path = record.SHIPPED / f"{NAME}.nc"
    assert convergen("figures", "make", NAME, "--from-data", path)[0] == 0
    assert jobs[0][0][0].data == path
    for words in (("--seed", "0"), ("--fresh",), ("--quality", "draft")):
        code, _, err = convergen("figures", "make", NAME, "--from-data", path, *words)
        assert code == 2
        assert "--from-data computes nothing" in err
    code, _, err = convergen("figures", "make", NAME, "blindness", "--from-data", path)
    assert code == 2
    assert "name just that one" in err
    assert len(jobs) == 1


def test_the_list_says_numbers_titles_and_what_is_shipped(convergen, monkeypatch):
    monkeypatch.setattr(record, "shipped", lambda name: name == NAME or None)
    code, out, _ = convergen("figures", "list")
    assert code == 0
    width = max(map(len, registry.figures()))
    for line, (name, figure) in zip(out.splitlines(), registry.figures().items(), strict=True):
        note = "  (data shipped)" if name == NAME else ""
        assert line == f"{figure.NUMBER:>2}  {name:<{width}}  {figure.TITLE}{note}"


def test_without_a_word_the_group_says_what_there_is(convergen):
    _, out, err = convergen("figures")
    assert {"list", "make"} <= {*(out + err).split()}
