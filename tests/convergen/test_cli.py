"""The front door: version, streams that fail, interrupts, exit codes."""

import atexit
import gc
import os
import signal
import subprocess
import sys
import time

import pytest

import convergen
from convergen import cli
from convergen.theory.common.checks import InputError

START = [sys.executable, "-m", "convergen"]


@pytest.fixture
def predict_raises(monkeypatch, front_door):
    """Run a command that fails in the middle of its work."""

    def run(error):
        def fail(*_):
            raise error

        monkeypatch.setattr("convergen.theory.cli.options.targets.Targets.__init__", fail)
        return front_door("predict", "isotropic")

    return run


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


def test_garbage_is_looked_for_rarely_while_a_command_runs(monkeypatch, front_door):
    usual, seen, at_the_end = gc.get_threshold(), [], []
    monkeypatch.setattr(cli, "_run", lambda arguments: seen.append(gc.get_threshold()) or 0)
    monkeypatch.setattr(atexit, "register", at_the_end.append)
    assert front_door("--version") == (0, "", "")
    assert seen == [(400_000, *usual[1:])]
    assert at_the_end == [gc.freeze]


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


@pytest.fixture
def ended(monkeypatch):
    """Run `main` around a command of the test: exit code, and the signal handler afterwards."""

    def run(act):
        before = signal.getsignal(signal.SIGINT)
        monkeypatch.setattr(cli, "_run", lambda arguments: act())
        try:
            with pytest.raises(SystemExit) as stopped:
                cli.main()
            return stopped.value.code, signal.getsignal(signal.SIGINT), before
        finally:
            signal.signal(signal.SIGINT, before)

    return run


@pytest.mark.parametrize("code", [0, 1, 2, 129, 130, 143])
def test_only_a_process_that_was_interrupted_ends_deaf(ended, code):
    found, after, before = ended(lambda: code)
    assert found == code
    assert after == (signal.SIG_IGN if code >= 130 else before)


def test_a_command_runs_with_interrupts_in_order(ended, capsys):
    during = []
    ended(lambda: during.append(signal.getsignal(signal.SIGINT)) or 0)
    assert during == [cli._interrupt]

    def interrupted():
        raise KeyboardInterrupt

    code, after, _ = ended(interrupted)
    assert (code, after) == (130, signal.SIG_IGN)
    assert capsys.readouterr().err == "convergen: interrupted\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (OSError(28, "No space left"), 2, "convergen: error: No space left\n"),
        (OSError("odd"), 2, "convergen: error: odd\n"),
        (
            FileNotFoundError(2, "No such file", "a\nb"),
            2,
            "convergen: error: No such file: a\\nb\n",
        ),
    ],
)
def test_what_the_system_refuses_is_said_unless_nobody_reads(ended, capsys, error, code, said):
    def refused():
        raise error

    assert ended(refused)[0] == code
    assert capsys.readouterr() == ("", said)


class Broken:
    """A stream that cannot be written to."""

    def __init__(self, number):
        self.number = number

    def write(self, text):
        raise OSError(28, "No space left")

    flush = write

    def fileno(self):
        return self.number


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_stream_that_cannot_be_written_to_is_pointed_at_nothing(monkeypatch, capsys, name):
    reading, writing = os.pipe()
    broken = Broken(writing)
    broken.flush = lambda: broken.write("")
    monkeypatch.setattr(sys, name, broken)
    if name == "stdout":
        assert cli._refused_by_the_system(OSError(28, "No space left")) == 2
        assert capsys.readouterr().err == "convergen: error: No space left\n"
    else:
        cli._say("x")
    assert os.path.samestat(os.fstat(writing), os.stat(os.devnull))  # noqa: PTH116
    for number in (reading, writing):
        os.close(number)


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (3, 3)])
def test_the_answer_to_a_shell_has_its_exit_code(monkeypatch, answer, code):
    asked = []

    class Command:
        def main(self, *given, **options):
            asked.append((given, options))
            return answer

    monkeypatch.setattr("typer.main.get_command", lambda app: Command())
    monkeypatch.setenv("_CONVERGEN_COMPLETE", "complete_bash")
    assert cli._run(["pre"]) == code
    assert asked == [((["pre"], "convergen"), {"standalone_mode": False})]


def test_without_words_the_help_is_shown_and_words_are_handed_on(monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "_run", lambda arguments: seen.append(arguments) or 0)
    for words in ([], ["plan", "-h"]):
        monkeypatch.setattr(sys, "argv", ["convergen", *words])
        with pytest.raises(SystemExit):
            cli.main()
    assert seen == [["--help"], ["plan", "-h"]]


def test_wrong_words_are_one_line_and_code_two(front_door):
    for words, said in (
        (["pridect"], "No such command 'pridect'"),
        (["--typo"], "No such option: --typo"),
        (["predict", "digits", "--seed"], "Option '--seed' requires an argument."),
    ):
        code, out, err = front_door(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert said in err


def test_options_are_refused_as_they_are_spelt_here(front_door):
    code, _, err = front_door("predict", "spiked", "--dim", "0")
    assert code == 2
    assert err == "convergen: error: --dim must be a whole number, at least 1, not 0.\n"


@pytest.mark.slow
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
