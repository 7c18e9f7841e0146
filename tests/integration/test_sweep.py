"""The sweep, when runs are odd: none of them keeps the others from being seen to."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mainspring.activities.reconcile import ReconcileActivities, RecordedJobs
from mainspring.contracts.tasks import ChildTask, NewTask, ReconcileTasks, TasksReconciled, TaskState
from mainspring.gateways.errors import Refused
from mainspring.gateways.temporal import StartRefused, TemporalGateway
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskIntake, TaskWriter, WorkspaceTasks
from mainspring.testing.eventually import eventually
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from tests.deliveries import add_subscriber, deliveries_are_under_way
from tests.integration.test_raw_starts import LONG_ENOUGH, only_task
from tests.service import Service

QUEUE = "chains"


@workflow.defn(name="go-on")
class GoOn:
    """Continues as new, and then waits."""

    @workflow.run
    async def run(self, times: int) -> None:
        """Go on so many times."""
        if times:
            workflow.continue_as_new(times - 1)
        await workflow.wait_condition(lambda: False)


@pytest.fixture
async def forgetful() -> AsyncIterator[Client]:
    """Give a client of a server that deletes runs at once, with a worker for `go-on`."""
    # A run is deleted when its closing is acknowledged by both queues: every half minute, by default.
    acknowledged = {
        f"history__{queue}ProcessorUpdateAckInterval": '"100ms"' for queue in ("transfer", "visibility")
    }
    # Nothing here needs the sandbox, which would import the whole test suite anew.
    runner = UnsandboxedWorkflowRunner()
    async with temporal_server_process(**acknowledged) as address:
        client = await own_namespace(address)
        async with Worker(client, task_queue=QUEUE, workflows=[GoOn], workflow_runner=runner):
            yield client


async def ended_chain(temporal_client: Client) -> tuple[str, str]:
    """Return the first and last run ids of a chain, `chain`, that was terminated."""
    handle = await temporal_client.start_workflow("go-on", 1, id="chain", task_queue=QUEUE)
    first = handle.first_execution_run_id
    assert first is not None
    current = temporal_client.get_workflow_handle("chain")
    last = (await eventually(current.describe, lambda found: found.run_id != first)).run_id
    await current.terminate("by the operator")
    return first, last


async def forget(temporal_client: Client, run_id: str) -> None:
    """Have Temporal delete a run, as it does at the end of its retention."""
    execution = WorkflowExecution(workflow_id="chain", run_id=run_id)
    await temporal_client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=temporal_client.namespace, workflow_execution=execution)
    )
    await eventually(lambda: is_known(temporal_client, run_id), lambda known: not known)


async def is_known(temporal_client: Client, run_id: str) -> bool:
    try:
        await temporal_client.get_workflow_handle("chain", run_id=run_id).describe()
    except RPCError:
        return False
    return True


async def test_a_chain_whose_first_run_is_forgotten_is_known_by_its_last(forgetful: Client) -> None:
    """A task that goes on for weeks outlives the retention of its first run."""
    first, last = await ended_chain(forgetful)
    await forget(forgetful, first)

    closed = await TemporalGateway(forgetful, QUEUE).closed_run("chain", first)
    described = await forgetful.get_workflow_handle("chain", run_id=last).describe()

    assert closed is not None
    assert (WorkflowExecutionStatus.TERMINATED, "TerminatedError") == (closed.status, closed.error_type)
    assert described.close_time == closed.closed_at


async def test_a_chain_whose_last_run_is_forgotten_is_lost(forgetful: Client) -> None:
    """Another one has its id, and only its first run is left, which leads nowhere."""
    first, last = await ended_chain(forgetful)
    await forgetful.start_workflow("go-on", 0, id="chain", task_queue=QUEUE)
    await forget(forgetful, last)

    closed = await TemporalGateway(forgetful, QUEUE).closed_run("chain", first)

    assert closed is not None
    assert "Lost" == closed.error_type


async def test_an_unknown_namespace_is_a_refusal_that_may_be_mended(temporal_client: Client) -> None:
    """It is the service's setting that is wrong, not what was to be started."""
    host = temporal_client.service_client.config.target_host
    elsewhere = TemporalGateway(await Client.connect(host, namespace="nobodys"), QUEUE)

    with pytest.raises(Refused, match="nobodys") as refused:
        await elsewhere.start("go-on", "chain", {}, task_id=uuid4(), priority=3)

    assert not isinstance(refused.value, StartRefused)


async def test_a_dead_row_is_not_hidden_by_another_run_of_its_workflow_id(workerless: Service) -> None:
    """Terminated, and the id used again by hand: the first one's task has FAILED all the same."""
    now = workerless.clock.now()
    task = NewTask(id=uuid4(), job="discover-sets", workflow_id="by-hand", dedupe_key=None, input={})
    run_id = await workerless.temporal.start(task.job, task.workflow_id, {}, task_id=task.id, priority=3)
    assert run_id is not None

    async def accept(session: Session) -> None:
        intake = TaskIntake(session)
        await intake.enqueue([task], now=now)
        await intake.record_runs({task.id: run_id})

    await workerless.database.transact(accept)
    await workerless.temporal_client.get_workflow_handle("by-hand").terminate()
    await workerless.raw_start("discover-sets", {}, workflow_id="by-hand")
    await workerless.until_listed("Running")

    workerless.clock.advance(LONG_ENOUGH)
    swept = await sweep(workerless)

    assert (1, 1, 0) == (swept.checked, swept.ended, swept.failed)
    assert TaskState.FAILED == (await workerless.tasks.get(task.id)).state


