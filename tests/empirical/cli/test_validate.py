"""`validate`: where files go, what is opened, and what is printed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from convergen.empirical.cli import validate
from convergen.empirical.cli.validate import _home, run_and_result
from convergen.theory.common.checks import InputError
from tests.commands import defaults, hidden, limits

ONSETS = "convergen.empirical.validate.memorisation_report"


@pytest.fixture
def called(monkeypatch):
    """The command without its work: what is opened, saved, drawn and written."""
    done = {}

    class Targets:
        def __init__(self, out, plot, html):
            done.update(out=out, plot=plot, html=html)

        def save(self, make):
            done["saved"] = make()

        def draw(self, draw):
            done["drawn"] = draw("file")

        def write_page(self, make):
            done["page"] = make()

        def say(self, *, json):
            done["said"] = json

    monkeypatch.setattr(validate, "Targets", Targets)
    source = SimpleNamespace(experiment="experiment")
    monkeypatch.setattr(validate, "run_and_result", lambda path: (source, f"result of {path.name}"))
    answers = {
        "convergen.empirical.validate.requests.validate_run": lambda run, result: (
            f"found of {result}"
        ),
        "convergen.empirical.validate.report.validation_json": lambda *given: {"of": given},
        "convergen.empirical.validate.report.validation_text": lambda *given: f"text of {given}, ",
        f"{ONSETS}.onsets": lambda run, result: ("times", "refusal"),
        f"{ONSETS}.onsets_json": lambda times: {"onsets": times},
        f"{ONSETS}.onsets_text": lambda *given: f"onsets of {given}",
    }
    for name, answer in answers.items():
        monkeypatch.setattr(name, answer)
    app = typer.Typer()
    validate.register(app, lambda *given: ("draw", *given), lambda *given: ("page", *given))

    def call(*arguments):
        result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output, done

    return call


def test_files_lie_in_the_run_unless_told_otherwise(called, tmp_path):
    text, done = called(tmp_path)
    found = f"found of result of {tmp_path.name}"
    assert text == f"text of ('experiment', '{found}'), onsets of ('times', 'refusal')\n"
    assert (done["out"], done["plot"]) == (tmp_path / "validation.nc", tmp_path / "validation.pdf")
    assert done["html"] is None
    assert done["saved"] == found
    assert done["drawn"] == ("draw", found, "file")
    assert done["page"] == ("page", "experiment", found, "times")
    assert done["said"] is False
    result = tmp_path / "result.nc"
    result.touch()
    _, done = called(result, "--plot", tmp_path / "x.png", "--html", tmp_path / "x.html")
    assert (done["out"], done["plot"]) == (tmp_path / "validation.nc", tmp_path / "x.png")
    assert done["html"] == tmp_path / "x.html"
    _, done = called(result, "--out", tmp_path / "y.nc")
    assert (done["out"], done["plot"]) == (tmp_path / "y.nc", tmp_path / "validation.pdf")


def test_json_is_one_object(called, tmp_path):
    text, done = called(tmp_path, "--json")
    said = json.loads(text)
    assert said == {"of": ["experiment", f"found of result of {tmp_path.name}"], "onsets": "times"}
    assert done["said"] is True


def test_the_home_of_a_run_or_of_a_result(tmp_path):
    file = tmp_path / "result.nc"
    file.touch()
    assert _home(tmp_path) == _home(file) == tmp_path
    with pytest.raises(InputError, match=r"there is no .*absent: give the folder of a finished"):
        _home(tmp_path / "absent")
    with pytest.raises(InputError, match=r"^cannot read "):
        _home(Path("x" * 5000))


def test_a_run_is_opened_by_its_folder_and_found_behind_a_result(monkeypatch, tmp_path):
    run = SimpleNamespace(result=lambda: "its result")
    monkeypatch.setattr("convergen.empirical.experiment.run.Run.open", lambda path: run)
    assert run_and_result(tmp_path) == (run, "its result")
    monkeypatch.setattr("convergen.theory.files.netcdf_files.load_dataset", lambda path: "loaded")
    monkeypatch.setattr(
        "convergen.empirical.experiment.run.Run.behind", lambda result, name: (result, name)
    )
    file = tmp_path / "result.nc"
    assert run_and_result(file) == (("loaded", str(file)), "loaded")


def test_what_is_done_where_nothing_is_said_and_what_is_too_little():
    assert defaults("validate") == {}
    assert limits("validate") == {}
    assert hidden("validate") == []
