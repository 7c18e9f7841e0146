"""The relay: what Temporal was not told of when it was accepted."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from structlog.testing import capture_logs
from temporalio.client import Client

from mainspring.activities.runtime.dispatch import PARALLEL_STARTS, dispatch
from mainspring.activities.runtime.queue import QueueSizes
from mainspring.activities.tasks import RELAY_AFTER, RELAY_PAGE, TaskActivities
from mainspring.contracts.tasks import (
    EnqueueTasks,
    FinishTask,
    JsonObject,
    NewTask,
    RelayTasks,
    TasksRelayed,
    TaskState,
)
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskIntake, TaskWriter
from mainspring.testing.eventually import eventually
from tests.deliveries import add_subscriber, deliveries_are_under_way
from tests.service import Service

LONG_ENOUGH = RELAY_AFTER + timedelta(seconds=1)
MEGABYTE = 1_000_000


def new_task(workflow_id: str = "", given: JsonObject | None = None, *, priority: int = 3) -> NewTask:
    task_id = uuid4()
    return NewTask(
        id=task_id,
        job="discover-sets",
        workflow_id=workflow_id or str(task_id),
        dedupe_key=None,
        input=given or {"account_id": str(UUID(int=1))},
        priority=priority,
    )


def activities(service: Service, temporal: TemporalGateway | None = None) -> TaskActivities:
    return TaskActivities(service.database, temporal or service.temporal, service.clock, QueueSizes({}))


async def accept(service: Service, *tasks: NewTask) -> None:
    """Accept tasks of which nobody tells Temporal, long enough ago."""
    now = service.clock.now()
    await service.database.transact(lambda session: TaskIntake(session).enqueue(tasks, now=now))
    service.clock.advance(LONG_ENOUGH)


async def test_a_task_that_the_engine_refuses_has_failed(workerless: Service) -> None:
    """Its input is too large, for a workflow or for any message: no repetition helps, and it says so."""
    refused = [new_task(given={"text": "x" * size * MEGABYTE}) for size in (3, 5)]
    good = new_task(priority=5)
    await accept(workerless, *refused, good)

    with capture_logs() as logs:
        relayed = await activities(workerless).relay(RelayTasks())
    ended = [await workerless.tasks.get(task.id) for task in refused]

    assert TasksRelayed(started=1, failed=0, refused=2) == relayed
    assert [TaskState.FAILED] * 2 == [task.state for task in ended]
    assert ["StartRefused"] * 2 == [task.errors[0].error_type for task in ended]
    assert "Blob data size exceeds limit" in ended[0].errors[0].message
    said = [(each["task_id"], each["job"], each["state"]) for each in logs if each["event"] == "task ended"]
    assert {(str(task.id), task.job, "FAILED") for task in refused} == set(said)
    assert len(refused) == len(said)
    assert (await workerless.tasks.get(good.id)).run_id is not None


async def test_subscribers_are_told_of_what_the_engine_refuses(workerless: Service) -> None:
    """At once, not by the next relay."""
    await add_subscriber(workerless)
    await accept(workerless, new_task(given={"text": "x" * 3 * MEGABYTE}))

    relayed = await activities(workerless).relay(RelayTasks())

    assert 1 == relayed.refused
    await eventually(lambda: deliveries_are_under_way(workerless), bool)


async def test_tasks_whose_workflow_id_another_run_holds_keep_nobody_back(workerless: Service) -> None:
    """More than a page of them stays QUEUED; those behind them are started."""
    await workerless.raw_start("discover-sets", {}, workflow_id="held")
    held = [new_task("held", priority=1) for _ in range(RELAY_PAGE + 1)]
    behind = new_task()
    await accept(workerless, *held, behind)

    relayed = await activities(workerless).relay(RelayTasks())

    assert TasksRelayed(started=1, failed=len(held)) == relayed
    assert (await workerless.tasks.get(behind.id)).run_id is not None
    assert TaskState.QUEUED == (await workerless.tasks.get(held[0].id)).state


async def test_an_engine_that_is_away_is_not_asked_for_page_after_page(workerless: Service) -> None:
    """Every task stays QUEUED, and the next relay comes in a minute."""
    nowhere = TemporalGateway(await Client.connect("127.0.0.1:1", lazy=True), "nobody")
    await accept(workerless, *(new_task() for _ in range(RELAY_PAGE + 1)))

    relayed = await activities(workerless, nowhere).relay(RelayTasks())

    assert TasksRelayed(started=0, failed=RELAY_PAGE) == relayed


async def test_the_first_start_without_an_answer_stops_the_rest(workerless: Service) -> None:
    """Forty starts, each until its own time limit, would hold up whoever accepted them."""
    calls = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        nowhere = TemporalGateway(await Client.connect(address, lazy=True), "nobody")
        tasks = [new_task() for _ in range(5 * PARALLEL_STARTS)]

        done = await dispatch(workerless.database, nowhere, tasks, now=workerless.clock.now())

    assert {task.id for task in tasks} == done.untold
    # A start may dial twice before it gives up; forty starts dial forty times at least.
    assert 0 < calls <= 2 * PARALLEL_STARTS < len(tasks)


async def test_an_unknown_namespace_fails_no_task(workerless: Service) -> None:
    """A wrong setting is no task's fault: they wait until it is corrected."""
    config = workerless.temporal_client.service_client.config
    elsewhere = TemporalGateway(await Client.connect(config.target_host, namespace="nobodys"), "nobody")
    task = new_task()
    await accept(workerless, task)

    relayed = await activities(workerless, elsewhere).relay(RelayTasks())

    assert TasksRelayed(started=0, failed=1) == relayed
    assert TaskState.QUEUED == (await workerless.tasks.get(task.id)).state


async def test_a_cancellation_that_cannot_be_passed_on_holds_up_nothing(workerless: Service) -> None:
    """Neither the other cancellations nor the starts, which come after them."""
    odd, running, fresh = new_task(), new_task(), new_task()
    await activities(workerless).enqueue(EnqueueTasks(tasks=(running,)))
    await accept(workerless, odd)

    async def ask_to_cancel(session: Session) -> None:
        await TaskIntake(session).record_runs({odd.id: "no run id"})
        for number, task in enumerate((odd, running)):
            await TaskWriter(session).request_cancel(
                task.id, now=workerless.clock.now() + timedelta(seconds=number)
            )

    await workerless.database.transact(ask_to_cancel)
    await accept(workerless, fresh)

    relayed = await activities(workerless).relay(RelayTasks())

    assert TasksRelayed(started=1, failed=0, cancelled=1) == relayed


async def test_a_repeated_enqueue_starts_nothing_twice(workerless: Service) -> None:
    """The attempt before died after its work, and a task of it has ended: it is counted, not run again."""
    ended, waiting = new_task(), new_task()
    message = EnqueueTasks(tasks=(ended, waiting))
    counts = [await activities(workerless).enqueue(message)]
    await workerless.temporal_client.get_workflow_handle(ended.workflow_id).terminate()
    finish = FinishTask(task_id=ended.id, state=TaskState.FAILED)
    now = workerless.clock.now()
    await workerless.database.transact(lambda session: TaskWriter(session).finish(finish, now=now))

    counts.append(await activities(workerless).enqueue(message))
    described = await workerless.temporal_client.get_workflow_handle(ended.workflow_id).describe()

    assert [(2, 0)] * 2 == [(each.started, each.already_active) for each in counts]
    assert (await workerless.tasks.get(ended.id)).run_id == described.run_id
