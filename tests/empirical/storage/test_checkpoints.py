import numpy as np
import pytest
import torch

from convergen.empirical.storage.cell_folder import CellFolder
from convergen.theory.common.checks import InputError


@pytest.fixture
def cell(tmp_path):
    folder = CellFolder(tmp_path / "one", "digest")
    with folder.lock():
        yield folder


def state(value):
    return {"weight": torch.full((2, 3), float(value)), "steps": np.array(value)}


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


def test_it_is_a_plain_safetensors_file(cell):
    from safetensors.torch import load_file

    cell.save_checkpoint(10, state(1.5))
    found = load_file(cell.path / "checkpoint-000000000010.safetensors")
    assert torch.equal(found["weight"], state(1.5)["weight"])


def test_the_last_two_checkpoints_are_kept(cell):
    assert cell.load_checkpoint() is None
    for images in (5, 10, 100, 2000):
        cell.save_checkpoint(images, state(images))
    kept = sorted(path.name for path in cell.path.glob("checkpoint-*"))
    assert [int(name[11:23]) for name in kept] == [100, 2000]
    assert cell.load_checkpoint()[1]["images"] == 2000


@pytest.mark.parametrize("at", [3, 60, -1])
def test_a_corrupt_checkpoint_is_reported_and_the_older_one_used(cell, caplog, at):
    for images in (10, 20):
        cell.save_checkpoint(images, state(images))
    path = cell.path / "checkpoint-000000000020.safetensors"
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
    tensors, meta = cell.load_checkpoint()
    assert meta["images"] == 10
    assert torch.equal(tensors["weight"], state(10)["weight"])
    assert f"{path} is damaged: its content does not match its digest" in caplog.text
    assert not path.exists()
    assert '"corrupt", "file": "checkpoint-000000000020' in (cell.path / "log.jsonl").read_text()


def test_the_checkpoint_of_another_run_is_refused_and_kept(cell):
    cell.save_checkpoint(10, state(1))
    with pytest.raises(InputError, match="come from another experiment, other data or other"):
        CellFolder(cell.path, "other digest").load_checkpoint()
    assert cell.load_checkpoint()[1]["images"] == 10


def test_meta_data_that_json_cannot_hold_are_refused(cell):
    with pytest.raises(InputError, match="JSON"):
        cell.save_checkpoint(1, state(1), {"function": print})
    assert cell.load_checkpoint() is None
