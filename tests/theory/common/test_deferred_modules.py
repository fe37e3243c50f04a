import importlib
import sys

import pytest

from convergen.theory.common import deferred_modules
from convergen.theory.common.deferred_modules import RARELY_USED, defer


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
    for name in [name for name in sys.modules if name.split(".")[0] == "spam_and_eggs"]:
        del sys.modules[name]


def test_a_deferred_module_runs_when_it_is_used_and_once(package):
    defer("spam_and_eggs.missing", "spam_and_eggs.ham")  # what does not exist ends nothing
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


@pytest.fixture
def kitchen(package, tmp_path):
    """A package within it, whose front door runs more than its parts need."""
    folder = tmp_path / "spam_and_eggs" / "kitchen"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "import spam_and_eggs\nspam_and_eggs.RUNS.append(__name__)\n"
        "from ._stove import boil\nfrom ._sink import wash\n"
    )
    (folder / "_stove.py").write_text("def boil():\n    return 100\n")
    (folder / "_sink.py").write_text("def wash():\n    return 40\n")
    importlib.invalidate_caches()


def test_what_a_part_holds_does_not_run_its_package(package, kitchen, monkeypatch):
    monkeypatch.setitem(deferred_modules._PARTS, "spam_and_eggs.kitchen", "_stove")
    defer("spam_and_eggs.kitchen")
    from spam_and_eggs.kitchen import boil

    assert boil() == 100
    assert package.RUNS == []
    assert "spam_and_eggs.kitchen._sink" not in sys.modules
    from spam_and_eggs import kitchen
    from spam_and_eggs.kitchen import wash

    assert wash() == 40
    assert package.RUNS == ["spam_and_eggs.kitchen"]
    assert kitchen.boil is boil
    with pytest.raises(AttributeError):
        kitchen.bake  # noqa: B018
    assert package.RUNS == ["spam_and_eggs.kitchen"]


def test_a_part_that_is_not_there_runs_the_package(package, kitchen, monkeypatch):
    monkeypatch.setitem(deferred_modules._PARTS, "spam_and_eggs.kitchen", "_oven")
    defer("spam_and_eggs.kitchen")
    from spam_and_eggs.kitchen import boil

    assert boil() == 100
    assert package.RUNS == ["spam_and_eggs.kitchen"]


def test_what_is_deferred_exists():
    """Were it renamed, nothing would be gained."""
    for name in RARELY_USED:
        assert importlib.util.find_spec(name) is not None
    for package, part in deferred_modules._PARTS.items():
        assert package in RARELY_USED
        assert importlib.util.find_spec(f"{package}.{part}") is not None
