"""Files of safetensors: which tensor is meant, and types that NumPy does not have."""

import numpy as np
import pytest

from convergen.theory.common.checks import InputError
from convergen.theory.data.formats.arrays import safetensors_file
from convergen.theory.data.reading import read

numpy_files = pytest.importorskip("safetensors.numpy")


@pytest.mark.parametrize("kind", ["<f8", "<f4", "<f2", "?", "<i4", "<u1"])
def test_the_only_tensor_of_two_dimensions_is_meant(tmp_path, kind):
    values = (np.arange(12).reshape(3, 4) % 2).astype(kind)
    numpy_files.save_file({"x": values, "mean": np.zeros(4)}, tmp_path / "x.safetensors")
    found = read(tmp_path / "x.safetensors").rows()
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype


def test_files_may_not_fill_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    numpy_files.save_file({"x": np.zeros((3, 4))}, path)
    monkeypatch.setattr(safetensors_file, "LARGEST", path.stat().st_size)
    assert read(path).size == (3, 4)
    monkeypatch.setattr(safetensors_file, "LARGEST", path.stat().st_size - 1)
    with pytest.raises(InputError, match=r"bytes, but at most .* bytes are held in memory: save"):
        read(path)


def test_empty_tensors_of_wide_types_are_refused(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(0, 2, dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"torch.bfloat16 and shape \(0, 2\), but real numbers"):
        read(tmp_path / "x.safetensors")


def test_tensors_of_a_type_that_numpy_lacks_are_widened(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    values = torch.arange(6.0).reshape(3, 2) / 7
    save_file({"x": values.to(torch.bfloat16)}, tmp_path / "x.safetensors")
    found = read(tmp_path / "x.safetensors").rows()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values.to(torch.bfloat16).float().numpy())
    save_file({"x": torch.complex(values, values)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"x of .* torch.complex64 and shape \(3, 2\), but real"):
        read(tmp_path / "x.safetensors")
