"""The command line in this process."""

import gc
import sys

import pytest

from convergen import cli


@pytest.fixture
def front_door(monkeypatch, capsys):
    """Run the command line in this process: exit code, standard output, standard error."""

    usual = gc.get_threshold()

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["convergen", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        gc.set_threshold(*usual)
        return ended.value.code, *capsys.readouterr()

    return run
