"""Occasions from outside: adding, moving and removing them, and what became of their reminders."""

from collections.abc import Collection, Sequence

from mainspring.client.errors import EntryUnknown
from mainspring.client.gifting.reminder_clock import ReminderClock
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.gifting.occasions import Occasion, OccasionTimeline
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.gifting import OccasionRepository
from mainspring.storage.gifting.timelines import TimelineRepository


class Occasions:
    """The occasions of a workspace, with their reminders. Storing the same again changes nothing.

    What is stored is stored with its reminders in one transaction, whether or not Temporal is there. An
    occasion that is there is overwritten whole: so it is moved. Of two with the same id the last one wins.
    """

    def __init__(
        self,
        database: Database,
        temporal: TemporalGateway,
        clock: Clock,
        *,
        workspace: str = DEFAULT_WORKSPACE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._reminder_clock = ReminderClock(temporal)
        self._workspace = checked_workspace(workspace)

    async def store(self, occasions: Sequence[Occasion]) -> set[str]:
        """Store occasions, a thousand in each transaction; return the users who are not known.

        The occasions of these are left out.
        """
        unknown: set[str] = set()
        for chunk in chunks(occasions):
            unknown |= await self._database.transact(lambda session: self._store(session, chunk))  # noqa: B023
        return unknown

    async def _store(self, session: Session, occasions: Sequence[Occasion]) -> set[str]:
        before = await self._reminder_clock.first_moment(session)
        repository = OccasionRepository(session, self._workspace)
        unknown = await repository.store(occasions, now=self._clock.now())
        await self._reminder_clock.heed(session, before)
        return unknown

    async def follow_zones(self, session: Session, user_ids: Collection[str]) -> None:
        """Plan anew what users are reminded of by their own zone, which has changed in this transaction."""
        before = await self._reminder_clock.first_moment(session)
        await OccasionRepository(session, self._workspace).replan_of(user_ids, now=self._clock.now())
        await self._reminder_clock.heed(session, before)

    async def find(self, *, user_id: str | None = None, after: str = "", limit: int = 50) -> list[Occasion]:
        """Return occasions in the order of their ids, those that come after `after`."""
        return await self._database.read(
            lambda session: OccasionRepository(session, self._workspace).find(
                user_id=user_id, after=after, limit=limit
            )
        )

    async def timeline(self, occasion_id: str) -> OccasionTimeline:
        """Return an occasion with its reminders.

        Raises EntryUnknown: when there is none of this id.
        """

        async def look(session: Session) -> OccasionTimeline | None:
            found = await OccasionRepository(session, self._workspace).get(occasion_id)
            if found is None:
                return None
            reminders = await TimelineRepository(session, self._workspace).reminders(occasion_id)
            return OccasionTimeline(occasion=found.occasion, time_zone=found.zone, reminders=tuple(reminders))

        timeline = await self._database.read(look)
        if timeline is None:
            raise EntryUnknown("occasion", occasion_id)
        return timeline

    async def remove(self, occasion_id: str) -> None:
        """Remove an occasion: nobody is reminded of it any more.

        Raises EntryUnknown: when there is none of this id.
        """
        if not await self._database.transact(
            lambda session: OccasionRepository(session, self._workspace).remove(occasion_id)
        ):
            raise EntryUnknown("occasion", occasion_id)
