"""A product with what models have made of it."""

from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.contracts.models import ModelRun
from mainspring.contracts.shop.catalogue import StoredProduct


class ProductDetail(StoredProduct):
    """A product with its enrichment, if it has one, and the last model runs about it, the newest first."""

    enrichment: Enrichment | None = None
    model_runs: tuple[ModelRun, ...] = ()
