"""Loading products of a catalogue from files, and from what a caller lists."""

from collections.abc import Sequence

from mainspring.client.gifting.products import Products
from mainspring.client.imports import Imported, Key, OnRejected, Refused, Source, ignore, import_file
from mainspring.contracts.shop.product_rows import ProductRow


async def import_catalogue(products: Products, source: Source, on_rejected: OnRejected = ignore) -> Imported:
    """Load products, a thousand in each transaction; the same file again starts nothing.

    A row without `changed_at` is the state of now.
    """

    async def store(rows: Sequence[ProductRow]) -> Refused:
        told = [row.catalogued(products.now()) for row in rows]
        refused: dict[Key, str] = {
            (each.id,): problem for each in told if (problem := products.too_late(each)) is not None
        }
        await products.save_products([each for each in told if (each.id,) not in refused])
        return refused

    return await import_file(source, ProductRow, store, _id, on_rejected=on_rejected)


def _id(row: ProductRow) -> Key:
    return (row.id,)