async def test_subscribers_are_told_of_what_the_sweep_ends(workerless: Service) -> None:
    """At once, not when the relay looks for deliveries that wait."""
    await add_subscriber(workerless)
    lost = NewTask(id=uuid4(), job="discover-sets", workflow_id="gone", dedupe_key=None, input={})

    async def accept(session: Session) -> None:
        intake = TaskIntake(session)
        await intake.enqueue([lost], now=workerless.clock.now())
        await intake.record_runs({lost.id: str(uuid4())})
        await TaskWriter(session).mark_running(lost.id, now=workerless.clock.now())

    await workerless.database.transact(accept)
    workerless.clock.advance(LONG_ENOUGH)
    swept = await sweep(workerless)

    assert 1 == swept.ended
    await eventually(lambda: deliveries_are_under_way(workerless), bool)


async def test_subscribers_are_told_of_what_never_had_a_row(service: Service) -> None:
    """It failed before its own code ran; the sweep makes its row, and tells of it."""
    await add_subscriber(service)
    handle = await service.raw_start("discover-sets", {}, workflow_id="by-hand")
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")

    swept = await sweep(service)

    assert 1 == swept.created
    await eventually(lambda: deliveries_are_under_way(service), bool)


async def test_a_step_that_never_had_a_row_belongs_where_its_flow_does(service: Service) -> None:
    """Its input is the workspace's own, and nobody else's to see."""
    flow = NewTask(id=uuid4(), job="x", workflow_id="x", dedupe_key=None, input={}, workspace="two")
    await service.database.transact(
        lambda session: TaskIntake(session).enqueue([flow], now=service.clock.now())
    )
    child = ChildTask(parent_id=flow.id, step="a", input_hash="", priority=3, retry_of=None)
    handle = await service.temporal_client.start_workflow(
        "discover-sets",
        {},
        id="child",
        task_queue=service.settings.task_queue,
        memo={"task_id": str(uuid4()), "child": child},
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")

    assert 1 == (await sweep(service)).created
    (made,) = await service.database.read(lambda session: WorkspaceTasks(session, "two").children(flow.id))
    assert (TaskState.FAILED, "child") == (made.state, made.workflow_id)
    assert [] == await service.all_tasks()


async def sweep(service: Service) -> TasksReconciled:
    """Run the sweep without a worker."""
    jobs = RecordedJobs(frozenset({"discover-sets"}))
    swept = ReconcileActivities(service.database, service.temporal, service.clock, jobs)
    return await swept.reconcile(ReconcileTasks())


async def test_a_row_that_the_engine_makes_nothing_of_is_counted_and_passed_over(workerless: Service) -> None:
    """Its run id is none; the row beside it, whose workflow is gone, is ended."""
    odd, lost = (
        NewTask(id=uuid4(), job="discover-sets", workflow_id=name, dedupe_key=None, input={})
        for name in ("held", "gone")
    )
    await workerless.raw_start("discover-sets", {}, workflow_id="held")

    async def accept(session: Session) -> None:
        intake = TaskIntake(session)
        await intake.enqueue([odd, lost], now=workerless.clock.now())
        await intake.record_runs({odd.id: "no run id", lost.id: str(uuid4())})
        await TaskWriter(session).mark_running(lost.id, now=workerless.clock.now())

    await workerless.database.transact(accept)
    workerless.clock.advance(LONG_ENOUGH)
    swept = await sweep(workerless)

    assert (2, 1, 1) == (swept.checked, swept.ended, swept.failed)
    assert TaskState.FAILED == (await workerless.tasks.get(lost.id)).state


@pytest.mark.parametrize("service_database", ["postgresql"], indirect=True)
async def test_a_run_whose_row_cannot_be_made_is_looked_for_again(service: Service) -> None:
    """The run beside it gets its row, and the next sweep begins no later: it finds the odd one again."""
    handles = [
        await service.raw_start("discover-sets", {}, workflow_id=workflow_id)
        for workflow_id in ("odd", "plain")
    ]
    ended = await asyncio.gather(*(handle.result() for handle in handles), return_exceptions=True)
    assert [WorkflowFailureError] * 2 == [type(each) for each in ended]
    await service.until_listed("Failed", least=2)

    before = service.clock.now()
    await execute(service, "ALTER TABLE tasks ADD CONSTRAINT no_odd CHECK (workflow_id <> 'odd')")
    try:
        swept = await sweep(service)
    finally:
        await execute(service, "ALTER TABLE tasks DROP CONSTRAINT no_odd")

    assert (1, 1) == (swept.created, swept.failed)
    assert "plain" == (await only_task(service)).workflow_id
    assert swept.until < before
    assert (1, 0) == ((again := await sweep(service)).created, again.failed)


async def execute(service: Service, statement: str) -> None:
    async with service.database.session.begin() as session:
        await session.execute(text(statement))


@pytest.mark.parametrize("told", ["mine", 7, None])
async def test_a_memo_of_somebodys_own_is_no_task_id(service: Service, told: object) -> None:
    """Whoever starts a workflow by hand may write what he likes."""
    handle = await service.temporal_client.start_workflow(
        "discover-sets", {}, id="by-hand", task_queue=service.settings.task_queue, memo={"task_id": told}
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")

    swept = await sweep(service)

    assert (1, 0) == (swept.created, swept.failed)
    assert TaskState.FAILED == (await only_task(service)).state
