"""Recommendations for a taste profile."""

from __future__ import annotations

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
from mainspring.cli.output import AsJson, echo, show_json, show_table

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.contracts.gifting.recommendations import GiftProduct


def recommend(
    profile_id: Annotated[str, typer.Argument(help="The profile's id.")],
    *,
    n: Annotated[int, typer.Option("-n", min=1, max=100, help="How many at most.")] = 10,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    brand: Brands = None,
    exclude: Excluded = None,
    occasion: Occasions = None,
    featured: Featured = False,
    as_json: AsJson = False,
) -> None:
    """Recommend products for a taste profile, each with the reason in words."""

    async def work(service: Service) -> None:
        wanted = filter_of(min_price, max_price, brand, exclude, occasion, is_featured=featured)
        found = await service.recommender.recommend(profile_id, wanted, n)
        if as_json:
            show_json(found.model_dump(mode="json"))
            return
        show_table(
            ("product", "price", "near", "reason"),
            [
                (
                    escape(each.product.title),
                    price_of(each.product),
                    f"{each.similarity:.2f}",
                    escape(each.reason),
                )
                for each in found.items
            ],
        )
        if found.renewed_by is not None:
            echo(f"The profile was edited: task {found.renewed_by} renews what is recommended.")

    with_service(work)


def price_of(product: GiftProduct) -> str:
    """Return a price for people."""
    from babel.numbers import format_currency, get_currency_precision

    if product.price_cents is None or product.currency is None:
        return ""
    amount = product.price_cents / 10 ** get_currency_precision(product.currency)
    return format_currency(amount, product.currency, locale="en")
