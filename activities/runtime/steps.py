"""What the steps of a flow write of themselves, activities and children: their rows, and how far they are."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.flows import StepInput
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import BeginTask, FinishTask, JsonObject, TaskError, TaskState
from mainspring.domain.sizes import MOST_DATA, check_data, size_of
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import StepStore

T = TypeVar("T")

# Nobody sees more.
REPORT_EVERY = timedelta(seconds=1)


class StepRecords:
    """The rows of steps that are activities."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def work(self, step: StepInput, attempt: int, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do a step's work between its records; one that had completed gives back what it did then."""
        stored = await self._write(
            lambda steps, now: steps.start(step.task_id, step.step, step.input_hash, attempt, now=now)
        )
        if stored is not None:
            return stored
        result = await work()
        data = result.model_dump(mode="json") if isinstance(result, Message) else {}
        check_data(f"step {step.step!r}", size_of(data), MOST_DATA)
        await outlast(
            lambda: self._write(lambda steps, now: steps.complete(step.task_id, step.step, data, now=now))
        )
        return result

    async def _write(self, write: Callable[[StepStore, datetime], Awaitable[T]]) -> T:
        return await self._database.transact(lambda session: write(StepStore(session), self._clock.now()))


class StepProgress:
    """How far a long step is."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reported: dict[tuple[UUID, str], datetime] = {}

    async def report(self, step: StepInput, fraction: float) -> None:
        """Count the step with this share of its weight, 0 to 1. Written at most once a second."""
        key, now = (step.task_id, step.step), self._clock.now()
        if now - self._reported.get(key, now - REPORT_EVERY) < REPORT_EVERY:
            return
        self._forget(now)
        self._reported[key] = now
        await self._database.transact(
            lambda session: StepStore(session).advance(step.task_id, step.step, fraction, now=now)
        )

    def _forget(self, now: datetime) -> None:
        self._reported = {key: at for key, at in self._reported.items() if now - at < REPORT_EVERY}


async def begin_child_step(session: Session, message: BeginTask, *, now: datetime) -> None:
    """Write the beginning of a task that is a step of another one to that one's row of the step."""
    if message.child is not None:
        child = message.child
        data: JsonObject = {"task_id": str(message.task_id or message.fallback_id)}
        await StepStore(session).start(child.parent_id, child.step, child.input_hash, 1, data=data, now=now)


async def finish_child_step(session: Session, message: FinishTask, *, now: datetime) -> None:
    """Write the end of a task that is a step of another one to that one's row of the step."""
    if message.child is None:
        return
    steps, parent_id, step = StepStore(session), message.child.parent_id, message.child.step
    data: JsonObject = {"task_id": str(message.task_id), "result": message.result}
    if size_of(data) > MOST_DATA:
        del data["result"]  # the child's own row has it
    if message.state is TaskState.SUCCESS:
        await steps.complete(parent_id, step, data, now=now)
    else:
        error = message.state.lower() if message.error is None else message.error.message
        await steps.fail(parent_id, step, error, is_final=True, data=data, now=now)


async def fail_step(session: Session, step: StepInput, error: TaskError, *, is_last: bool) -> None:
    """Write a failed attempt to its step's row; the last one ends the step."""
    await StepStore(session).fail(step.task_id, step.step, error.message, is_final=is_last, now=error.at)


def step_of(arguments: Sequence[object]) -> StepInput | None:
    """Return the message of an activity that is a step."""
    return next((each for each in arguments[:1] if isinstance(each, StepInput)), None)
