"""The activity of the checks: a batch of pages, each with its own transaction and checkpoint."""

from temporalio import activity

from mainspring.activities.runtime.checkpoint import Checkpoint, work_pages
from mainspring.activities.runtime.effects import SenderSettings
from mainspring.activities.wishlist.checking import check_page
from mainspring.activities.wishlist.planning import plan_page
from mainspring.contracts.wishlist import CheckBatch, WishlistProgress
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session

# Pages in one activity: some seconds of work, so that a check of millions costs few of them.
PAGES = 40


class WishlistActivities:
    """Works through the wishes, then plans the mails."""

    def __init__(self, database: Database, clock: Clock, sender_settings: SenderSettings) -> None:
        self._database = database
        self._checkpoint = Checkpoint(database, clock, WishlistProgress)
        self._clock = clock
        self._sender_settings = sender_settings

    @activity.defn(name="wishlist.check_stretch")
    async def check_batch(self, request: CheckBatch) -> WishlistProgress:
        """Go on with a check from where it is, or from where a killed attempt has left it."""

        async def page(progress: WishlistProgress) -> WishlistProgress:
            check = request.model_copy(update={"progress": progress})
            return await (self._plan(check) if progress.judged else self._check(check))

        return await work_pages(await self._checkpoint.resume(request.progress), page, at_most=PAGES)

    async def _check(self, check: CheckBatch) -> WishlistProgress:
        async def work(session: Session) -> WishlistProgress:
            progress = await check_page(session, check, now=self._clock.now())
            return await self._save(session, progress, f"{progress.checked} wishes checked")

        return await self._database.transact(work)

    async def _plan(self, check: CheckBatch) -> WishlistProgress:
        rules = check.stock or check.sales
        assert rules is not None  # noqa: S101  # a check is of one of the two

        async def work(session: Session) -> WishlistProgress:
            planned = await plan_page(
                session,
                self._sender_settings,
                cooldown=rules.user_cooldown,
                triggered_by=activity.info().workflow_type or "",
                now=self._clock.now(),
            )
            before = check.progress
            update = {"mails": before.mails + planned.mails, "finished": planned.is_last}
            progress = before.model_copy(update=update)
            return await self._save(session, progress, f"{progress.mails} mails planned")

        return await self._database.transact(work)

    async def _save(self, session: Session, progress: WishlistProgress, step: str) -> WishlistProgress:
        after = progress.model_copy(update={"pages": progress.pages + 1})
        await self._checkpoint.save(session, after, processed=after.checked, step=step)
        return after
