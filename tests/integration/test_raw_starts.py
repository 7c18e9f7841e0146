"""Workflows that Temporal itself starts or ends: they are in the ledger like any other."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
    WorkflowFailureError,
)

from mainspring.activities.reconcile import UNTOUCHED_FOR
from mainspring.contracts.cards import UpdateInventoryPrices
from mainspring.contracts.tasks import Task, TaskState
from mainspring.emulators.justtcg.faults import Fault
from mainspring.testing.eventually import eventually
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.service import Service, is_waiting

SET = "arena-new-player-experience-magic-the-gathering"

LONG_ENOUGH = UNTOUCHED_FOR + timedelta(seconds=1)


async def only_task(service: Service) -> Task:
    """Return the one task there is, with its error log."""
    (task,) = await service.all_tasks()
    return await service.tasks.get(task.id)


async def test_a_raw_start_with_json_appears_in_the_ledger(service: Service) -> None:
    """As `temporal workflow start --input '{"account_id": …}'` does it: no memo, no typed client."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:10])

    handle = await service.raw_start(
        "update-inventory-prices", {"account_id": str(account)}, workflow_id="by-hand"
    )
    result = await handle.result()
    task = await only_task(service)

    assert (10, TaskState.SUCCESS) == (result["updated"], task.state)
    assert ("by-hand", "temporal", result) == (task.workflow_id, task.triggered_by, task.result)
    assert str(account) == task.input["account_id"]


async def test_two_raw_starts_of_one_account_together_store_every_page_once(service: Service) -> None:
    """They hold no key and race for each page: whoever comes second stores nothing, and goes on."""
    account = await service.add_account(sets=[SET], items=20, plan="Free Tier", minute=1_000)
    service.justtcg.faults.slow_seconds = 0.05
    service.justtcg.faults.rate(Fault.SLOW, 1)

    handles = [
        await service.raw_start(
            "sync-tracked-sets", {"account_id": str(account)}, workflow_id=f"by-hand-{number}"
        )
        for number in range(2)
    ]
    results = [await handle.result() for handle in handles]

    cards = service.justtcg.catalogue.sets[SET].cards
    assert (1, len(cards)) == tuple(sum(each[count] for each in results) for count in ("sets", "cards"))
    assert service.sold_at(service.variants_of(SET)) == await service.prices()
    assert {(TaskState.SUCCESS, str(account))} == {
        (task.state, task.fairness_key) for task in await service.all_tasks()
    }


async def test_a_better_plan_wakes_a_task_that_was_started_raw(service: Service) -> None:
    """Its account is known, so it is told like any other."""
    account = await service.add_account(
        plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2, month=9
    )
    handle = await service.raw_start(
        "update-inventory-prices", {"account_id": str(account)}, workflow_id="by-hand"
    )
    await service.until((await service.first_task()).id, is_waiting)
    service.justtcg.add_key("key-of-shop", "Starter")

    assert 1 == await service.accounts.change_plan("shop", "Starter")
    assert 60 == (await handle.result())["updated"]


@pytest.mark.schedules
async def test_a_schedule_of_temporals_starts_a_job_and_is_named_by_it(service: Service) -> None:
    """Operators may make schedules of their own; the ledger says which one it was."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:10])
    schedule = await service.temporal_client.create_schedule(
        "nightly-prices",
        Schedule(
            action=ScheduleActionStartWorkflow(
                "update-inventory-prices",
                {"account_id": str(account)},
                id="nightly-prices-run",
                task_queue=service.settings.task_queue,
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))]),
        ),
    )

    await schedule.trigger()
    task = await service.first_task()

    assert "schedule nightly-prices" == task.triggered_by
    assert TaskState.SUCCESS == (await service.wait(task.id)).state


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (({"account_id": "not an id"},), "account_id"),
        (({"account_id": str(uuid4()), "acount": 1},), "acount"),
        ((), "missing 1 required positional argument"),
    ],
    ids=["wrong", "unknown", "none"],
)
async def test_a_raw_start_with_bad_input_has_a_failed_row_after_the_sweep(
    service: Service, arguments: tuple[object, ...], complaint: str
) -> None:
    """It fails before it can write a row, so the sweep makes one, with the reason; only once."""
    handle = await service.raw_start("discover-sets", *arguments, workflow_id="by-hand")
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")

    swept = [await service.reconcile() for _ in range(2)]
    task = await only_task(service)

    assert [1, 0] == [each.created for each in swept]
    assert (TaskState.FAILED, "by-hand", "discover-sets") == (task.state, task.workflow_id, task.job)
    assert complaint in task.errors[0].message
    assert (arguments[0] if arguments else {}) == task.input


async def test_a_terminated_workflow_is_failed_after_the_sweep(service: Service) -> None:
    """Terminated in the Web UI, it runs no code; the sweep ends its row and says when and why."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    waiting = await service.until(started.id, is_waiting)
    handle = service.temporal_client.get_workflow_handle(waiting.workflow_id)
    await handle.terminate("by the operator")
    await service.until_listed("Terminated")

    service.clock.advance(LONG_ENOUGH)
    swept = await service.reconcile()
    task = await only_task(service)

    assert (1, 1, 0) == (swept.checked, swept.ended, swept.created)
    assert (TaskState.FAILED, None) == (task.state, task.resumes_at)
    assert task.errors[-1].message.startswith("terminated")
    assert (await handle.describe()).close_time == task.finished_at


async def test_the_sweep_leaves_those_alone_that_are_alive(service: Service) -> None:
    """A task that waits for a day is not touched for a day, and is not dead."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    waiting = await service.until(started.id, is_waiting)

    service.clock.advance(LONG_ENOUGH)
    swept = await service.reconcile()

    assert (1, 0) == (swept.checked, swept.ended)
    assert waiting == await service.tasks.get(started.id)


async def test_a_cancelled_workflow_whose_row_is_lost_gets_one(workerless: Service) -> None:
    """Cancelled by Temporal's own means before any worker took it, a task is CANCELLED all the same."""
    handle = await workerless.raw_start("discover-sets", {"account_id": str(uuid4())}, workflow_id="by-hand")
    await handle.cancel()
    async with workerless.worker():
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        await workerless.until_listed("Canceled")
        await workerless.reconcile()

    assert TaskState.CANCELLED == (await only_task(workerless)).state


async def test_no_row_of_a_raw_flow_has_the_secrets_of_a_step(service: Service) -> None:
    """Neither the flow's own row nor that of the step, whose workflow is started as any other."""
    video = {"source": "https://me:s3cret@127.0.0.1:1/a?sig=s3cret", "destination": "films/1"}
    inner = {"steps": [{"name": "film", "job": "process-video", "input": video}]}
    flow = {"steps": [{"name": "inner", "job": "run-flow", "input": inner}]}
    handle = await service.raw_start("run-flow", flow, workflow_id="by-hand")
    await eventually(service.all_tasks, lambda tasks: len(tasks) == 3)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    tasks = await service.all_tasks()
    assert {"run-flow", "process-video"} == {task.job for task in tasks}
    assert [] == [task for task in tasks if "s3cret" in task.model_dump_json()]
