import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from convergen.theory.data.sets import digits as module
from convergen.theory.data.sets.digits import load_digits


def test_digits_equal_scikit_learn():
    from sklearn import datasets

    digits = load_digits()
    assert digits.dtype == np.float64
    assert digits.flags.c_contiguous
    np.testing.assert_array_equal(digits, datasets.load_digits().data)


def test_digits_do_not_import_scikit_learn():
    code = (
        "import sys; from convergen.theory.data.sets.digits import load_digits; load_digits(); "
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'PIL', 'tqdm')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_digits_fall_back_to_scikit_learn(monkeypatch, tmp_path):
    class Moved:
        origin = str(tmp_path / "__init__.py")

    direct = load_digits()
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: Moved)
    monkeypatch.setattr(
        module.np, "loadtxt", lambda *args, **kwargs: pytest.fail("file does not exist")
    )
    monkeypatch.setattr(
        "sklearn.datasets.load_digits", lambda: type("Bunch", (), {"data": direct[:3]})
    )
    np.testing.assert_array_equal(load_digits(), direct[:3])


@pytest.mark.parametrize("spec", [None, SimpleNamespace(origin=None)])
def test_a_package_without_a_place_is_asked_itself(monkeypatch, spec):
    monkeypatch.setattr(
        "sklearn.datasets.load_digits", lambda: SimpleNamespace(data=np.eye(2, dtype=int))
    )
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: spec)
    np.testing.assert_array_equal(load_digits(), np.eye(2))
    assert load_digits().dtype == np.float64
