"""Having coins appraised, and mailing what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from temporalio import activity

from mainspring.activities.runtime.checkpoint import Checkpoint, work_pages
from mainspring.activities.runtime.effects import Claimed, EffectKind, EffectQueue, MailSender, Send
from mainspring.activities.runtime.metered_calls import RateLimitedCalls
from mainspring.contracts.coins import SEND_APPRAISAL, CoinsProgress
from mainspring.contracts.effects import Effect, OnUnknown, SendEffect
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.coins import worth_in_words
from mainspring.gateways.clock import Clock
from mainspring.gateways.mint import BUDGET, PAGE, Mint
from mainspring.gateways.smtp import Mail, Mailbox
from mainspring.storage.coins import CoinRepository
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.ledger import TaskIntake


async def _prepare(
    session: Session, claimed: Sequence[Claimed[SendEffect]], _now: datetime
) -> Mapping[UUID, Send[str]]:
    coins = CoinRepository(session)
    prices = {each.effect.id: await coins.prices_of(each.effect.owner) for each in claimed}
    return {effect_id: Send(worth_in_words(found)) for effect_id, found in prices.items()}


APPRAISAL_MAIL: EffectKind[SendEffect, str] = EffectKind("appraisal-mail", SendEffect, _prepare)


class CoinActivities:
    """What is done with coins."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        mint: Mint,
        calls: RateLimitedCalls,
        effects: EffectQueue,
        mail: MailSender,
    ) -> None:
        self._database, self._clock, self._mint, self._calls = database, clock, mint, calls
        self._effects, self._mail = effects, mail
        self._checkpoint = Checkpoint(database, clock, CoinsProgress)

    @activity.defn(name="coins.appraise")
    async def appraise(self, request: CoinsProgress) -> CoinsProgress:
        """Have some pages of coins appraised. Resumes where a killed attempt stopped."""
        progress = await self._checkpoint.resume(request)
        if progress.total is None:
            total = await self._database.read(lambda session: CoinRepository(session).count_unpriced())
            progress = progress.model_copy(update={"total": total})
        return await work_pages(progress, self._page, at_most=25)

    async def _page(self, progress: CoinsProgress) -> CoinsProgress:
        ids = await self._database.read(
            lambda session: CoinRepository(session).unpriced(progress.after, limit=PAGE)
        )
        if not ids:
            owners = await self._database.transact(lambda session: self._tell(session, progress.task_id))
            return progress.model_copy(update={"owners": owners, "finished": True})
        answer = await self._calls.call("mint", BUDGET, lambda: self._mint.appraise(ids))

        async def store(session: Session) -> CoinsProgress:
            await CoinRepository(session).set_prices(answer.prices_cents)
            appraised = progress.appraised + len(answer.prices_cents)
            counts = {"after": ids[-1], "appraised": appraised, "requests": progress.requests + 1}
            after = progress.model_copy(update=counts)
            await self._checkpoint.save(
                session, after, processed=appraised, total=after.total, step=f"coin {ids[-1]}"
            )
            return after

        return await self._database.transact(store)

    async def _tell(self, session: Session, task_id: UUID) -> int:
        """Want a mail to each owner, once an appraisal."""
        new = [_mail_to(owner, task_id) for owner in await CoinRepository(session).owners()]
        now = self._clock.now()
        wanted = await EffectStore(session).intend(new, now=now)
        tasks = [each.task(SEND_APPRAISAL, triggered_by="coins") for each in new if each.id in wanted]
        await TaskIntake(session).enqueue(tasks, now=now)
        wake_after_commit(session, SEND_APPRAISAL, [task.id for task in tasks])
        return len(new)

    @activity.defn(name="coins.send_appraisal")
    async def send(self, request: WorkQueue) -> QueueWorked:
        """Send a batch of mails."""
        return await self._effects.send_each(request, APPRAISAL_MAIL, self._mail, _write)


def _mail_to(owner: str, appraisal: UUID) -> NewEffect:
    whose, key, name = DEFAULT_WORKSPACE, f"{appraisal}/{owner}", f"<{uuid4()}@shop.example>"
    return NewEffect(uuid4(), whose, APPRAISAL_MAIL.name, key, owner, name, owner, uuid4(), OnUnknown.RESEND)


def _write(effect: Effect, text: str, _now: datetime) -> Mail:
    sender, to, stop = Mailbox("coins@shop.example"), Mailbox(effect.recipient), "https://shop.example/stop"
    return Mail(effect.reference, sender, to, "Your coins", text, f"<pre>{text}</pre>", stop)
