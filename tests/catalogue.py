"""Products of a catalogue, for tests."""

from datetime import UTC, datetime, timedelta

from mainspring.contracts.shop.catalogue import CatalogueProduct

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def catalogued(number: int, *, minute: int = 0, **more: object) -> CatalogueProduct:
    """Return a product that is shown, as of some minutes after noon."""
    given = {
        "id": f"p{number:05}",
        "title": f"Product {number}",
        "status": "published",
        "visible_to_gifter": True,
        "changed_at": NOON + timedelta(minutes=minute),
        "brand": {"id": "northwind", "name": "Northwind"},
        "description": f"A product, the {number}th",
        "price_cents": 1_000 + number,
        "currency": "EUR",
        "gift_tags": ("outdoor",),
        "variants": [{"id": "s", "options": {"size": "S"}, "stock": 3}, {"id": "l", "stock": 0}],
    }
    return CatalogueProduct.model_validate(given | more)
