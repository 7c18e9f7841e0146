"""Any workflow may wait: its task is WAITING meanwhile, and a signal wakes it early."""

from datetime import timedelta
from uuid import UUID, uuid4

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.tasks import TaskActivities
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task, TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.ledger import TaskQueries
from mainspring.testing.eventually import eventually
from mainspring.workflows.runtime.tracking import tracked
from mainspring.workflows.runtime.waiting import wait_until

QUEUE = "waiting"


class Wait(Message):
    """For how long to wait, so many times."""

    seconds: float
    times: int = 1


class Waited(Message):
    """Which of the waits the signal has ended."""

    woken: tuple[bool, ...]


@workflow.defn(name="wait-for-answer", sandboxed=False)
class WaitForAnswerWorkflow:
    """Waits for an answer, which comes as a signal."""

    @workflow.run
    @tracked
    async def run(self, request: Wait) -> Waited:
        """Wait as often as asked."""
        woken = [
            await wait_until(
                "the answer", workflow.now() + timedelta(seconds=request.seconds), signal="answered"
            )
            for _ in range(request.times)
        ]
        return Waited(woken=tuple(woken))


def worker(client: Client, database: Database) -> Worker:
    tasks = TaskActivities(database, TemporalGateway(client, QUEUE), SystemClock(), QueueSizes({}))
    return Worker(
        client,
        task_queue=QUEUE,
        workflows=[WaitForAnswerWorkflow],
        activities=[tasks.begin, tasks.mark_waiting, tasks.mark_running, tasks.finish],
    )


async def start(
    client: Client, task_id: UUID, request: Wait, *, signal: str | None = None
) -> WorkflowHandle[WaitForAnswerWorkflow, Waited]:
    return await client.start_workflow(
        WaitForAnswerWorkflow.run,
        request,
        id=str(task_id),
        task_queue=QUEUE,
        memo={"task_id": str(task_id)},
        start_signal=signal,
    )


async def test_a_waiting_task_says_why_and_a_signal_wakes_it(
    temporal_client: Client, sqlite_database: Database
) -> None:
    """The row has the reason and the moment; a signal ends the wait at once."""
    task_id = uuid4()

    async def look() -> Task | None:
        return await sqlite_database.read(lambda session: TaskQueries(session).get(task_id))

    async with worker(temporal_client, sqlite_database):
        handle = await start(temporal_client, task_id, Wait(seconds=3_600))
        waiting = await eventually(look, lambda task: task is not None and task.state is TaskState.WAITING)
        await handle.signal("answered")
        result = await handle.result()

    assert waiting is not None
    assert waiting.waiting_for == "the answer"
    assert waiting.resumes_at is not None
    assert timedelta(minutes=59) < waiting.resumes_at - SystemClock().now() <= timedelta(hours=1)
    assert Waited(woken=(True,)) == result
    ended = await look()
    assert ended is not None
    assert (TaskState.SUCCESS, None, None) == (ended.state, ended.waiting_for, ended.resumes_at)


async def test_a_wait_that_nothing_ends_is_over_at_its_time(
    temporal_client: Client, sqlite_database: Database
) -> None:
    """A signal that comes before the first wait ends that wait only; the next lasts as long as it should."""
    async with worker(temporal_client, sqlite_database):
        wait = Wait(seconds=0.5, times=2)
        handle = await start(temporal_client, uuid4(), wait, signal="answered")
        result = await handle.result()

    assert Waited(woken=(True, False)) == result
