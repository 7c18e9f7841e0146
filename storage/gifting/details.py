"""A product with what models have made of it, from three tables."""

from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.details import ProductDetail
from mainspring.storage.gifting.enrichments import EnrichmentRepository
from mainspring.storage.models import ModelRunRepository
from mainspring.storage.shop import CatalogueRepository

# So many model runs are shown of a product.
RUNS_SHOWN = 5


async def product_detail(session: AsyncSession, workspace: str, product_id: str) -> ProductDetail | None:
    """Return a product of a workspace, shown or not; None when there is none of this id."""
    product = await CatalogueRepository(session, workspace).get(product_id)
    if product is None:
        return None
    enrichments = await EnrichmentRepository(session, workspace).of_ids([product_id])
    runs = await ModelRunRepository(session, workspace).find(subject=product_id, limit=RUNS_SHOWN)
    return ProductDetail.model_construct(
        **{name: getattr(product, name) for name in type(product).model_fields},
        enrichment=enrichments.get(product_id),
        model_runs=tuple(runs),
    )
