"""Gifting: the products of a catalogue, what models were asked about them, and occasions."""

import typer

from mainspring.cli.gifting import models, occasions, products

commands = typer.Typer(no_args_is_help=True, help=__doc__)
commands.command("model-runs")(models.model_runs)
commands.add_typer(occasions.commands, name="occasions")
commands.add_typer(products.commands, name="products")
