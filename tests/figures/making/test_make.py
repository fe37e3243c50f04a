"""Making figures: data first, then pictures; shipped data, processes, interrupts."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
import xarray as xr

from convergen.figures.making import data_files as record
from convergen.figures.making import make, registry
from convergen.figures.making.make import Job
from convergen.theory.common.checks import InputError
from convergen.theory.files.atomic_files import PART

# Quick to compute and to draw.
NAME = "disjoint-training"


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


def test_incomplete_data_are_refused(made, tmp_path):
    part = record.load_record(made.files[0].path, NAME).drop_vars("picture")
    part.to_netcdf(tmp_path / "part.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"incomplete \(noise\)"):
        make.make(Job(NAME, tmp_path, data=tmp_path / "part.nc"))


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
