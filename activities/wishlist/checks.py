"""The activity of the checks: a stretch of pages, each with its own transaction and checkpoint."""

from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.dispatch import wake_consumer
from mainspring.activities.wishlist.checking import check_page
from mainspring.activities.wishlist.mailing import SenderSettings
from mainspring.activities.wishlist.planning import Planned, plan_page
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS, CheckBatch, WishlistProgress
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskRepository

# Pages in one activity: some seconds of work, so that a check of millions costs few of them.
PAGES = 40


class Superseded(Exception):
    """Another attempt at the same check has come as far: one of the two was taken for dead and was not.

    What this one has judged is not stored, for it would be counted twice; the next attempt goes on from what
    the other has stored.
    """

    def __init__(self, task_id: UUID, pages: int) -> None:
        super().__init__(f"another attempt at task {task_id} has already stored page {pages}")


class WishlistActivities:
    """Works through the wishes, then plans the mails."""

    def __init__(
        self, database: Database, temporal: TemporalGateway, clock: Clock, letterhead: SenderSettings
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._clock = clock
        self._letterhead = letterhead

    @activity.defn(name="wishlist.check_stretch")
    async def check_stretch(self, given: CheckBatch) -> WishlistProgress:
        """Go on with a check from where it is, or from where a killed attempt has left it."""
        progress = await self._resume(given.progress)
        for _ in range(PAGES):
            if progress.finished:
                break
            progress = await self._page(given.model_copy(update={"progress": progress}))
        return progress

    async def _resume(self, given: WishlistProgress) -> WishlistProgress:
        stored = await self._database.read(lambda session: TaskRepository(session).checkpoint(given.task_id))
        left = given if stored is None else WishlistProgress.model_validate(stored)
        return left if left.pages > given.pages else given

    async def _page(self, check: CheckBatch) -> WishlistProgress:
        return await (self._plan(check) if check.progress.judged else self._check(check))

    async def _check(self, check: CheckBatch) -> WishlistProgress:
        async def work(session: Session) -> WishlistProgress:
            progress = await check_page(session, check, now=self._clock.now())
            return await self._checkpoint(session, progress, f"{progress.checked} wishes checked")

        return await self._database.transact(work)

    async def _plan(self, check: CheckBatch) -> WishlistProgress:
        rules = check.stock or check.sales
        assert rules is not None  # noqa: S101  # a check is of one of the two

        async def work(session: Session) -> tuple[WishlistProgress, Planned]:
            planned = await plan_page(
                session,
                self._letterhead,
                cooldown=rules.user_cooldown,
                triggered_by=activity.info().workflow_type or "",
                now=self._clock.now(),
            )
            before = check.progress
            update = {"mails": before.mails + planned.mails, "finished": planned.is_last}
            progress = before.model_copy(update=update)
            return await self._checkpoint(session, progress, f"{progress.mails} mails planned"), planned

        progress, planned = await self._database.transact(work)
        ids = [task.id for task in planned.tasks if task.starts_at is None]
        if ids:
            now = self._clock.now()
            await wake_consumer(self._database, self._temporal, SEND_NOTIFICATIONS, ids, now=now)
        return progress

    async def _checkpoint(self, session: Session, progress: WishlistProgress, step: str) -> WishlistProgress:
        after = progress.model_copy(update={"pages": progress.pages + 1})
        tasks = TaskRepository(session)
        stored = await tasks.checkpoint(after.task_id, hold=True)
        if stored is not None and stored["pages"] >= after.pages:
            raise Superseded(after.task_id, after.pages)
        await tasks.report_progress(
            after.task_id,
            processed=after.checked,
            total=None,
            part=0,
            step=step,
            checkpoint=after.model_dump(mode="json"),
            now=self._clock.now(),
        )
        return after
