import errno
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr

from convergen.empirical.storage.checked_files import (
    CorruptFile,
    StorageError,
    checksum_path,
    make_folder,
    seal,
    unseal,
)
from convergen.empirical.storage.run_folder import CellBusy, RunFolder
from convergen.theory.common.checks import InputError


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.fixture
def cell(run):
    folder = run.cell("one")
    with folder.lock():
        yield folder


def state(value):
    return {"weight": torch.full((2, 3), float(value)), "steps": np.array(value)}


def damage(path, at=-1):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def dataset(value=1.0):
    return xr.Dataset({"a": ("x", [value, np.nan])}, {"x": [1, 2]}, {"name": "test"})


# --------------------------------------------------------------------------------- sealed files


def test_a_sealed_file_comes_back_and_standard_tools_agree(tmp_path):
    seal(tmp_path / "file.bin", b"content")
    assert unseal(tmp_path / "file.bin") == b"content"
    check = ["sha256sum", "--check", "--strict", "file.bin.sha256"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_sealing_replaces_and_leaves_nothing_else(tmp_path):
    seal(tmp_path / "file.bin", b"old")
    seal(tmp_path / "file.bin", b"new")
    assert unseal(tmp_path / "file.bin") == b"new"
    assert {path.name for path in tmp_path.iterdir()} == {"file.bin", "file.bin.sha256"}


def test_every_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "file.bin"
    for at in range(7):
        seal(path, b"content")
        damage(path, at)
        with pytest.raises(CorruptFile, match="fails its checksum"):
            unseal(path)


def test_a_cut_file_and_a_lost_checksum_are_noticed(tmp_path):
    path = tmp_path / "file.bin"
    seal(path, b"content")
    path.write_bytes(b"cont")
    with pytest.raises(CorruptFile, match="fails"):
        unseal(path)
    checksum_path(path).unlink()
    with pytest.raises(CorruptFile, match="lost"):
        unseal(path)


@pytest.mark.parametrize("call", range(1, 5))
def test_a_kill_between_any_two_steps_leaves_old_new_or_nothing(tmp_path, monkeypatch, call):
    """Stop before the n-th system call that changes a name; what is found is never broken."""
    path, calls = tmp_path / "file.bin", []
    seal(path, b"old")

    class Kill(BaseException):
        pass

    def counted(real):
        def stand_in(self, *arguments, **options):
            calls.append(real.__name__)
            if len(calls) == call:
                raise Kill
            return real(self, *arguments, **options)

        return stand_in

    for name in ("unlink", "replace"):
        monkeypatch.setattr(type(path), name, counted(getattr(type(path), name)))
    with pytest.raises(Kill):
        seal(path, b"new")
    monkeypatch.undo()
    assert unseal(path) in (b"old", b"new", None)


def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        StorageError, match=r"^cannot write .*file.bin.*: No space left on device\.$"
    ):
        seal(tmp_path / "file.bin", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_real_refusal_of_the_operating_system_leaves_older_files(tmp_path):
    """Files may not exceed 64 KiB in this process: a stand-in for a full disk that needs none."""
    code = f"""
import resource, signal, sys
import numpy as np
import xarray as xr
from pathlib import Path
from convergen.empirical.storage.checked_files import StorageError
from convergen.empirical.storage.run_folder import RunFolder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = RunFolder(Path({str(tmp_path)!r})).cell("one")
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
    folder = RunFolder(tmp_path).cell("one")
    assert folder.load_checkpoint()[1]["images"] == 10
    assert not folder.finished
    names = {path.name for path in folder.path.iterdir()}
    assert names == {"checkpoint-000000000010.safetensors",
                     "checkpoint-000000000010.safetensors.sha256", ".lock"}  # fmt: skip


def test_unusable_folders_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match="cannot use the folder"):
            make_folder(path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid():
        with pytest.raises(StorageError, match="no permission"):
            make_folder(closed)


# ---------------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_comes_back_to_the_bit(cell):
    half = torch.tensor([1.0, torch.pi], dtype=torch.bfloat16)
    turned = torch.arange(6.0).reshape(2, 3).T  # not contiguous
    cell.save_checkpoint(640, {"half": half, "turned": turned}, {"history": [0.1, float("nan")]})
    tensors, meta = cell.load_checkpoint()
    assert torch.equal(tensors["half"], half)
    assert torch.equal(tensors["turned"], turned)
    assert meta["images"] == 640
    assert meta["history"][0] == 0.1
    assert np.isnan(meta["history"][1])


def test_the_last_two_checkpoints_are_kept(cell):
    assert cell.load_checkpoint() is None
    for images in (5, 10, 100, 2000):
        cell.save_checkpoint(images, state(images))
    kept = sorted(path.name for path in cell.path.glob("checkpoint-*"))
    assert [int(name[11:23]) for name in kept] == [100, 100, 2000, 2000]
    assert cell.load_checkpoint()[1]["images"] == 2000


@pytest.mark.parametrize("at", [3, 60, -1])
def test_a_corrupt_checkpoint_is_reported_and_the_older_one_used(cell, caplog, at):
    for images in (10, 20):
        cell.save_checkpoint(images, state(images))
    damage(cell.path / "checkpoint-000000000020.safetensors", at)
    tensors, meta = cell.load_checkpoint()
    assert meta["images"] == 10
    assert torch.equal(tensors["weight"], state(10)["weight"])
    assert "checkpoint-000000000020.safetensors fails its checksum" in caplog.text
    events = [record for record in cell.records() if record.get("event") == "corrupt"]
    assert [event["file"] for event in events] == ["checkpoint-000000000020.safetensors"]


def test_meta_data_that_json_cannot_hold_are_refused(cell):
    with pytest.raises(InputError, match="JSON"):
        cell.save_checkpoint(1, state(1), {"function": print})
    assert cell.load_checkpoint() is None


# ------------------------------------------------------------------------------------------ log


def test_the_log_survives_torn_lines_and_repeated_records(cell):
    cell.log(event="start")
    for images, loss in ((10, 3.0), (20, 2.0), (30, 1.0)):
        cell.log(images=images, loss=loss)
    with cell.journal_path.open("ab") as file:
        file.write(b'{"time": 1.0, "images": 40, "lo')  # killed while writing
    cell.log(event="start")
    for images, loss in ((30, np.float64(1.0)), (40, np.array([0.5, np.nan]))):
        cell.log(images=images, loss=loss)
    found = cell.records()
    assert [(r["images"], r["loss"]) for r in found if "loss" in r] == [
        (10, 3.0), (20, 2.0), (30, 1.0), (40, [0.5, None]),
    ]  # fmt: skip
    assert sum(record.get("event") == "start" for record in found) == 2
    assert all(isinstance(record["time"], float) for record in found)


# --------------------------------------------------------------------------------------- result


def test_a_result_is_a_function_of_its_content(cell, run):
    other = run.cell("two")
    with other.lock():
        other.finish(dataset())
    cell.finish(dataset())
    assert (cell.path / "result.nc").read_bytes() == (other.path / "result.nc").read_bytes()
    xr.testing.assert_identical(cell.result(), dataset())


def test_finishing_keeps_one_checkpoint_and_forgets_failures(cell):
    for images in (10, 20):
        cell.save_checkpoint(images, state(images))
    cell.fail("nan", "a long story")
    assert cell.failure == "nan"
    assert not cell.finished
    cell.finish(dataset())
    assert cell.finished
    assert cell.failure is None
    assert len(list(cell.path.glob("checkpoint-*.safetensors"))) == 1
    assert cell.load_checkpoint()[1]["images"] == 20


@pytest.mark.parametrize("at", [0, 1000, -1])
def test_a_corrupt_result_does_not_count(cell, caplog, at):
    cell.finish(dataset())
    damage(cell.path / "result.nc", at)
    assert not cell.finished
    assert "result.nc fails its checksum: the cell is done again" in caplog.text
    with pytest.raises(InputError, match="not finished"):
        cell.result()


# ---------------------------------------------------------------------------------------- locks


def test_two_processes_cannot_work_in_one_cell(run, cell):
    code = (
        "from pathlib import Path\n"
        "from convergen.empirical.storage.run_folder import CellBusy, RunFolder\n"
        f"folder = RunFolder(Path({str(run.path)!r})).cell('one')\n"
        "try:\n    with folder.lock(timeout=0.1): print('in')\n"
        "except CellBusy as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith(f"process {os.getpid()} on ")
    assert found.stdout.endswith(" is working in it\n")


def test_the_lock_of_a_killed_process_vanishes_and_so_do_its_temporary_files(run):
    code = (
        "import os, signal; from pathlib import Path\n"
        "from convergen.empirical.storage.run_folder import RunFolder\n"
        f"with RunFolder(Path({str(run.path)!r})).cell('one').lock() as _:\n"
        f"    (Path({str(run.path)!r}) / 'cells/one/.one-abc.convergen-part.bin').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    folder = run.cell("one")
    assert (folder.path / ".one-abc.convergen-part.bin").exists()
    with folder.lock(timeout=0.1):
        assert {path.name for path in folder.path.iterdir()} == {".lock", "holder"}


def test_the_lock_is_free_again_after_an_error(run):
    folder = run.cell("one")
    with pytest.raises(RuntimeError), folder.lock():
        raise RuntimeError
    with folder.lock(timeout=0.1):
        pass
    with folder.lock(), pytest.raises(CellBusy), run.cell("one").lock(timeout=0.1):
        pass
