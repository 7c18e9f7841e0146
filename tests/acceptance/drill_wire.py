"""What a worker had on the wire when it was killed, by what the ledger and Temporal know of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from temporalio.client import Client

from mainspring.contracts.effects import EffectState
from mainspring.domain.queues import consumer_of
from mainspring.gateways.errors import Unreachable
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import claim_of
from mainspring.storage.tables import EffectRow, TaskErrorRow, TaskRow
from mainspring.workflows.webhooks import DELIVER

# What the gateway says of a receiver that has not answered in its time. Other faults explain no repeat.
NO_ANSWER = "no answer in time"


@dataclass
class Wire:
    """The mails and deliveries that were on the wire at kills of workers, and at how many kills each was.

    A mail goes by its Message-ID, a delivery by its id: the receiver knows them by the same names.
    """

    database: Database
    temporal_client: Client
    kills: Counter[str] = field(default_factory=Counter)

    async def note(self, pid: int) -> None:
        """Note what the worker that was killed just now had claimed, and had not acknowledged.

        Of mails those that had begun: the ledger says so before a mail goes out. Nobody takes a claim over
        before Temporal has missed the heartbeats of the claim's activity for ten seconds.
        """
        claimed = TaskRow.claimed_by.is_not(None)
        deliveries = select(TaskRow.job, TaskRow.claimed_by, TaskRow.id).where(
            TaskRow.job == DELIVER.name, claimed
        )
        mails = (
            select(TaskRow.job, TaskRow.claimed_by, EffectRow.reference)
            .join(EffectRow, EffectRow.task_id == TaskRow.id)
            .where(EffectRow.state == EffectState.SENDING, claimed)
        )

        async def look(session: Session) -> list[tuple[str, str, str]]:
            rows = [*await session.execute(deliveries), *await session.execute(mails)]
            return [(job, str(claim), str(name)) for job, claim, name in rows]

        rows = await self.database.read(look)
        runs = {(job, claim.split("/")[0]) for job, claim, _ in rows}
        claims = {claim for job, run_id in runs for claim in await self._claims_of(pid, job, run_id)}
        self.kills.update(name for _, claim, name in rows if claim in claims)

    async def _claims_of(self, pid: int, job: str, run_id: str) -> Sequence[str]:
        """Return the claims of the consumer's activities that the worker of a process had."""
        consumer = self.temporal_client.get_workflow_handle(consumer_of(job), run_id=run_id)
        return [
            claim_of(run_id, each.activity_id, each.attempt)
            for each in (await consumer.describe()).raw_description.pending_activities
            if each.last_worker_identity.startswith(f"{pid}/")
        ]

    async def unexplained(self, arrived: Counter[str]) -> dict[str, int]:
        """Return how often things arrived that arrived too often.

        A thing may come once, once again for each kill that it was on the wire at, and once again for each
        attempt of which the ledger says that no answer came in time: a busy machine may be as slow as that.
        """
        may_come_again = self.kills + await self.timed_out()
        return {each: count for each, count in arrived.items() if count > 1 + may_come_again[each]}

    async def timed_out(self) -> Counter[str]:
        """Return at how many attempts of each delivery the worker was told nothing, and gave up."""
        given_up = select(TaskErrorRow.task_id).where(
            TaskErrorRow.error_type == Unreachable.__name__, TaskErrorRow.message.endswith(NO_ANSWER)
        )

        async def look(session: Session) -> Counter[str]:
            return Counter(map(str, await session.scalars(given_up)))

        return await self.database.read(look)
