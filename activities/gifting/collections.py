"""Making collections: their products are chosen, and then they take the place of those that are there."""

import asyncio

from temporalio import activity

from mainspring.activities.runtime.retry import RetryPolicy, retried
from mainspring.contracts.gifting.collections import (
    CollectionsGenerated,
    CurateCollections,
    Draft,
    PublishCollections,
    WorkspaceNames,
    WorkspacesWithGifts,
)
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.themes import Curation, Theme, compared, smallest_sizes, themes
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import (
    CollectionRepository,
    GiftRepository,
    VectorRepository,
    workspaces_with_gifts,
)
from mainspring.storage.ledger import TaskQueries

# The day has one set of them: it is tried a little longer.
PATIENCE = RetryPolicy(application_attempts=5)


class CollectionActivities:
    """Makes collections."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @activity.defn(name="gifting.workspaces_with_gifts")
    @retried(PATIENCE)
    async def workspaces(self, _request: WorkspacesWithGifts) -> WorkspaceNames:
        """Name the workspaces that show products. Reads only."""
        return WorkspaceNames(names=tuple(await self._database.read(workspaces_with_gifts)))

    @activity.defn(name="gifting.curate_collections")
    @retried(PATIENCE)
    async def curate(self, request: CurateCollections) -> Draft:
        """Choose the products of collections, each in one of them at most. Reads only."""
        asked = request.request
        curation = Curation(asked.products_per_collection)

        async def choose(session: Session) -> None:
            workspace = await TaskQueries(session).workspace_of(request.task_id)
            products = await GiftRepository(session, workspace).tagged(asked.filters)
            found = await asyncio.to_thread(themes, products, asked.surface, request.date)
            vectors = VectorRepository(session, workspace)
            for smallest in smallest_sizes(asked.products_per_collection):
                for theme in found:
                    if len(curation.collections) == asked.collections_count:
                        return
                    if curation.may_take(theme, smallest):
                        await _take(curation, theme, vectors, request, smallest)

        await self._database.read(choose)
        return Draft(collections=tuple(curation.collections))

    @activity.defn(name="gifting.publish_collections")
    @retried(PATIENCE)
    async def publish(self, request: PublishCollections) -> CollectionsGenerated:
        """Put collections in the place of those of their surface and day, in one transaction."""
        asked, collections = request.request, request.draft.collections

        async def replace(session: Session) -> None:
            workspace = await TaskQueries(session).workspace_of(asked.task_id)
            await CollectionRepository(session, workspace).replace(
                asked.request.surface, asked.date, collections, now=self._clock.now()
            )

        if collections:
            await self._database.transact(replace)
        return CollectionsGenerated(
            surface=asked.request.surface,
            date=asked.date,
            collections=len(collections),
            products=sum(len(each.product_ids) for each in collections),
            titled_by=request.draft.titled_by,
        )


async def _take(
    curation: Curation, theme: Theme, vectors: VectorRepository, request: CurateCollections, smallest: int
) -> None:
    found = await vectors.of_subjects(VectorKind.PRODUCT, compared(theme, request.date))
    await asyncio.to_thread(curation.take, theme, found, smallest)
