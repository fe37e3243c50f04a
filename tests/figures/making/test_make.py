"""The machinery of the figures: names, data files, formats, processes, bad input."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
import xarray as xr

from convergen.cli import main
from convergen.figures.looks import style
from convergen.figures.making import data_files as record
from convergen.figures.making import gallery, make, registry
from convergen.figures.making.make import Job
from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import PART
from convergen.theory.quantities.rows import BLUE

# Quick to compute and to draw.
NAME = "disjoint-training"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    return make.make(Job(NAME, out, "smoke", seed=3, formats=("svg", "png", "pdf")))


def test_every_figure_offers_what_the_registry_promises():
    numbers = []
    for name, module in registry.figures().items():
        assert name == module.NAME
        assert module.TITLE
        assert module.CAPTION.rstrip().endswith(".")
        numbers.append(module.NUMBER)
    assert numbers == sorted(set(numbers))


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


def test_files_and_provenance(made):
    assert [path.name for path, _ in made.files] == [
        f"{NAME}.{e}" for e in ("nc", "svg", "png", "pdf")
    ]
    with xr.open_dataset(made.files[0].path, engine="h5netcdf") as saved:
        assert saved.attrs["figure"] == NAME
        assert saved.attrs["quality"] == "smoke"
        assert saved.attrs["seed"] == 3
        assert saved.attrs["numpy_version"] == np.__version__
        assert saved.attrs["git_commit"] == record.git_commit()


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_same_data_same_bytes_whatever_the_settings_of_the_user(made, tmp_path, ending):
    # Other settings, and no other format drawn before: neither may show.
    job = Job(NAME, tmp_path, formats=(ending,), data=made.files[0].path)
    with matplotlib.rc_context({"font.size": 20.0, "axes.grid": False, "svg.hashsalt": "x"}):
        again = make.make(job)
    (before,) = [path for path, _ in made.files if path.suffix == f".{ending}"]
    after = again.files[1].path
    assert after.suffix == f".{ending}"
    assert after.read_bytes() == before.read_bytes()


def test_data_drawn_from_a_file_keep_their_origin(made, tmp_path):
    again = make.make(Job(NAME, tmp_path, formats=("svg",), data=made.files[0].path))
    assert again.origin == f"data of {made.files[0].path}"
    with (
        xr.open_dataset(made.files[0].path, engine="h5netcdf") as first,
        xr.open_dataset(again.files[0].path, engine="h5netcdf") as second,
    ):
        xr.testing.assert_identical(first, second)


def test_shipped_data_serve_draft_quality_with_their_seed(made, tmp_path, monkeypatch):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / f"{NAME}.nc").write_bytes(made.files[0].path.read_bytes())
    monkeypatch.setattr(record, "SHIPPED", shelf)
    module = registry.load(NAME)
    computed = []

    def compute(quality, seed):
        computed.append((quality, seed))
        return record.load_record(made.files[0].path, NAME)

    monkeypatch.setattr(module, "compute", compute)
    job = Job(NAME, tmp_path, "draft", seed=3, formats=())
    assert make.make(job).origin == "shipped data of smoke quality"
    assert computed == []
    for other in (replace(job, seed=4), replace(job, fresh=True), replace(job, quality="paper")):
        make.make(other)
    assert computed == [("draft", 4), ("draft", 3), ("paper", 3)]


def test_a_flipped_bit_in_shipped_data_is_found_before_they_are_read(made, tmp_path, monkeypatch):
    content = bytearray(made.files[0].path.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / f"{NAME}.nc").write_bytes(content)
    monkeypatch.setattr(record, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match="does not match its digest"):
        make.make(Job(NAME, tmp_path / "out", "draft", seed=3, formats=()))


@pytest.mark.slow
def test_processes_make_the_same(made, tmp_path):
    jobs = [
        Job(NAME, folder, formats=("svg",), data=made.files[0].path)
        for folder in (tmp_path / "a", tmp_path / "b")
    ]
    for job in jobs:
        job.out.mkdir()
    for each in make.make_many(jobs, workers=2):
        assert each.files[1].path.read_bytes() == made.files[1].path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("interrupts", [1, 4])
def test_interrupts_of_the_terminal_end_all_processes_in_one_line(tmp_path, interrupts):
    process = subprocess.Popen(
        [sys.executable, "-m", "convergen", "figures", "make", "all", "--quality", "smoke",
         "--workers", "2", "--out", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not list(tmp_path.iterdir()):  # until a worker has saved its first data
        assert process.poll() is None
        time.sleep(0.05)
    for _ in range(interrupts):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.02)
    # Workers hold the other ends of the pipes, too: this waits for all of them.
    _, errors = process.communicate(timeout=60.0)
    lines = [line for line in errors.splitlines() if not line.startswith(b"compiling kernels")]
    assert (process.returncode, lines) == (130, [b"convergen: interrupted"])
    assert [path for path in tmp_path.iterdir() if PART in path.name] == []


def test_data_of_another_figure_are_refused(made, tmp_path):
    with pytest.raises(InputError, match="'disjoint-training', not of 'blindness'"):
        record.load_record(made.files[0].path, "blindness")
    plain = tmp_path / "plain.nc"
    xr.Dataset({"x": ("a", [1.0])}).to_netcdf(plain, engine="h5netcdf")
    with pytest.raises(InputError, match="no data of a figure"):
        record.load_record(plain, NAME)


def test_incomplete_data_are_refused(made, tmp_path):
    part = record.load_record(made.files[0].path, NAME).drop_vars("picture")
    part.to_netcdf(tmp_path / "part.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"incomplete \(noise\)"):
        make.make(Job(NAME, tmp_path, data=tmp_path / "part.nc"))


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


def test_computing_says_which_package_it_lacks(tmp_path, monkeypatch):
    def compute(*_):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(registry.load(NAME), "compute", compute)
    with pytest.raises(InputError, match=r"needs the package 'torch'.*'\.\[empirical\]'"):
        make.make(Job(NAME, tmp_path, "smoke"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_shipped_data_of_trained_networks_are_drawn_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from convergen.figures.making import data_files, registry\n"
        "for name in ('disjoint-training', 'trained-against-predicted', 'training-time', "
        "'summary'):\n"
        "    path = data_files.shipped(name)\n"
        "    print(type(registry.load(name).draw(data_files.load_record(path, name))).__name__)\n"
        "from convergen.empirical.validate import shipped_results as shipped\n"
        "for name in shipped.shipped_names(): shipped.shipped_run(name)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["Figure"] * 4


def test_one_data_file_draws_one_figure(made, tmp_path, monkeypatch):
    from convergen.figures.making import cli as commands

    with pytest.raises(InputError, match="one figure"):
        commands.make_figures([NAME, "blindness"], from_data=made.files[0].path, out=tmp_path)


DUMMY = """
import xarray as xr

