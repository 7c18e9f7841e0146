"""An installation that does everything at once, and what became of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from mainspring.client.effects import EffectCounts, Effects
from mainspring.client.schedules import Schedules
from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.connect import connect_embedded
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.flows import AdHocStep, RunFlow
from mainspring.contracts.media import ProcessVideo, VideoProfile
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, WishedItem
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.calls import Call
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.emulators.webhooks import WebhookEmulator
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import NotificationRow, TaskRow
from mainspring.workflows.cards import DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from mainspring.workflows.media import PROCESS_VIDEO
from mainspring.workflows.run_flow import RUN_FLOW
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.webhooks import DELIVER
from mainspring.workflows.wishlist import SALE_CHECK, STOCK_CHECK
from tests.acceptance.drill_installation import furnish
from tests.acceptance.drill_processes import WorkerProcess
from tests.acceptance.drill_site import DrillSite, drill_site, is_anything_active
from tests.acceptance.drill_wire import Wire
from tests.deliveries import made_up_delivery
from tests.platform import Platform, platform_of
from tests.shop import product, user

# All of a round has ended by then, however often something is killed: what has not is stuck.
PATIENCE_SECONDS = 600
POLL_SECONDS = 0.1

# An outage of the database must not end the drill's own look at it.
AWAY_SECONDS = 0.5

RECEIVERS = 5

CARD_JOBS: tuple[AnyJob, ...] = (DISCOVER_SETS, SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES)


@dataclass(frozen=True)
class Size:
    """How much there is to do in a round. `video` is a clip's address; without one no video is made."""

    sets: int
    variants: int
    people: int
    deliveries: int
    video: str | None = None


@dataclass
class Scene:
    """What runs, and everything that it is asked for."""

    site: DrillSite
    justtcg: JustTcgEmulator
    key: str
    workers: Sequence[WorkerProcess]
    account_id: UUID
    platform: Platform
    smtp: SmtpEmulator
    receivers: WebhookEmulator
    subscriptions: Sequence[UUID]
    size: Size
    wire: Wire
    rounds: int = 0
    _calls_before: int = 0
    # Between which moments each kill of a worker was.
    killed: list[tuple[datetime, datetime]] = field(default_factory=list)

    async def begin_round(self) -> None:
        """Start every job, whatever else runs."""
        self.rounds += 1
        self._calls_before = len(self.justtcg.calls.of(self.key))
        await self._put_on_sale()
        jobs, at_once = self.site.jobs, timedelta(0)
        for job in CARD_JOBS:
            await jobs.start(job, job.input(account_id=self.account_id, older_than=at_once))
        first = self.rounds * self.size.deliveries
        await jobs.start_many(
            DELIVER,
            [
                made_up_delivery(self.subscriptions[number % RECEIVERS], first + number)
                for number in range(self.size.deliveries)
            ],
        )
        # Nobody waits until another round is over for a mail about this one.
        await jobs.start(SALE_CHECK, CheckWishlistSales(user_cooldown=at_once))
        await jobs.start(RUN_FLOW, RunFlow(steps=_flow()))
        if self.size.video is not None:
            destination = f"videos/{self.rounds}"
            request = ProcessVideo(
                source=self.size.video, destination=destination, profiles=(VideoProfile.P480,)
            )
            await jobs.start(PROCESS_VIDEO, request)

    async def _put_on_sale(self) -> None:
        """Let everybody wish for another product each round, and make it cheaper than it ever was."""
        if self.rounds == 1:
            await self.platform.people.store_users([user(number) for number in range(self.size.people)])
        wished = product(self.rounds)
        await self.platform.shop.store_products([wished])
        await self.platform.wishlists.store_items(
            [WishedItem(user_id=f"u{number:05}", product_id=wished.id) for number in range(self.size.people)]
        )
        await self.platform.shop.store_products([product(self.rounds, sale_price_cents=8_000)])

    async def is_over(self) -> bool:
        """Whether every task has ended, as far as the database can be asked."""
        with suppress(DatabaseAway):
            return not await self.site.database.read(is_anything_active)
        await asyncio.sleep(AWAY_SECONDS)
        return False

    async def ended(self) -> None:
        """Return when every task has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self.is_over():
                for worker in self.workers:
                    worker.revive()
                await asyncio.sleep(POLL_SECONDS)

    async def kill(self, worker: WorkerProcess) -> None:
        """Kill a worker and start another; note what was on the wire."""
        pid, before = worker.pid, datetime.now(UTC)
        worker.kill()
        await self.wire.note(pid)
        self.killed.append((before, datetime.now(UTC)))
        worker.start()

    @property
    def arrived(self) -> Counter[str]:
        """How often each mail and each delivery was accepted."""
        return self.smtp.counts + self.receivers.accepted

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of the price service since the round began."""
        return self.justtcg.calls.of(self.key)[self._calls_before :]

    def asked(self) -> dict[tuple[object, ...], list[datetime]]:
        """Return when each thing was asked of the price service in this round."""
        asked: dict[tuple[object, ...], list[datetime]] = {}
        for call in self.calls:
            what = call.method, *sorted(call.params.items()), call.variant_ids
            asked.setdefault(what, []).append(call.at)
        return asked

    def was_a_worker_killed(self, since: datetime, until: datetime) -> bool:
        """Whether a worker was killed between two moments; its last call comes before the kill is noted."""
        return any(since <= noted and before <= until for before, noted in self.killed)

    async def effects(self) -> EffectCounts:
        """Return how many mails are in each state, and how many were sent again."""
        return await Effects(self.site.database, self.site.jobs, SystemClock()).counts()

    async def outcome(self) -> Counter[tuple[object, ...]]:
        """Return what the ledger says of tasks, and of who was told of what."""

        async def look(session: Session) -> Counter[tuple[object, ...]]:
            told = select(
                NotificationRow.user_id,
                NotificationRow.kind,
                NotificationRow.episode,
                NotificationRow.price_cents,
                NotificationRow.state,
            )
            tasks = select(TaskRow.job, TaskRow.state, TaskRow.deaths).where(
                ~TaskRow.triggered_by.startswith("schedule")
            )
            rows = [*await session.execute(told), *await session.execute(tasks)]
            return Counter(tuple(row) for row in rows)

        return await self.site.database.read(look)


