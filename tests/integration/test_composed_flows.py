"""`run-flow`: jobs of the catalogue as a graph, with children that are tasks of their own."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowFailureError

from mainspring.client.errors import BadInput
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.flows import FlowResult, RunFlow
from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.flows import child_task_id
from mainspring.workflows.cards import DISCOVER_SETS
from mainspring.workflows.run_flow import RUN_FLOW
from tests.service import Service, is_waiting

JOBS = {"sets": "discover-sets", "cards": "sync-tracked-sets", "prices": "update-inventory-prices"}


def step(name: str, account: UUID, *needs: str, **changed: Any) -> dict[str, Any]:
    """Return a step of a card job."""
    given = {"account_id": str(account)}
    return {"name": name, "job": JOBS[name], "input": given, "needs": needs, **changed}


def card_flow(account: UUID) -> RunFlow:
    """Return the three card jobs, one after the other."""
    return RunFlow.model_validate(
        {
            "steps": [
                step("sets", account),
                step("cards", account, "sets"),
                step("prices", account, "cards"),
            ]
        }
    )


async def test_children_are_tasks_and_run_in_order(service: Service) -> None:
    """Each child has its own row, which names its parent; the parent's result names the children."""
    account = await service.add_account(games=["pokemon"], inventory=service.justtcg.variant_ids[:50])
    started = await service.jobs.start(RUN_FLOW, card_flow(account), priority=2)
    task = await service.wait(started.id)

    assert TaskState.SUCCESS is task.state, task
    result = FlowResult.model_validate(task.result)
    children = await service.tasks.children(task.id)
    assert list(JOBS.values()) == [child.job for child in children]
    assert {(TaskState.SUCCESS, 2, str(account), task.id)} == {
        (child.state, child.priority, child.fairness_key, child.parent_id) for child in children
    }
    for name, child in zip(JOBS, children, strict=True):
        assert {"task_id": str(child.id), "result": child.result} == result.steps[name].data
        assert child_task_id(task.id, name) == child.id
    times = [time for child in children for time in (child.started_at, child.finished_at)]
    assert sorted(time for time in times if time) == times
    assert 50 == len(await service.prices())


async def test_children_do_not_collide_with_an_active_task_of_their_key(service: Service) -> None:
    """The graph says what runs when, not the job's key."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)
    flow = RunFlow.model_validate({"steps": [step("prices", account), step("sets", account)]})
    own = await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=account))
    started = await service.jobs.start(RUN_FLOW, flow)

    assert not started.deduplicated
    await service.tasks.wait(own.id)
    await service.until(started.id, lambda task: task.processed == 1)
    await service.jobs.cancel(started.id)
    await service.wait(started.id)


async def test_cancelling_the_parent_cancels_the_children(service: Service) -> None:
    """A child that waits for its quota is CANCELLED before its parent is."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:300], day=1)
    flow = RunFlow.model_validate({"steps": [step("prices", account), step("cards", account, "prices")]})
    started = await service.jobs.start(RUN_FLOW, flow)
    child_id = child_task_id(started.id, "prices")
    await service.until(started.id, lambda task: task.current_step == "prices")
    await service.until(child_id, is_waiting)

    await service.jobs.cancel(started.id)
    parent, child = await service.wait(started.id), await service.tasks.get(child_id)

    assert (TaskState.CANCELLED, TaskState.CANCELLED) == (parent.state, child.state)
    result = FlowResult.model_validate(parent.result)
    assert (("prices",), ("cards",)) == (result.failed_steps, result.skipped_steps)
    assert 1 == len(await service.tasks.children(parent.id))


async def test_a_failed_child_fails_the_parent_and_its_retry_runs_what_is_missing(service: Service) -> None:
    """Dependants are skipped; the log names the step; a retry takes the finished child over."""
    account, nobody = await service.add_account(games=["pokemon"]), uuid4()
    steps = [step("sets", account), step("cards", nobody, "sets"), step("prices", account, "cards")]
    started = await service.jobs.start(RUN_FLOW, RunFlow.model_validate({"steps": steps}))
    failed = await service.wait(started.id)

    assert TaskState.FAILED is failed.state
    result = FlowResult.model_validate(failed.result)
    assert (("sets",), ("cards",), ("prices",)) == (
        result.completed_steps,
        result.failed_steps,
        result.skipped_steps,
    )
    assert [("cards", "AccountUnknown")] == [(error.step, error.error_type) for error in failed.errors]
    assert str(nobody) in (result.steps["cards"].error or "")

    retried = await service.jobs.retry(failed.id, message=card_flow(account))
    again = await service.wait(retried.id)

    assert TaskState.SUCCESS is again.state, again
    children = await service.tasks.children(again.id)
    assert ["sync-tracked-sets", "update-inventory-prices"] == [child.job for child in children]
    # The child that failed is retried, so that one which is a flow goes on where it was.
    earlier = await service.tasks.get(child_task_id(failed.id, "cards"))
    assert (earlier.id, children[0].id) == (children[0].retry_of, earlier.retried_by)
    taken_over = FlowResult.model_validate(again.result).steps["sets"]
    assert result.steps["sets"] == taken_over


