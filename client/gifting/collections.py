"""Collections: what is shown, and making them by hand."""

import datetime as dt
from uuid import UUID

from mainspring.client.jobs import Jobs
from mainspring.contracts.gifting.collections import (
    Collection,
    CollectionsOfDay,
    GenerateCollections,
    Surface,
)
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import CollectionRepository, GiftRepository
from mainspring.workflows.gifting.collections import GENERATE


class GiftCollections:
    """The collections of a workspace."""

    def __init__(self, database: Database, jobs: Jobs, clock: Clock) -> None:
        self._database = database
        self._jobs = jobs
        self._clock = clock

    async def collections(self, surface: Surface, date: dt.date | None = None) -> CollectionsOfDay:
        """Return the collections of a surface: of a day, today in UTC if not given, or the last before it.

        Products that are not published or visible any more are left out, and so is a collection of only such.
        """
        until = date or self._clock.now().date()
        return await self._database.read(lambda session: self._shown(session, surface, until))

    async def generate(self, request: GenerateCollections, *, triggered_by: str = "manual") -> UUID:
        """Start making the collections of a surface, of today in UTC if no date is given; return the task."""
        date = request.date or self._clock.now().date()
        dated = request.model_copy(update={"date": date, "triggered_by": request.triggered_by or "manual"})
        started = await self._jobs.start(GENERATE, dated, priority=4, triggered_by=triggered_by)
        return started.id

    async def _shown(self, session: Session, surface: Surface, until: dt.date) -> CollectionsOfDay:
        day = await CollectionRepository(session, self._jobs.workspace).latest(surface, until)
        if day is None:
            return CollectionsOfDay(surface=surface, date=None, generated_at=None, items=())
        ids = {each for collection in day.collections for each in collection.product_ids}
        gifts = await GiftRepository(session, self._jobs.workspace).of_ids(ids)
        items = [
            Collection(
                position=position,
                kind=each.kind,
                theme=each.theme,
                title=each.title,
                items=tuple(gifts[id_].product for id_ in each.product_ids if id_ in gifts),
            )
            for position, each in enumerate(day.collections)
        ]
        shown = tuple(each for each in items if each.items)
        return CollectionsOfDay(surface=surface, date=day.date, generated_at=day.generated_at, items=shown)
