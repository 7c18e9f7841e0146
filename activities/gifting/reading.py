"""What enriching and embedding read of products, in the transaction that claims their tasks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from mainspring.activities.runtime.queue import QueueTask
from mainspring.contracts.gifting.enrichment import Enrichment, WhySkipped
from mainspring.contracts.gifting.products import EmbedProduct, EnrichProduct
from mainspring.contracts.shop.catalogue import StoredProduct
from mainspring.storage.database import Session
from mainspring.storage.gifting import EnrichmentRepository
from mainspring.storage.shop import CatalogueRepository

In = TypeVar("In", EnrichProduct, EmbedProduct)


@dataclass(frozen=True)
class Known:
    """A product as it is stored, if it is, and its enrichment, if it has one."""

    product: StoredProduct | None = None
    enrichment: Enrichment | None = None

    @property
    def hidden(self) -> WhySkipped | None:
        """Why nothing is to be done about the product, if that is so."""
        if self.product is None:
            return WhySkipped.NOT_FOUND
        return None if self.product.is_shown else WhySkipped.NOT_SHOWN


def by_workspace(tasks: Sequence[QueueTask[In]]) -> Mapping[str, Sequence[QueueTask[In]]]:
    """Return the tasks of each workspace, in the order of the workspaces' names."""
    found: defaultdict[str, list[QueueTask[In]]] = defaultdict(list)
    for task in tasks:
        found[task.workspace].append(task)
    return dict(sorted(found.items()))


async def read_products(session: Session, tasks: Sequence[QueueTask[In]]) -> dict[UUID, Known]:
    """Return what is known of the product of each task: one look for all products of a workspace."""
    known: dict[UUID, Known] = {}
    for workspace, own in by_workspace(tasks).items():
        ids = {task.input.product_id for task in own}
        products = await CatalogueRepository(session, workspace).of_ids(ids)
        enrichments = await EnrichmentRepository(session, workspace).of_ids(ids)
        known |= {
            task.id: Known(products.get(task.input.product_id), enrichments.get(task.input.product_id))
            for task in own
        }
    return known
