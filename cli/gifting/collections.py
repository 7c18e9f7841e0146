"""Collections: what each surface shows, and making them by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import with_service
from mainspring.cli.gifting.filters import (
    Brands,
    Excluded,
    Featured,
    MaxPrice,
    MinPrice,
    Occasions,
    filter_of,
)
from mainspring.cli.gifting.recommend import price_of
from mainspring.cli.output import AsJson, echo, show_json, show_table, tell
from mainspring.client.errors import BadInput
from mainspring.contracts.gifting.collections import MOST_COLLECTIONS, MOST_PRODUCTS, Surface

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

OfSurface = Annotated[Surface, typer.Argument(help="Where they are shown.")]
OfDate = Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Today in UTC by default.")]


@commands.command("show")
def show(surface: OfSurface, *, date: OfDate = None, as_json: AsJson = False) -> None:
    """Show the collections of a surface: those of a day, or of the last day before it that has any."""

    async def work(service: Service) -> None:
        found = await service.gift_collections.collections(surface, _day(date))
        if as_json:
            show_json(found.model_dump(mode="json"))
            return
        echo(f"{surface}, {found.date}" if found.date else f"{surface}: no collection yet")
        for each in found.items:
            rows = [(escape(item.title), price_of(item)) for item in each.items]
            show_table(("product", "price"), rows, title=escape(each.title))

    with_service(work)


@commands.command("generate")
def generate(
    surface: OfSurface,
    *,
    date: OfDate = None,
    count: Annotated[int, typer.Option(min=1, max=MOST_COLLECTIONS, help="How many collections.")] = 6,
    size: Annotated[int, typer.Option(min=1, max=MOST_PRODUCTS, help="How many products in each.")] = 8,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    brand: Brands = None,
    exclude: Excluded = None,
    occasion: Occasions = None,
    featured: Featured = False,
    as_json: AsJson = False,
) -> None:
    """Start making the collections of a surface, in the place of those of the day."""

    async def work(service: Service) -> None:
        from mainspring.contracts.gifting.collections import GenerateCollections

        request = GenerateCollections(
            surface=surface,
            date=_day(date),
            collections_count=count,
            products_per_collection=size,
            filters=filter_of(min_price, max_price, brand, exclude, occasion, is_featured=featured),
        )
        task_id = await service.gift_collections.generate(request)
        tell(f"task {task_id}", as_json, task_id=str(task_id))

    with_service(work)


def _day(given: str | None) -> dt.date | None:
    try:
        return None if given is None else dt.date.fromisoformat(given)
    except ValueError:
        raise BadInput(f"--date: {given!r} is not accepted: a date such as 2026-12-24") from None
