"""Gifting: the occasions that people are reminded of."""

import typer

from mainspring.cli.gifting import occasions

commands = typer.Typer(no_args_is_help=True, help=__doc__)
commands.add_typer(occasions.commands, name="occasions")
