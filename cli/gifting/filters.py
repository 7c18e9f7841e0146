"""Options that say which products are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainspring.contracts.gifting.recommendations import GiftFilter

MinPrice = Annotated[int | None, typer.Option(min=0, help="In minor units: 1299 for 12.99.")]
MaxPrice = Annotated[int | None, typer.Option(min=0, help="In minor units.")]
Brands = Annotated[list[str] | None, typer.Option("--brand", help="A brand's id; may be repeated.")]
Excluded = Annotated[list[str] | None, typer.Option("--exclude", help="A product's id; may be repeated.")]
Featured = Annotated[bool, typer.Option("--featured", help="Only featured products.")]
Occasions = Annotated[list[str] | None, typer.Option("--occasion", help="Such as birthday; may be repeated.")]


def filter_of(
    min_price: int | None,
    max_price: int | None,
    brands: Sequence[str] | None,
    excluded: Sequence[str] | None,
    occasions: Sequence[str] | None,
    *,
    is_featured: bool,
) -> GiftFilter:
    """Return what options say.

    Raises BadInput: when a value is not accepted.
    """
    from mainspring.client.validation import validated_as
    from mainspring.contracts.gifting.recommendations import GiftFilter

    given: dict[str, Any] = {
        "min_price_cents": min_price,
        "max_price_cents": max_price,
        "brand_ids": list(brands or ()),
        "exclude_product_ids": list(excluded or ()),
        "occasions": list(occasions or ()),
        "is_featured": True if is_featured else None,
    }
    return validated_as(GiftFilter, given)
