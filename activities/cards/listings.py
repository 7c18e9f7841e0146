"""Fetching listings of many pages: the sets of games, the cards of sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from activities.cards.access import Access, KeyRing
from activities.cards.stretch import REQUESTS_PER_STRETCH, Stretch
from activities.metering import MeteredCalls, QuotaUsedUp
from contracts.cards import ListingProgress
from contracts.tasks import TaskError
from domain.cards import ListingCursor
from domain.quota import Usage
from gateways.clock import Clock
from gateways.errors import CredentialsRefused, Refused
from gateways.justtcg import JustTcg
from storage.cards import CatalogueRepository, TrackedRepository
from storage.database import Database, Session
from storage.tasks import TaskRepository


@dataclass(frozen=True, slots=True)
class Page:
    """A page of any listing, in the vendor's order; the next one starts at `next_offset`."""

    items: Sequence[Any]
    next_offset: int
    has_more: bool
    total: int | None
    malformed: int
    usage: Usage | None


class Listing(Protocol):
    """What differs between the listings."""

    def tracked(self, session: Session) -> TrackedRepository:
        """Return what accounts follow."""
        ...

    async def fetch(self, access: Access, cursor: ListingCursor) -> Page:
        """Ask for the page at the cursor."""
        ...

    async def store(self, session: Session, items: Sequence[Any], now: datetime) -> int:
        """Store a page's items; return how many prices changed."""
        ...


class SetListing:
    """The sets of a game."""

    def __init__(self, justtcg: JustTcg) -> None:
        self._justtcg = justtcg

    def tracked(self, session: Session) -> TrackedRepository:
        """Return the tracked games."""
        return TrackedRepository.games(session)

    async def fetch(self, access: Access, cursor: ListingCursor) -> Page:
        """Ask for a page of sets."""
        size = access.plan.items_per_request
        page = await self._justtcg.sets(access.api_key, cursor.item_id, size, cursor.next_offset)
        return Page(page.sets, page.next_offset, page.has_more, page.total, page.malformed, page.usage)

    async def store(self, session: Session, items: Sequence[Any], now: datetime) -> int:
        """Store sets, which have no prices."""
        await CatalogueRepository(session).store_sets(items, now=now)
        return 0


class CardListing:
    """The cards of a set."""

    def __init__(self, justtcg: JustTcg) -> None:
        self._justtcg = justtcg

    def tracked(self, session: Session) -> TrackedRepository:
        """Return the tracked sets."""
        return TrackedRepository.sets(session)

    async def fetch(self, access: Access, cursor: ListingCursor) -> Page:
        """Ask for a page of cards."""
        size = access.plan.items_per_request
        page = await self._justtcg.cards(access.api_key, cursor.item_id, size, cursor.next_offset)
        return Page(page.cards, page.next_offset, page.has_more, page.total, page.malformed, page.usage)

    async def store(self, session: Session, items: Sequence[Any], now: datetime) -> int:
        """Store cards, variants and changed prices."""
        return await CatalogueRepository(session).store_cards(items, now=now)


class ListingStretch(Stretch):
    """Works through the listings that are due, page by page."""

    def __init__(
        self, database: Database, calls: MeteredCalls, keys: KeyRing, clock: Clock, listing: Listing
    ) -> None:
        super().__init__(database, calls, keys, clock)
        self._listing = listing

    async def work(self, given: ListingProgress) -> ListingProgress:
        """Fetch pages until the stretch's budget is used, nothing is due, or a quota is used up."""
        progress = await self._resume(given)
        access = await self._keys.access_of(progress.account_id)
        for _ in range(REQUESTS_PER_STRETCH):
            progress, cursor = await self._next_due(progress)
            if cursor is None:
                return progress.model_copy(update={"finished": True, "pause": None})
            try:
                progress = await self._fetch_page(access, progress, cursor)
            except QuotaUsedUp as used_up:
                return progress.model_copy(update={"pause": used_up.pause})
            except CredentialsRefused:
                raise
            except Refused as refusal:
                # One listing that the vendor refuses must not keep the others back: the result names it.
                progress = await self._pass_over(progress, cursor, refusal)
        return progress.model_copy(update={"pause": None})

    async def _next_due(self, progress: ListingProgress) -> tuple[ListingProgress, ListingCursor | None]:
        async def look(session: Session) -> tuple[ListingProgress, ListingCursor | None]:
            tracked = self._listing.tracked(session)
            total = progress.total
            if total is None:
                total = await tracked.count_due(progress.account_id, cutoff=progress.cutoff)
            cursors = await tracked.due(
                progress.account_id, cutoff=progress.cutoff, skip=progress.failed, limit=1
            )
            return progress.model_copy(update={"total": total}), next(iter(cursors), None)

        return await self._database.read(look)

    async def _fetch_page(
        self, access: Access, progress: ListingProgress, cursor: ListingCursor
    ) -> ListingProgress:
        cursor = cursor.resumed(self._clock.now())
        page = await self._call(access, progress, lambda: self._listing.fetch(access, cursor))
        now = self._clock.now()

        async def store(session: Session) -> ListingProgress:
            changed = await self._listing.store(session, page.items, now)
            await self._listing.tracked(session).advance(
                progress.account_id,
                cursor.item_id,
                next_offset=page.next_offset if page.has_more else None,
                started_at=cursor.started_at or now,
                now=now,
            )
            after = progress.model_copy(
                update={
                    "processed": progress.processed + (not page.has_more),
                    "items": progress.items + len(page.items),
                    "prices_changed": progress.prices_changed + changed,
                    "malformed": progress.malformed + page.malformed,
                    "requests": progress.requests + 1,
                }
            )
            await self._checkpoint(session, after, _step(cursor, page), part=_part(page))
            return after

        return await self._database.transact(store)

    async def _pass_over(
        self, progress: ListingProgress, cursor: ListingCursor, refusal: Refused
    ) -> ListingProgress:
        entry = TaskError(
            at=self._clock.now(),
            step=cursor.item_id,
            error_type=type(refusal).__name__,
            message=str(refusal),
        )
        after = progress.model_copy(
            update={
                "processed": progress.processed + 1,
                "failed": (*progress.failed, cursor.item_id),
                "requests": progress.requests + 1,
            }
        )

        async def store(session: Session) -> None:
            await TaskRepository(session).append_error(progress.task_id, entry)
            await self._checkpoint(session, after, cursor.item_id)

        await self._database.transact(store)
        return after


def _part(page: Page) -> float:
    """Return which part of a listing that goes on has been stored."""
    return page.next_offset / page.total if page.has_more and page.total else 0


def _step(cursor: ListingCursor, page: Page) -> str:
    of_total = "" if page.total is None else f" of {page.total}"
    return f"{cursor.item_id}: {page.next_offset}{of_total}"
