"""What commands do where nothing is said: users' habits and written examples depend on it."""

import click
import typer.main

from convergen.cli import build


def _parameters(command):
    group = typer.main.get_command(build())
    return group.get_command(click.Context(group), command).params


def defaults(command):
    """Default by parameter, of those that have one other than off, none or empty."""
    return {
        each.name: getattr(each.default, "value", each.default)
        for each in _parameters(command)
        if each.default not in (None, False, (), [])
    }


def limits(command):
    """Default and least value by parameter, of those that have a least one."""
    found = {
        each.name: (each.default, getattr(each.type, "min", None)) for each in _parameters(command)
    }
    return {name: values for name, values in found.items() if values[1] is not None}


def hidden(command):
    """Parameters that no help shows."""
    return [each.name for each in _parameters(command) if getattr(each, "hidden", False)]
