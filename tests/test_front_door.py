"""The front door: help, version, streams that fail, interrupts, folders with names like ours."""

import importlib.metadata
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

import convergen
from convergen import cli, doctor
from convergen.commands import COMMANDS
from convergen.theory.common.checks import InputError

START = [sys.executable, "-m", "convergen"]


@pytest.fixture
def front_door(monkeypatch, capsys):
    """Run the command line in this process: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["convergen", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def predict_raises(monkeypatch, front_door):
    """Run a command that fails in the middle of its work."""

    def run(error):
        def fail(*_):
            raise error

        monkeypatch.setattr("convergen.theory.cli.options.targets.Targets.__init__", fail)
        return front_door("predict", "isotropic")

    return run


def test_the_table_of_commands_holds_the_first_sentence_of_each():
    """The help of all of them imports none."""
    from typer.main import get_command

    found = get_command(cli.build()).commands
    assert list(found) == list(COMMANDS)
    for name, command in found.items():
        assert command.name == name
        assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name].words


def test_every_command_has_both_names_of_help(front_door):
    from typer.main import get_command

    def walk(command, words):
        code, shown, errors = front_door(*words, "-h")
        assert (code, errors) == (0, "")
        assert front_door(*words, "--help") == (0, shown, "")
        assert "-h, --help" in shown
        for name, child in getattr(command, "commands", {}).items():
            assert name in shown
            walk(child, [*words, name])

    walk(get_command(cli.build()), [])
    assert front_door() == front_door("--help")


def test_the_list_of_commands_cuts_no_sentence(front_door):
    _, shown, _ = front_door("--help")
    commands = shown.partition("Commands:")[2]
    assert len(commands.split("\n")) > 10
    assert "..." not in commands


def test_version(front_door):
    assert front_door("--version") == (0, f"convergen {convergen.__version__}\n", "")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("n\nis 0: use 1."), 2, "convergen: error: n\\nis 0: use 1.\n"),
        (MemoryError("8 GB"), 2, "not enough memory (8 GB): use fewer"),
        (PermissionError(13, "Permission denied", "x.npy"), 2, "error: Permission denied: x.npy"),
        (KeyboardInterrupt(), 130, "convergen: interrupted\n"),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(predict_raises, error, code, message):
    found, out, err = predict_raises(error)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_errors_of_our_own_are_shown_whole(predict_raises):
    with pytest.raises(ZeroDivisionError):
        predict_raises(ZeroDivisionError())


def test_interrupts_end_in_order_and_a_late_one_at_once(monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            cli._interrupt(signal.SIGINT, None)
        again = signal.getsignal(signal.SIGINT)
        for _ in range(3):
            again(signal.SIGINT, None)
        assert ended == []
        later = time.monotonic() + 1.5
        monkeypatch.setattr(time, "monotonic", lambda: later)
        again(signal.SIGINT, None)
        assert ended == [130]
    finally:
        signal.signal(signal.SIGINT, before)


def _child(*arguments, **options):
    return subprocess.run([*START, *arguments], capture_output=True, check=False, **options)


def test_outputs_without_unicode():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = _child("collapse", "isotropic", "--dim", "5", "--sigma", "1", env=environment)
    assert shown.returncode == 0
    assert "sigma_c(n)" in shown.stdout.decode("ascii")
    refused = _child("predict", "σ\udcff.npy", env=environment)
    assert refused.returncode == 2
    assert r"sigma\xff.npy" in refused.stderr.decode("ascii")


def test_standard_output_on_a_full_device_is_one_line():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        found = subprocess.run([*START, "--version"], stdout=full, stderr=subprocess.PIPE)
    assert found.returncode == 2
    assert found.stderr == b"convergen: error: No space left on device\n"


def test_a_reader_that_goes_away_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    found = subprocess.run([*START, "--version"], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (found.returncode, found.stderr) == (141, b"")


def test_streams_that_are_closed():
    shell = f'"{sys.executable}" -m convergen'
    found = subprocess.run(["sh", "-c", f"{shell} --version >&- 2>&-"], check=False)
    assert found.returncode == 0
    found = subprocess.run(["sh", "-c", f"{shell} predict 2>/dev/full"], check=False)
    assert found.returncode == 2


def test_a_shell_is_answered_what_may_follow():
    words = {"COMP_WORDS": "convergen pre", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "convergen"],
        capture_output=True, text=True, check=True,
        env={**os.environ, **words, "_CONVERGEN_COMPLETE": "complete_bash"},
    )  # fmt: skip
    assert done.stdout.split() == ["predict"]


def test_the_doctor_names_what_is_missing(monkeypatch):
    """Versions come from the installed packages, extras from the package's own metadata."""
    asked = ["numpy>=2", "nothing-of-that-name>=1; extra == 'empirical'", "convergen[x]"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    found = doctor.findings()
    assert found["packages"] == {"numpy": np.__version__}
    assert found["extras"]["empirical"]["complete"] is False
    words = "\n".join(doctor.report(found))
    assert "without nothing-of-that-name" in words
    assert "pip install '.[empirical]'" in words
    assert Path(found["cache"]["folder"]).name
    assert found["threads"]["processors"] >= 1


def test_every_extra_says_what_it_is_for():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert set(doctor.PURPOSES) == set(extras)
    found = doctor.findings() | {"extras": {"empirical": {"versions": {}}}}
    assert "trains networks" in "\n".join(doctor.report(found))


def test_what_most_people_need_is_at_the_front_door():
    assert convergen.predict is convergen.theory.predict
    assert convergen.Spectrum is convergen.theory.Spectrum
    assert {name for name in dir(convergen) if not name.startswith("_")} == set(convergen.__all__)
    assert all(hasattr(convergen, name) for name in convergen.__all__)
