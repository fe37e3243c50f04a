"""The table of commands and the help of each."""

from convergen import cli
from convergen.commands import COMMANDS


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
