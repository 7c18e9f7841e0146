"""Gifting: the products of a catalogue, and the occasions that people are reminded of."""

import typer

from mainspring.cli.gifting import occasions, products

commands = typer.Typer(no_args_is_help=True, help=__doc__)
commands.add_typer(occasions.commands, name="occasions")
commands.add_typer(products.commands, name="products")
