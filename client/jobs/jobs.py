"""The typed client of jobs: starting, cancelling and retrying their tasks."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import structlog

from mainspring.activities.runtime.patience import unless_silent
from mainspring.client.errors import BadInput, TaskNotRetryable
from mainspring.client.jobs.intake import Intake
from mainspring.client.jobs.new_task import checked, later_start, new_task
from mainspring.client.jobs.notes import Note
from mainspring.client.jobs.started import StartedTask
from mainspring.client.other_ledger import LedgerCheck
from mainspring.client.sealing import Sealing
from mainspring.client.tasks.queries import Tasks
from mainspring.client.validation import validated
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Enqueued, Task, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import TransientError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskWriter
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.runtime import catalogue
from mainspring.workflows.runtime.job import AnyJob, Job

log = structlog.get_logger(__name__)

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


class Jobs:
    """Starts, cancels and retries the tasks of a workspace, also while Temporal is away.

    `box` seals the secrets of inputs; without it they are kept as they are. With a `ledger_check` each start
    and retry raises OtherLedger when the workers of this Temporal work for another ledger.
    """

    def __init__(
        self,
        database: Database,
        temporal: TemporalGateway,
        clock: Clock,
        job_named: Callable[[str], AnyJob] = catalogue.job_named,
        *,
        workspace: str = DEFAULT_WORKSPACE,
        box: SecretBox | None = None,
        ledger_check: LedgerCheck | None = None,
    ) -> None:
        self.tasks = Tasks(database, job_named, workspace=workspace)
        self.workspace = self.tasks.workspace
        self._database = database
        self._job_named = job_named
        self._temporal = temporal
        self._clock = clock
        self._ledger_check = ledger_check
        self._intake = Intake(database, temporal, clock, workspace=self.workspace)
        self._sealing = None if box is None else Sealing(database, box)

    async def start(
        self,
        job: Job[In, Out],
        message: In,
        *,
        session: Session | None = None,
        at: datetime | None = None,
        delay: timedelta | None = None,
        priority: int = 3,
        triggered_by: str = "client",
        note: Note | None = None,
    ) -> StartedTask[Out]:
        """Accept a task, or return the one that the job's `repeats` says is there instead.

        That is one that is active under the same key; for a throttled job also a recent one; for a
        debounced job the queued one, which takes this input.

        With a `session` the task is part of the caller's own transaction: it exists when that commits,
        and is started then. Without, it is committed and started before this returns. While Temporal
        is away the task stays QUEUED, and the relay starts it. `priority` is 1 (first) to 5. The task begins
        `at` a time (aware) or after a `delay`, if the caller sets one of them. What `note` says is written
        into the audit log in the same transaction.

        Example:
            async with service.database.session.begin() as session:
                task = await service.jobs.start(
                    UPDATE_INVENTORY_PRICES,
                    UpdateInventoryPrices(account_id=account_id),
                    session=session,
                    priority=1,
                )
            prices = await task.result()
        """
        await self.refuse_other_ledger()
        starts_at = later_start(at, delay, now=self._clock.now())
        task = new_task(
            job,
            await self._sealed(checked(job, message)),
            workspace=self.workspace,
            priority=priority,
            triggered_by=triggered_by,
            starts_at=starts_at,
        )
        if session is not None:
            enqueued = await self._intake.accept_one_within(session, task, note)
        else:
            enqueued = await self._intake.accept_one(task, note)
        return self._started(job, enqueued)

    async def start_many(
        self,
        job: Job[In, Out],
        messages: Iterable[In],
        *,
        session: Session | None = None,
        priority: int = 3,
        triggered_by: str = "client",
    ) -> list[StartedTask[Out]]:
        """Accept a task for each input, as `start` does; return them in the order of the inputs.

        With a `session` all are part of the caller's own transaction. Without, they are committed and
        started a thousand at a time: what was accepted before an error stays accepted.
        """
        await self.refuse_other_ledger()
        tasks = [
            new_task(
                job,
                await self._sealed(checked(job, each)),
                workspace=self.workspace,
                priority=priority,
                triggered_by=triggered_by,
            )
            for each in messages
        ]
        if session is not None:
            accepted = await self._intake.accept_within(session, tasks)
        else:
            accepted = await self._intake.accept(tasks)
        return [self._started(job, enqueued) for enqueued in accepted]

    async def cancel(self, task_id: UUID) -> Task:
        """Ask a task to cancel itself. A final one stays as it is; one that never started ends at once.

        While Temporal is away the wish is kept, and the relay passes it on.
        """
        await self.ask_to_cancel(task_id)
        return await self.tasks.get(task_id)

    async def ask_to_cancel(self, task_id: UUID) -> bool:
        """As `cancel`; return False when Temporal has not answered, so that the relay passes the wish on."""
        task = await self.tasks.get(task_id)
        if task.state.is_final:
            return True
        engine_knows = await self._database.transact(
            lambda session: TaskWriter(session).request_cancel(task_id, now=self._clock.now())
        )
        told: list[bool] = []

        async def tell() -> None:
            try:
                told.append(await self._temporal.cancel(task.workflow_id, task.run_id))
            except TransientError as error:
                log.warning("cancellation not passed on yet", task_id=str(task_id), error=str(error))

        # A task of a batched queue ends when its batch is acknowledged: the workflow is the whole queue's.
        if engine_knows and not task.is_pooled:
            await unless_silent(tell(), self._temporal)
            return bool(told)
        return True

    async def retry(
        self, task_id: UUID, *, from_step: str | None = None, message: Message | None = None
    ) -> StartedTask[Message]:
        """Start a failed or cancelled task once more, as a new task; TaskNotRetryable for any other.

        A flow runs what is missing: the steps that did not complete, those whose input is another one
        now, and with `from_step` that step and all that depend on it. `message` is another input than the
        task had. AlreadyRetried: that was done before; the error names the newer task.

        While another task of the key is active, that one is returned; if it has another input, the task
        stays to be retried after it. With `message` or `from_step` it would not do what is asked: KeyHeld.
        """
        task = await self.tasks.get(task_id)
        if task.state not in {TaskState.FAILED, TaskState.CANCELLED}:
            raise TaskNotRetryable(task)
        await self.refuse_other_ledger()
        job: Job[Message, Message] = self._job_named(task.job)
        if from_step is not None:
            await self._check_step(task_id, from_step)
        new = job.task(
            uuid4(),
            await self._sealed(checked(job, validated(job, task.input) if message is None else message)),
            # The deliveries of a webhook are found by what has triggered them.
            triggered_by=task.triggered_by if task.job == DELIVER_WEBHOOK else "retry",
            workspace=self.workspace,
            priority=task.priority,
            retry_of=task.id,
        )
        is_changed = message is not None or from_step is not None
        enqueued = await self._intake.accept_retry(
            new.model_copy(update={"rerun_from": from_step}), must_be_new=is_changed
        )
        return self._started(job, enqueued)

    async def refuse_other_ledger(self) -> None:
        """Ask Temporal whose its workers are, if that is to be asked again. Each start and retry does it.

        A caller that starts tasks within a transaction calls it before: the answer may take a while.

        Raises OtherLedger: when the workers work for another ledger.
        """
        if self._ledger_check is not None:
            await self._ledger_check.refuse_other()

    async def _sealed(self, message: In) -> In:
        return message if self._sealing is None else await self._sealing.message(message)

    async def _check_step(self, task_id: UUID, step: str) -> None:
        names = [each.step for each in await self.tasks.steps(task_id)]
        if step not in names:
            known = f"its steps are {', '.join(names)}" if names else "it is not a flow"
            raise BadInput(f"task {task_id} has no step {step!r}: {known}")

    def _started(self, job: Job[In, Out], enqueued: Enqueued) -> StartedTask[Out]:
        return StartedTask(enqueued.task_id, enqueued.deduplicated, self.tasks, job.result)
