"""Gifting: products, taste profiles, recommendations, collections, reminders of occasions, model runs."""

import typer

from mainspring.cli.gifting import collections, models, occasions, products, profiles
from mainspring.cli.gifting.index import index
from mainspring.cli.gifting.recommend import recommend

commands = typer.Typer(no_args_is_help=True, help=__doc__)
commands.add_typer(products.commands, name="products")
commands.add_typer(profiles.commands, name="profiles")
commands.command("recommend")(recommend)
commands.add_typer(collections.commands, name="collections")
commands.add_typer(occasions.commands, name="occasions")
commands.command("model-runs")(models.model_runs)
commands.command("index")(index)
