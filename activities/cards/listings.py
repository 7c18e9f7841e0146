"""Fetching listings of many pages: the sets of games, the cards of sets."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring.activities.cards.calls import AccountCalls, Credential
from mainspring.activities.runtime.checkpoint import Checkpoint
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.cards import ListingProgress
from mainspring.contracts.tasks import TaskError
from mainspring.domain.cards import ListingCursor, Since
from mainspring.domain.cards.quota import Usage
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import CredentialsRefused, GatewayError, MalformedAnswer, Refused, ServerFault
from mainspring.gateways.justtcg import JustTcg
from mainspring.storage.cards import CatalogueRepository, TrackedRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ErrorLog

# How often a listing is asked for in one run at which the vendor fails: with the pauses after transient
# failures between, about two minutes.
FAULTS_BORNE = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A page of any listing, in the vendor's order; the next one starts at `next_offset`."""

    items: Sequence[Any]
    next_offset: int
    has_more: bool
    total: int | None
    malformed: int
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What differs between the listings; `store` returns how many prices changed."""

    tracked: Callable[[Session], TrackedRepository]
    fetch: Callable[[Credential, ListingCursor], Awaitable[Page]]
    store: Callable[[Session, Sequence[Any], datetime], Awaitable[int]]


def sets_of_games(justtcg: JustTcg) -> Listing:
    """Return the listing of a game's sets, which have no prices."""

    async def fetch(access: Credential, cursor: ListingCursor) -> Page:
        size = access.plan.items_per_request
        page = await justtcg.sets(access.api_key, cursor.item_id, size, cursor.next_offset)
        return Page(page.sets, page.next_offset, page.has_more, page.total, page.malformed, page.usage)

    async def store(session: Session, sets: Sequence[Any], now: datetime) -> int:
        await CatalogueRepository(session).store_sets(sets, now=now)
        return 0

    return Listing(TrackedRepository.games, fetch, store)


def cards_of_sets(justtcg: JustTcg) -> Listing:
    """Return the listing of a set's cards."""

    async def fetch(access: Credential, cursor: ListingCursor) -> Page:
        size = access.plan.items_per_request
        page = await justtcg.cards(access.api_key, cursor.item_id, size, cursor.next_offset)
        return Page(page.cards, page.next_offset, page.has_more, page.total, page.malformed, page.usage)

    async def store(session: Session, cards: Sequence[Any], now: datetime) -> int:
        return await CatalogueRepository(session).store_cards(cards, now=now)

    return Listing(TrackedRepository.sets, fetch, store)


class Overtaken(Exception):
    """Another run of the account has moved the listing on: what this one has fetched is not stored."""


