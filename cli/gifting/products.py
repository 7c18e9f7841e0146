"""Products of the catalogue: loaded from files, listed and shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import with_service
from mainspring.cli.gifting.models import show_runs
from mainspring.cli.output import AsJson, show_facts, show_json, show_table
from mainspring.client.times import when

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.contracts.gifting.details import ProductDetail
    from mainspring.contracts.gifting.enrichment import Enrichment
    from mainspring.contracts.shop.catalogue import StoredProduct

commands = typer.Typer(no_args_is_help=True, help=__doc__)


@commands.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with a header, a JSON list of objects, JSON lines: see docs/gifting.md."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Load products, and have those enriched and embedded that are new or different.

    Good entries are loaded, bad ones reported. Exit code 2 when an entry was bad.
    """
    from mainspring.cli.imports import show_import
    from mainspring.client.gifting.product_imports import import_catalogue

    async def work(service: Service) -> int:
        return await show_import(file, partial(import_catalogue, service.products), as_json=as_json)

    with_service(work)


@commands.command("list")
def list_(
    *,
    shown: Annotated[
        bool | None, typer.Option("--shown/--hidden", help="Only those published and visible, or the others.")
    ] = None,
    brand: Annotated[str | None, typer.Option(help="Of the brand of this id.")] = None,
    after: Annotated[str, typer.Option(help="Those whose ids come after this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List products in the order of their ids."""

    async def work(service: Service) -> None:
        found = await service.products.products(after=after, limit=limit, is_shown=shown, brand_id=brand)
        if as_json:
            show_json([each.model_dump(mode="json") for each in found])
            return
        show_table(("id", "title", "brand", "price", "status"), [_row(each) for each in found])

    with_service(work)


@commands.command("show")
def show(
    product_id: Annotated[str, typer.Argument(help="The product's id.")], *, as_json: AsJson = False
) -> None:
    """Show a product with its brand and variants, its enrichment and the last model runs about it."""

    async def work(service: Service) -> None:
        product = await service.products.detail(product_id)
        if as_json:
            show_json(product.model_dump(mode="json"))
        else:
            _show(product)

    with_service(work)


def _show(product: ProductDetail) -> None:
    facts = [
        ("title", escape(product.title)),
        ("brand", escape(product.brand.name) if product.brand else ""),
        ("status", _status(product)),
        ("price", _price(product.price_cents, product.currency)),
        ("featured", "yes" if product.is_featured else ""),
        ("in short", escape(product.short_description or "")),
        ("gift tags", escape(", ".join(product.gift_tags))),
        ("occasions", escape(", ".join(product.occasion_fit))),
        ("style", escape(", ".join(product.style_tags))),
        ("changed", when(product.changed_at)),
    ]
    show_facts("product", escape(product.id), facts)
    rows = [
        (
            escape(each.id),
            escape(", ".join(f"{name} {value}" for name, value in each.options.items())),
            _price(each.price_cents, each.currency),
            "" if each.stock is None else str(each.stock),
        )
        for each in product.variants
    ]
    if rows:
        show_table(("variant", "options", "price", "stock"), rows)
    if product.enrichment is not None:
        show_facts("enriched", when(product.enrichment.updated_at), _added(product.enrichment))
    if product.model_runs:
        show_runs(product.model_runs)


def _added(enrichment: Enrichment) -> list[tuple[str, str]]:
    words = {
        "gift tags": enrichment.gift_tags,
        "occasions": enrichment.occasion_fit,
        "style": enrichment.style_tags,
        "recipient": enrichment.recipient_traits,
        "interests": enrichment.recipient_interests,
    }
    return [
        ("by", escape(f"{enrichment.model}, prompt {enrichment.prompt_version}")),
        ("in short", escape(enrichment.short_description)),
        *((name, escape(", ".join(each))) for name, each in words.items()),
        ("price band", enrichment.price_band.value),
    ]


def _row(product: StoredProduct) -> tuple[str, ...]:
    brand = product.brand.name if product.brand else ""
    price = _price(product.price_cents, product.currency)
    return escape(product.id), escape(product.title), escape(brand), price, _status(product)


def _status(product: StoredProduct) -> str:
    is_hidden = not product.visible_to_gifter
    return escape(f"{product.status}, hidden" if is_hidden else product.status)


def _price(minor: int | None, currency: str | None) -> str:
    # How many digits are behind the point is the currency's affair.
    return "" if minor is None else f"{minor:,} minor units {currency or ''}".strip()
