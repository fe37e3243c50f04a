"""The command line in this process, for tests that need no process of its own; and their order."""

import gc
import sys

import pytest

COMPILES = "compiling kernels, once: some seconds\n"


def pytest_collection_modifyitems(items):
    """Theory last: many small files, so that two workers end together."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/theory/"))


def pytest_collection_finish():
    """What is loaded by now stays to the end, and need not be looked through for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def convergen(monkeypatch, capsys, tmp_path):
    """Call the command line from a folder: exit code, output, errors."""
    from convergen.cli import main

    usual = gc.get_threshold()

    def call(*arguments, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["convergen", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        gc.set_threshold(*usual)
        said = capsys.readouterr()
        # Whichever test comes first in a fresh tree compiles kernels, and says so.
        return ended.value.code or 0, said.out, said.err.replace(COMPILES, "")

    return call
