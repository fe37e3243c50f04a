"""The command line in this process, for tests that need no process of its own."""

import sys

import pytest


@pytest.fixture
def convergen(monkeypatch, capsys, tmp_path):
    """Call the command line from a folder: exit code, output, errors."""
    from convergen.cli import main

    def call(*arguments, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["convergen", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return call
