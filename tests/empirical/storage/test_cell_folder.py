import json
import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr

from convergen.empirical.storage import cell_folder
from convergen.empirical.storage.cell_folder import CellBusy, CellFolder, Progress
from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.locks import LOCK
from convergen.theory.common.checks import InputError


@pytest.fixture
def cell(tmp_path):
    folder = CellFolder(tmp_path / "run" / "one", "digest")
    with folder.lock():
        yield folder


def dataset(value=1.0):
    return xr.Dataset({"a": ("x", [value, np.nan])}, {"x": [1, 2]}, {"name": "test"})


# --------------------------------------------------------------------------------------- result


def test_a_result_is_a_function_of_its_content(cell, tmp_path):
    other = CellFolder(tmp_path / "two", "digest")
    with other.lock():
        other.finish(dataset())
    cell.finish(dataset())
    assert (cell.path / "result.nc").read_bytes() == (other.path / "result.nc").read_bytes()
    xr.testing.assert_identical(cell.result(), dataset())


def test_finishing_keeps_one_checkpoint_and_forgets_failures(cell):
    for images in (10, 20):
        cell.save_checkpoint(images, {"a": np.ones(2)})
    cell.report("training", images=20, done=1.0)
    cell.fail("nan", "a long story")
    failure = cell.path / "failure.json"
    assert json.loads(failure.read_text()) == {"cause": "nan", "details": "a long story"}
    assert failure.read_text().splitlines()[1] == ' "cause": "nan",'
    assert not cell.finished
    cell.finish(dataset())
    assert cell.finished
    assert not failure.exists()
    assert cell.progress() is None
    assert len(list(cell.path.glob("checkpoint-*.safetensors"))) == 1
    assert cell.load_checkpoint()[1]["images"] == 20


@pytest.mark.parametrize("at", [0, 1000, -1])
def test_a_corrupt_result_does_not_count(cell, caplog, at):
    cell.finish(dataset())
    content = bytearray((cell.path / "result.nc").read_bytes())
    content[at] ^= 1
    (cell.path / "result.nc").write_bytes(bytes(content))
    assert not cell.finished
    assert "does not match its digest: the cell is done again" in caplog.text
    with pytest.raises(InputError, match="not finished"):
        cell.result()


def test_the_result_of_another_run_is_refused_and_kept(cell):
    cell.finish(dataset())
    foreign = CellFolder(cell.path, "other digest")
    for ask in (lambda: foreign.finished, foreign.result):
        with pytest.raises(InputError, match="other splits: give another folder") as error:
            ask()
        assert "\n" not in str(error.value)
    assert cell.finished


def test_a_result_or_a_lock_that_is_a_folder_is_one_line(tmp_path):
    cell = CellFolder(tmp_path / "one", "digest")
    (tmp_path / "one" / "result.nc").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"cannot read .*result\.nc: Is a directory"):
        _ = cell.finished
    (tmp_path / "two" / LOCK).mkdir(parents=True)
    with (
        pytest.raises(StorageError, match=r"cannot lock .*: give another folder"),
        CellFolder(tmp_path / "two", "digest").lock(),
    ):
        pass


def test_two_checkpoints_are_kept_with_what_goes_with_them(cell):
    for images in (10, 20, 30):
        cell.save_checkpoint(images, {"a": np.full(2, images)}, {"bars": [images]})
    assert len(list(cell.path.glob("checkpoint-*.safetensors"))) == 2
    tensors, meta = cell.load_checkpoint()
    assert meta == {"bars": [30], "images": 30}
    assert tensors["a"].tolist() == [30, 30]


# ------------------------------------------------------------------------- log and progress


def test_the_log_survives_torn_lines(cell):
    cell.log(event="start")
    with (cell.path / "log.jsonl").open("ab") as file:
        file.write(b'{"time": 1.0, "images": 40, "lo')  # killed while writing
    cell.log(images=40, loss=np.array([0.5, np.nan]))
    lines = (cell.path / "log.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert json.loads(lines[0])["event"] == "start"
    record = json.loads(lines[2])
    assert (record["images"], record["loss"]) == (40, [0.5, None])
    assert isinstance(record["time"], float)


def test_progress_is_that_of_the_last_report(cell):
    assert cell.progress() is None
    cell.report("training", images=40, done=0.5)
    cell.report("measuring", images=80)
    assert cell.progress() == Progress("measuring", 80, 0.0)
    cell.report("reading")
    assert cell.progress() == Progress("reading", 0, 0.0)
    (cell.path / "progress.json").write_text('{"phase": "trai')  # while it is written
    assert cell.progress() is None


# ---------------------------------------------------------------------------------------- locks


def test_the_lock_is_free_again_after_an_error(tmp_path):
    folder = CellFolder(tmp_path / "one", "digest")
    with pytest.raises(RuntimeError), folder.lock():
        raise RuntimeError
    busy = pytest.raises(CellBusy, match=f"process {os.getpid()} on .* is working")
    with folder.lock(), busy, CellFolder(folder.path, "digest").lock(timeout=0.1):
        pass
    with folder.lock(timeout=0.1):
        pass


def test_a_process_that_is_just_ending_has_five_seconds(tmp_path, monkeypatch):
    waited = []

    @contextmanager
    def locked(path, timeout):
        waited.append(timeout)
        path.mkdir()
        yield

    monkeypatch.setattr(cell_folder, "locked", locked)
    with CellFolder(tmp_path / "one", "digest").lock():
        assert waited == [5.0]


def test_the_lock_of_a_killed_process_vanishes_and_so_do_its_half_written_files(tmp_path):
    path = tmp_path / "one"
    code = (
        "import os, signal; from pathlib import Path\n"
        "from convergen.empirical.storage.cell_folder import CellFolder\n"
        f"with CellFolder(Path({str(path)!r}), 'digest').lock():\n"
        f"    (Path({str(path)!r}) / '.one-abc.convergen-part.bin').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert (path / ".one-abc.convergen-part.bin").exists()
    with CellFolder(path, "digest").lock(timeout=0.1):
        assert {each.name for each in path.iterdir()} == {LOCK, "holder"}


@pytest.mark.slow
def test_a_real_refusal_of_the_operating_system_leaves_older_files(tmp_path):
    """Files may not exceed 64 KiB in this process: a stand-in for a full disk that needs none."""
    code = f"""
import resource, signal, sys
import numpy as np
import xarray as xr
from pathlib import Path
from convergen.empirical.storage.cell_folder import CellFolder
from convergen.empirical.storage.checked_files import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = CellFolder(Path({str(tmp_path / "one")!r}), "digest")
with folder.lock():
    folder.save_checkpoint(10, {{"x": np.zeros(10)}})
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
    big = np.random.default_rng(0).standard_normal(100_000)
    for write in (
        lambda: folder.save_checkpoint(20, {{"x": big}}),
        lambda: folder.finish(xr.Dataset({{"x": ("i", big)}})),
    ):
        try:
            write()
        except StorageError as error:
            print(len(str(error).splitlines()), "File too large" in str(error))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["1", "True"] * 2
    folder = CellFolder(tmp_path / "one", "digest")
    assert folder.load_checkpoint()[1]["images"] == 10
    assert not folder.finished
    names = {path.name for path in folder.path.iterdir()}
    assert names - {LOCK} == {"checkpoint-000000000010.safetensors"}