class ListingBatches:
    """Works through the listings that are due, page by page."""

    def __init__(self, database: Database, calls: AccountCalls, clock: Clock, listing: Listing) -> None:
        self._database = database
        self._checkpoint = Checkpoint(database, clock, ListingProgress)
        self._calls = calls
        self._clock = clock
        self._listing = listing

    async def work(self, request: ListingProgress) -> ListingProgress:
        """Fetch pages until the batch's requests are used, nothing is due, or a quota is used up."""
        progress = await self._counted(await self._checkpoint.resume(request))
        return await self._calls.work_pages(progress, self._page)

    async def _counted(self, progress: ListingProgress) -> ListingProgress:
        if progress.total is not None:
            return progress
        since = self._since(progress)
        total = await self._database.read(
            lambda session: self._listing.tracked(session).count_due(progress.account_id, since=since)
        )
        return progress.model_copy(update={"total": total})

    def _since(self, progress: ListingProgress) -> Since:
        return Since.cutoff(progress.cutoff, self._clock.now())

    async def _page(self, access: Credential, progress: ListingProgress) -> ListingProgress:
        cursor = await self._next_due(progress)
        if cursor is None:
            return progress.model_copy(update={"finished": True})
        try:
            return await self._fetch_page(access, progress, cursor)
        except Overtaken:
            return progress  # what is due next is another page now
        except CredentialsRefused:
            raise
        except (Refused, MalformedAnswer) as refusal:
            # One listing that the vendor refuses must not keep the others back: the result names it.
            return await self._pass_over(progress, cursor, refusal)
        except ServerFault as fault:
            after = await self._set_aside(progress, cursor, fault)
            if cursor.item_id not in after.failed:
                raise
            return after

    async def _next_due(self, progress: ListingProgress) -> ListingCursor | None:
        async def look(session: Session) -> ListingCursor | None:
            tracked, since = self._listing.tracked(session), self._since(progress)
            cursors: list[ListingCursor] = []
            # What the vendor has failed at comes after everything else.
            for skip in ({*progress.failed, *progress.faulty}, progress.failed):
                cursors = cursors or await tracked.due(progress.account_id, since=since, skip=skip, limit=1)
            return next(iter(cursors), None)

        return await self._database.read(look)

    async def _fetch_page(
        self, access: Credential, progress: ListingProgress, cursor: ListingCursor
    ) -> ListingProgress:
        start = cursor.resumed(self._clock.now())
        page = await self._calls.call(access, progress.task_id, lambda: self._listing.fetch(access, start))
        now = self._clock.now()

        async def store(session: Session) -> ListingProgress:
            changed = await self._listing.store(session, page.items, now)
            after = progress.model_copy(
                update={
                    "processed": progress.processed + (not page.has_more),
                    "items": progress.items + len(page.items),
                    "prices_changed": progress.prices_changed + changed,
                    "malformed": progress.malformed + page.malformed,
                    "requests": progress.requests + 1,
                }
            )
            # First whether this attempt was taken for dead, which ends it, then whether there is a rival.
            await self._save(session, after, _step(cursor, page), part=_part(page))
            has_moved = await self._listing.tracked(session).advance(
                progress.account_id,
                cursor,
                next_offset=page.next_offset if page.has_more else None,
                started_at=start.started_at or now,
                now=now,
            )
            if not has_moved:
                raise Overtaken
            return after

        return await outlast(lambda: self._database.transact(store))

    async def _set_aside(
        self, progress: ListingProgress, cursor: ListingCursor, fault: ServerFault
    ) -> ListingProgress:
        """Note a fault of the vendor's for the next attempt; pass over a listing at which it fails always."""
        if progress.faulty.count(cursor.item_id) + 1 >= FAULTS_BORNE:
            return await self._pass_over(progress, cursor, fault)
        after = progress.model_copy(
            update={"faulty": (*progress.faulty, cursor.item_id), "requests": progress.requests + 1}
        )
        await outlast(
            lambda: self._database.transact(lambda session: self._save(session, after, cursor.item_id))
        )
        return after

    async def _pass_over(
        self, progress: ListingProgress, cursor: ListingCursor, refusal: GatewayError
    ) -> ListingProgress:
        now = self._clock.now()
        entry = TaskError(
            at=now,
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
            await ErrorLog(session).append(progress.task_id, entry)
            await self._save(session, after, cursor.item_id)
            await self._listing.tracked(session).mark_refused(progress.account_id, cursor.item_id, now=now)

        await outlast(lambda: self._database.transact(store))
        return after

    async def _save(self, session: Session, progress: ListingProgress, step: str, *, part: float = 0) -> None:
        await self._checkpoint.save(
            session, progress, processed=progress.processed, total=progress.total, part=part, step=step
        )


def _part(page: Page) -> float:
    """Return which part of a listing that goes on has been stored."""
    return page.next_offset / page.total if page.has_more and page.total else 0


def _step(cursor: ListingCursor, page: Page) -> str:
    of_total = "" if page.total is None else f" of {page.total}"
    return f"{cursor.item_id}: {page.next_offset}{of_total}"
