"""The table of commands and the help of each."""

import sys
from pathlib import Path

import pytest
from typer.main import get_command

from convergen import cli, commands
from convergen.commands import COMMANDS
from convergen.figures.looks import style
from convergen.figures.pages import diagnosis, forecast, plan, prediction, validation
from convergen.figures.plots import checkpoints, collapse, curves
from convergen.figures.plots import forecast as forecast_plot
from convergen.figures.plots import plan as plan_plot
from convergen.figures.plots import validation as validation_plot


def test_the_table_of_commands_holds_the_first_sentence_of_each():
    """The help of all of them imports none."""
    found = get_command(cli.build()).commands
    assert list(found) == list(COMMANDS)
    for name, command in found.items():
        assert command.name == name
        assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name].words


def test_every_command_has_both_names_of_help(front_door):
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


@pytest.mark.parametrize("width", [60, 100])
def test_the_list_of_commands_fits_its_width(width):
    """Two blanks before a name, two after the longest, none lost beside the words."""
    group = get_command(cli.build())
    with group.make_context("convergen", ["doctor"]) as context:
        formatter = context.make_formatter()
        formatter.width = width
        group.format_commands(context, formatter)
    heading, *lines = formatter.getvalue().splitlines()
    assert heading == "Commands:"
    assert len(lines) == len(COMMANDS)
    assert max(map(len, lines)) <= width
    for line, (name, row) in zip(lines, COMMANDS.items(), strict=True):
        shown, words = line.split(maxsplit=1)
        assert shown == name
        assert words == row.words or (words.endswith("...") and len(line) > width - 20)
    assert any(line.endswith("...") for line in lines) == (width == 60)


def test_a_command_is_imported_once_when_it_is_looked_up(monkeypatch):
    calls = []
    row = COMMANDS["doctor"]
    watched = commands.Row(row.words, lambda app: calls.append(1) or row.register(app))
    monkeypatch.setitem(COMMANDS, "doctor", watched)
    known = commands._OnDemand()
    assert (list(known), len(known)) == (list(COMMANDS), len(COMMANDS))
    assert calls == []
    assert known["doctor"] is known["doctor"]
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("draw", "module", "given", "drawn"),
    [
        (commands._draw, curves, ("curves", "points"), ("curves", "points")),
        (commands._draw_collapse, collapse, ("curves", None), ("curves",)),
        (commands._draw_plan, plan_plot, ("curves", "rows"), ("rows", "curves")),
        (commands._draw_validation, validation_plot, ("found",), ("found",)),
        (commands._draw_forecast, forecast_plot, ("found",), ("found",)),
        (commands._draw_checkpoints, checkpoints, ("curves",), ("curves",)),
    ],
)
def test_each_command_saves_its_own_picture(monkeypatch, draw, module, given, drawn):
    monkeypatch.setattr(module, "draw", lambda *data: (module.__name__, data))
    monkeypatch.setattr(style, "save", lambda *saved: saved)
    path = Path("x.pdf")
    assert draw(*given, path) == ((module.__name__, drawn), path)


@pytest.mark.parametrize(
    ("page", "module", "given", "handed"),
    [
        (commands._diagnosis_page, diagnosis, ("found", None), ("found", "TYPED", None)),
        (commands._prediction_page, prediction, ("found", "curves"), ("found", "curves", "TYPED")),
        (commands._plan_page, plan, tuple("rsac"), (*"rsac", "TYPED")),
        (commands._forecast_page, forecast, ("title", "found"), ("title", "found", "TYPED")),
        (commands._validation_page, validation, tuple("efo"), (*"efo", "TYPED")),
    ],
)
def test_pages_say_what_was_typed(monkeypatch, page, module, given, handed):
    monkeypatch.setattr(sys, "argv", ["/any/where", "measure", "--html", "my page.html"])
    monkeypatch.setattr(module, "page", lambda *found: found)
    typed = "convergen measure --html 'my page.html'"
    assert page(*given) == tuple(typed if each == "TYPED" else each for each in handed)
