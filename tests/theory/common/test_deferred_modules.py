import importlib
import sys

import pytest

from convergen.theory.common.deferred_modules import COPIED_BY_SCIPY, defer


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose module says when it is run."""
    folder = tmp_path / "spam_and_eggs"
    folder.mkdir()
    (folder / "__init__.py").write_text("RUNS = []\n")
    (folder / "ham.py").write_text(
        "import spam_and_eggs\nspam_and_eggs.RUNS.append(__name__)\nVALUE = 7\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("spam_and_eggs")
    for name in ("spam_and_eggs", "spam_and_eggs.ham"):
        sys.modules.pop(name, None)


def test_a_deferred_module_runs_when_it_is_used_and_once(package):
    defer("spam_and_eggs.ham", "spam_and_eggs.missing")
    from spam_and_eggs import ham

    assert package.ham is ham is sys.modules["spam_and_eggs.ham"]
    assert package.RUNS == []
    assert ham.VALUE == 7
    assert package.RUNS == ["spam_and_eggs.ham"]
    assert "spam_and_eggs.missing" not in sys.modules


def test_what_is_loaded_stays_as_it_is(package):
    ham = importlib.import_module("spam_and_eggs.ham")
    defer("spam_and_eggs.ham")
    assert package.ham is ham is sys.modules["spam_and_eggs.ham"]
    assert package.RUNS == ["spam_and_eggs.ham"]


def test_scipy_copies_what_is_deferred_for_it():
    """Names of NumPy that exist: were they renamed, nothing would be gained."""
    for name in COPIED_BY_SCIPY:
        assert importlib.util.find_spec(name) is not None
