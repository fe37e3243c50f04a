"""Files of torch, read without it, against what torch itself reads."""

import io
import pickle
import sys
import time
import zipfile
from collections import OrderedDict
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.arrays import torch_file as module
from convergen.theory.data.formats.arrays.torch_file import (
    _check_archive,
    _Name,
    _Storage,
    _Tensor,
    open_torch,
)

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


@pytest.mark.parametrize(
    ("offset", "shape", "strides", "sound"),
    [
        (0, (3, 4), (4, 1), True), (1, (3, 4), (4, 1), False), (1, (11, 1), (1, 1), True),
        (0, (12, 1), (1, 1), True), (0, (13, 1), (1, 1), False), (0, (2, 2), (10, 1), True),
        (0, (2, 2), (11, 1), False), (0, (3, 4), (0, 1), True), (0, (13, 1), (0, 1), False),
        (-1, (2, 2), (2, 1), False), (3, (2, 2), (-1, 1), False), (0, (-1, -2), (1, 1), False),
    ],
)  # fmt: skip
def test_a_tensor_lies_within_its_storage(tmp_path, offset, shape, strides, sound):
    path = tmp_path / "x.pt"
    values = np.arange(12, dtype=np.float32)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data/0", values.tobytes())
        member = archive.getinfo("x/data/0")
    tensor = _Tensor(_Storage("0", "FloatStorage"), offset, shape, strides, "FloatStorage")
    if not sound:
        with pytest.raises(InputError) as caught:
            module._mapped(path, tensor, member, "<", "x", "t")
        assert str(caught.value) == (
            f"t of x declares shape {shape}, but stores fewer numbers: save a contiguous tensor."
        )
        return
    found = module._mapped(path, tensor, member, "<", "x", "t")
    places = offset + np.add.outer(np.arange(shape[0]) * strides[0], np.arange(shape[1]))
    np.testing.assert_array_equal(found, values[places])
    assert not found.flags.writeable


def test_the_order_of_bytes_is_that_of_the_file(tmp_path):
    torch.save(torch.arange(6.0).reshape(2, 3), tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    order = next(name for name in members if name.endswith("byteorder"))
    for word, swapped in ((b"little", False), (b"big", True), (None, False)):
        kept = {name: content for name, content in members.items() if name != order}
        with zipfile.ZipFile(tmp_path / "y.pt", "w") as archive:
            for name, content in (kept if word is None else {**kept, order: word}).items():
                archive.writestr(name, content)
        found = open_torch(tmp_path / "y.pt").values
        expected = np.arange(6, dtype=np.float32).reshape(2, 3)
        np.testing.assert_array_equal(found, expected.byteswap() if swapped else expected)


def tensor(*shape):
    return _Tensor(_Storage("0", "FloatStorage"), 0, shape, shape, "FloatStorage")


def test_tensors_are_looked_for_four_levels_deep_and_a_thousand_wide():
    deep = {"a": {"b": [{"d": tensor(2, 2)}]}}
    assert [name for name, _ in module._tensors(deep)] == ["a.b.0.d"]
    assert list(module._tensors({"e": deep})) == []
    assert [name for name, _ in module._tensors(tensor(2, 2))] == ["tensor"]
    assert [name for name, _ in module._tensors({"x": tensor(4), "y": tensor(1, 1, 1)})] == ["y"]
    names = [name for name, _ in module._tensors((tensor(2, 2),) * 1001)]
    assert names == list(map(str, range(1000)))


@pytest.mark.parametrize(
    ("name", "size", "sound"),
    [("x/data.pkl", 2**24, True), ("x/data.pkl", 2**24 + 1, False), ("x/data/0", 2**25, True)],
)
def test_the_words_around_tensors_are_few(monkeypatch, tmp_path, name, size, sound):
    info = SimpleNamespace(compress_type=zipfile.ZIP_STORED, file_size=size, filename=name)
    archive = SimpleNamespace(infolist=lambda: [info])
    monkeypatch.setattr(module.zipfile, "ZipFile", lambda path: nullcontext(archive))
    if sound:
        _check_archive(tmp_path, "x", 2**30)
    else:
        with pytest.raises(InputError, match="x declares more than it holds, or is compressed"):
            _check_archive(tmp_path, "x", 2**30)


def test_a_file_may_name_what_describes_tensors_and_nothing_else():
    find = module._Words(io.BytesIO()).find_class
    assert find("collections", "OrderedDict") is OrderedDict
    assert find("torch", "Size") is tuple
    assert find("torch._utils", "_rebuild_tensor_v2") is module._tensor
    for where, name in (
        ("torch", "FloatStorage"), ("torch.storage", "UntypedStorage"), ("torch", "int8"),
        ("torch", "float8_e5m2"), ("torch", "complex64"), ("torch", "quint8"),
    ):  # fmt: skip
        assert find(where, name) == _Name(name)
    for where, name in (
        ("collections", "Counter"), ("collections", "UserDict"), ("collections", "Size"),
        ("torch", "OrderedDict"), ("torch", "Tensor"), ("torch", "Generator"), ("torch", "load"),
        ("torch._utils", "_rebuild_sparse_tensor"), ("torch.serialization", "FloatStorage"),
        ("os", "FloatStorage"), ("torch.nn", "int8"), ("torch._tensor", "_rebuild_parameter"),
    ):  # fmt: skip
        with pytest.raises(pickle.UnpicklingError, match=rf"it holds {where}.{name}, which is no"):
            find(where, name)


def test_a_tensor_has_a_storage_and_its_own_type_or_that_of_the_storage():
    storage = _Storage("0", "FloatStorage")
    made = module._tensor_of_type(storage, 1, (2, 3), (3, 1), None, None, None)
    assert made == _Tensor(storage, 1, (2, 3), (3, 1), "FloatStorage")
    made = module._tensor_of_type(storage, 1, (2, 3), (3, 1), None, None, _Name("int8"))
    assert made.dtype == "int8"
    with pytest.raises(pickle.UnpicklingError, match="a tensor has no storage"):
        module._tensor_of_type(3, 1, (2, 3), (3, 1), None, None, _Name("int8"))