async def until_prices(service: Service, task_id: UUID) -> Task:
    """Wait until the flow that is a step of this one has come to its prices, and return it."""
    await service.until(task_id, lambda task: task.current_step == "inner")
    return await service.until(child_task_id(task_id, "inner"), lambda task: task.current_step == "prices")


async def test_a_child_whose_end_nobody_told_is_retried_where_it_was(service: Service) -> None:
    """A terminated workflow writes nothing: what its steps had done is not done again all the same."""
    account = await service.add_account(games=["pokemon"], inventory=service.justtcg.variant_ids[:300], day=2)
    inner = {"steps": [step("sets", account), step("prices", account, "sets")]}
    outer = {"steps": [{"name": "inner", "job": "run-flow", "input": inner}]}
    started = await service.jobs.start(RUN_FLOW, RunFlow.model_validate(outer))
    child = await until_prices(service, started.id)
    await service.temporal_client.get_workflow_handle(child.workflow_id).terminate()
    failed = await service.wait(started.id)
    again = await service.jobs.retry(failed.id)
    retried = await until_prices(service, again.id)
    await service.jobs.cancel(again.id)
    await service.wait(again.id)

    assert {"task_id": str(child.id)} == FlowResult.model_validate(failed.result).steps["inner"].data
    assert (child.id, 1) == (retried.retry_of, retried.processed)
    assert 1 == [task.job for task in await service.all_tasks()].count("discover-sets")


async def test_a_flow_s_workspace_is_that_of_the_jobs_that_have_none(service: Service) -> None:
    """Who pays for the flow has the turns of its children; a job of an account is that account's."""
    account = await service.add_account(games=["pokemon"])
    inner = {"steps": [step("sets", account)]}
    outer = {"workspace": "shop-7", "steps": [{"name": "inner", "job": "run-flow", "input": inner}]}
    started = await service.jobs.start(RUN_FLOW, RunFlow.model_validate(outer))
    raw = await service.raw_start("run-flow", outer, workflow_id="raw")
    await raw.result()
    await service.wait(started.id)
    tasks = await service.all_tasks()

    assert {"run-flow": {"shop-7"}, "discover-sets": {str(account)}} == {
        job: {task.fairness_key for task in tasks if task.job == job} for job in {task.job for task in tasks}
    }


def flows_in_flows(*, levels: int = 1, width: int = 1) -> dict[str, Any]:
    """Return the input of a flow of flows: so many steps on each of so many levels."""
    steps = [step("sets", uuid4()) | {"name": f"sets-{number}"} for number in range(width)]
    for _ in range(levels - 1):
        inner = {"steps": steps}
        steps = [{"name": f"flow-{number}", "job": "run-flow", "input": inner} for number in range(width)]
    return {"steps": steps}


FAULTS: dict[str, dict[str, Any]] = {
    "input.steps: with the flows in it, it has more than 500 steps": {
        "job": "run-flow",
        "input": flows_in_flows(levels=2, width=23),
    },
    "input.steps: flows within flows are more than 10 levels deep": {
        "job": "run-flow",
        "input": flows_in_flows(levels=10),
    },
    "input.steps.1.job: no job is called 'discover-set'": {"job": "discover-set"},
    "input.steps.1.job: 'relay-tasks' is housekeeping": {"job": "relay-tasks"},
    "input.steps.1.job: 'deliver-webhook' is worked in a batched queue": {
        "job": "deliver-webhook",
        "input": {},
    },
    "input.steps.1.input.account_id: 'nobody' is not accepted": {"input": {"account_id": "nobody"}},
    "input.steps.1.input.colour: 'red' is not accepted": {
        "input": {"account_id": str(uuid4()), "colour": "red"}
    },
    "input.steps.1.needs.0: no step is called 'shoes'": {"needs": ["shoes"]},
    "input.steps.1.name: 'sets' is the name of step 0 already": {"name": "sets"},
    "input.steps.1.needs: a cycle: cards needs prices needs cards": {"needs": ["prices"]},
}


def faulty(changed: dict[str, Any]) -> dict[str, Any]:
    """Return a flow with a fault in its second step."""
    account = uuid4()
    return {
        "steps": [
            step("sets", account),
            step("cards", account, "sets") | changed,
            step("prices", account, "cards"),
        ]
    }


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_run_is_refused_with_its_path(workerless: Service, fault: str) -> None:
    """Nothing is accepted; the error leads to the fault."""
    with pytest.raises(BadInput) as refused:
        await workerless.jobs.start(RUN_FLOW, RunFlow.model_validate(faulty(FAULTS[fault])))

    assert str(refused.value).startswith(fault)
    assert [] == await workerless.all_tasks()


async def test_a_raw_start_that_cannot_run_fails_with_the_path(service: Service) -> None:
    """Temporal's own command line has no client of ours before it: the workflow checks again."""
    (fault, *_) = FAULTS
    handle = await service.raw_start("run-flow", faulty(FAULTS[fault]), workflow_id="raw")
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    task = await service.first_task()

    assert fault in str(failed.value.cause)
    assert TaskState.FAILED is (await service.wait(task.id)).state
    assert (await service.tasks.get(task.id)).errors[0].message.startswith(fault)
