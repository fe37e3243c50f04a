"""What commands do where nothing is said: users' habits and written examples depend on it."""

import click
import typer.main

from convergen.cli import build


def defaults(command):
    """Default by parameter, of those that have one other than off, none or empty."""
    group = typer.main.get_command(build())
    found = group.get_command(click.Context(group), command)
    return {
        each.name: getattr(each.default, "value", each.default)
        for each in found.params
        if each.default not in (None, False, (), [])
    }
