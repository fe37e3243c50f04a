"""Files of torch, read without it, against what torch itself reads."""

import sys
import time
import zipfile

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.arrays.torch_file import _check_archive, open_torch

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    x = torch.randn(6, 4, 5)
    tensors = {
        "plain": x,
        "slice": x[1:, ::2],
        "turned": x.transpose(0, 2),
        "parameter": torch.nn.Parameter(x[0].double()),
        "half": x.half(),
        "brain": x.bfloat16(),
        "bytes": (10.0 * x).to(torch.uint8),
        "words": (10.0 * x).to(torch.int16),
        "unsigned": (10.0 * x).abs().to(torch.uint16),
        "truth": x > 0.0,
        "deep": {"list": [x[0], x[1]], "state": torch.nn.Linear(3, 2).state_dict()},
    }
    path = tmp_path_factory.mktemp("torch") / "x.pt"
    torch.save(tensors, path)
    return path, torch.load(path, weights_only=True)


@pytest.mark.parametrize("key", [
    "plain", "slice", "turned", "parameter", "half", "brain", "bytes", "words", "unsigned",
    "truth", "deep.list.1", "deep.state.weight",
])  # fmt: skip
def test_numbers_are_those_that_torch_reads(saved, key, monkeypatch):
    path, tensors = saved
    expected = tensors
    for part in key.split("."):
        expected = expected[int(part) if part.isdigit() else part]
    expected = expected.detach()
    if expected.dtype == torch.bfloat16:
        expected = expected.float()
    monkeypatch.setitem(sys.modules, "torch", None)
    found = open_torch(path, key).values
    assert found.dtype == expected.numpy().dtype
    np.testing.assert_array_equal(found, expected.numpy())


def test_a_tensor_alone_needs_no_key(tmp_path):
    torch.save(torch.arange(12.0).reshape(3, 4), tmp_path / "x.pt")
    np.testing.assert_array_equal(
        open_torch(tmp_path / "x.pt").values, np.arange(12.0).reshape(3, 4)
    )


def test_what_is_no_dense_tensor_of_real_numbers_is_refused(tmp_path):
    for tensor, words in (
        (torch.zeros(2, 2, dtype=torch.complex64), "is a tensor of ComplexFloatStorage"),
        (torch.zeros(2, 2).to_sparse(), "no tensor"),
        (torch.zeros(0, 2), "shape \\(0, 2\\)"),
        (torch.zeros(1).expand(3, 4), "stores fewer numbers"),
    ):
        torch.save(tensor, tmp_path / "x.pt")
        with pytest.raises(InputError, match=words):
            open_torch(tmp_path / "x.pt")


class Bad:
    def __reduce__(self):
        return time.sleep, (1000.0,)


def test_nothing_of_a_file_is_run(tmp_path):
    torch.save({"x": torch.zeros(2, 2), "y": Bad()}, tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"it holds time\.sleep, which is no tensor"):
        open_torch(tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("method", "size", "sound"),
    [
        (zipfile.ZIP_STORED, 1000, True), (zipfile.ZIP_STORED, 999, False),
        (zipfile.ZIP_DEFLATED, 10_000, False),
    ],
)  # fmt: skip
def test_archives_are_neither_compressed_nor_larger_than_their_file(tmp_path, method, size, sound):
    with zipfile.ZipFile(tmp_path / "x.pt", "w", method) as archive:
        archive.writestr("x/data/0", bytes(1000))
    if sound:
        _check_archive(tmp_path / "x.pt", "x", size)
    else:
        with pytest.raises(InputError, match="declares more than it holds, or is compressed"):
            _check_archive(tmp_path / "x.pt", "x", size)