def _flow() -> tuple[AdHocStep, ...]:
    """Return two checks that find nothing, one after the other."""
    # Any check plans the mails that another one has found a reason for.
    checked = CheckWishlistStock(user_cooldown=timedelta(0)).model_dump(mode="json")
    first = AdHocStep(name="first", job=STOCK_CHECK.name, input=checked)
    return first, AdHocStep(name="second", job=STOCK_CHECK.name, input=checked, needs=("first",))


@asynccontextmanager
async def scene(
    folder: Path,
    justtcg: JustTcgEmulator,
    size: Size,
    *,
    database_url: str | None = None,
    workers: int = 1,
) -> AsyncIterator[Scene]:
    """Run an installation with so many workers until the block ends."""
    folder.mkdir()  # noqa: ASYNC240  # once, before anything runs
    settings = Settings(state_dir=folder, database_url=database_url, justtcg_url=justtcg.base_url)
    async with AsyncExitStack() as stack:
        smtp = await stack.enter_async_context(SmtpEmulator())
        receivers = await stack.enter_async_context(WebhookEmulator())
        outside = {
            "MAINSPRING_JUSTTCG_URL": settings.justtcg_url,
            "MAINSPRING_SMTP_HOST": smtp.host,
            "MAINSPRING_SMTP_PORT": str(smtp.port),
            "MAINSPRING_SMTP_SECURITY": "none",
            "MAINSPRING_WEBHOOKS_ALLOW_PRIVATE": "true",
            "MAINSPRING_MEDIA_ALLOW_PRIVATE": "true",
            # What runs by itself would be in one installation only.
            "WISHLIST_SALE_CHECK_ENABLED": "false",
            "WISHLIST_STOCK_CHECK_ENABLED": "false",
        }
        site = await stack.enter_async_context(drill_site(settings, **outside))
        account_id = await furnish(
            site.database, settings, folder.name, justtcg, sets=size.sets, variants=size.variants
        )
        all_workers = [site.worker, *(site.worker.twin() for _ in range(workers - 1))]
        for worker in all_workers:
            stack.callback(worker.kill)
            worker.start()
        await site.worker.ready()
        schedules = Schedules(await connect_embedded(site.temporal_client.address), settings)
        # It would be in the way of a storm that lasts over the full hour.
        await schedules.pause("refresh-due-accounts", "nothing else than the drill", by="drill")
        yield Scene(
            site,
            justtcg,
            folder.name,
            all_workers,
            account_id,
            platform_of(site.database, SystemClock(), key=encryption_key(settings)),
            smtp,
            receivers,
            await _subscribed(site.database, settings, receivers),
            size,
            Wire(site.database, site.temporal_client.client),
        )


async def _subscribed(database: Database, settings: Settings, receivers: WebhookEmulator) -> list[UUID]:
    box = SecretBox(encryption_key(settings))
    subscriptions = WebhookSubscriptions(database, box, SystemClock(), allow_private=True)
    ids = []
    for name in map(str, range(RECEIVERS)):
        added = await subscriptions.add(receivers.url(name), fairness_key="none")
        receivers.receivers[name].secret = added.secret
        ids.append(added.subscription.id)
    return ids