from convergen.figures.looks.style import whole_figure

NAME, NUMBER, TITLE, CAPTION = "dummy", 99, "A dummy", "It shows nothing. It is one file."


def compute(quality, seed):
    return xr.Dataset({"x": ("place", [1.0, float(seed)])})


@whole_figure(2.0)
def draw(dataset, figure):
    figure.subplots().plot(dataset["x"])
"""


def test_a_new_figure_is_one_file(tmp_path, monkeypatch, capsys):
    from convergen.figures.paper import linear

    (tmp_path / "a_dummy.py").write_text(DUMMY)
    monkeypatch.setattr(linear, "__path__", [*linear.__path__, str(tmp_path)])
    registry.figures.cache_clear()
    try:
        for words in (["list"], ["make", "dummy", "--formats", "svg", "--out", str(tmp_path)]):
            monkeypatch.setattr(sys, "argv", ["convergen", "figures", *words])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
        entry = gallery.entries()[-1]
    finally:
        registry.figures.cache_clear()
        del sys.modules["convergen.figures.paper.linear.a_dummy"]
    shown = capsys.readouterr().out.splitlines()
    assert [line.split() for line in shown if line.startswith("99")] == [
        ["99", "dummy", "A", "dummy"]
    ]
    assert (tmp_path / "dummy.svg").is_file()
    assert "## 99. A dummy" in entry
    assert "It is one file." in entry


def test_drawing_in_threads_leaves_the_settings_of_the_user():
    """Each puts back what it found, which must not be what the other one had set."""
    before = dict(matplotlib.rcParams)
    inside, left = threading.Event(), threading.Event()

    def first():
        with style.style():
            inside.set()
            left.wait(0.3)  # the other one would enter now

    def second():
        inside.wait(5.0)
        with style.style():
            left.set()
            one.join(5.0)

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    for thread in (one, two):
        thread.start()
    for thread in (one, two):
        thread.join(5.0)
    assert dict(matplotlib.rcParams) == before


def test_members_of_a_family_differ_without_colour():
    looks = style.family("convergence", 5)
    assert len({look.line for look in looks}) == 5
    assert len({look.marker for look in looks}) == 5
    assert style.family("convergence", 1)[0].colour.lower() == BLUE.lower()
