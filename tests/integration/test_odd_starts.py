"""Raw starts that nothing can be read from: each has a FAILED row that says why, and stalls no other."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue

from mainspring.contracts.tasks import Task, TaskState
from tests.service import Service

ODD = {
    "nested": (
        Payload(metadata={"encoding": b"json/plain"}, data=b"[" * 100_000 + b"]" * 100_000),
        "recursion",
    ),
    "deep": (
        Payload(metadata={"encoding": b"json/plain"}, data=b'{"a":' * 150 + b"1" + b"}" * 150),
        "Extra inputs are not permitted",
    ),
    "nan": (Payload(metadata={"encoding": b"json/plain"}, data=b'{"account_id": NaN}'), "account_id"),
    "infinite": (Payload(metadata={"encoding": b"json/plain"}, data=b'{"account_id": 1e400}'), "account_id"),
    "digits": (
        Payload(metadata={"encoding": b"json/plain"}, data=b'{"account_id": %s}' % (b"1" * 5_000)),
        "account_id",
    ),
    "secrets": (
        Payload(
            metadata={"encoding": b"json/plain"},
            data=b'{"steps": [{"source": "https://me:s3cret@cdn.example/?sig=s3cret"}]}',
        ),
        "Extra inputs are not permitted",
    ),
    "encrypted": (Payload(metadata={"encoding": b"binary/encrypted"}, data=b"\xff\x00"), "binary/encrypted"),
    "nothing": (Payload(metadata={"encoding": b"binary/null"}), "binary/null"),
}


@pytest.mark.parametrize("service_database", ["postgresql"], indirect=True)
async def test_every_odd_start_has_a_failed_row_that_says_why(service: Service) -> None:
    """In one round of the reconciler, and in no later one; what is behind them in the list is reached too."""
    for name, (payload, _) in ODD.items():
        handle = await service.temporal_client.start_workflow(
            "discover-sets", RawValue(payload), id=name, task_queue=service.settings.task_queue
        )
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    await service.until_listed("Failed", least=len(ODD))

    swept = [await service.reconcile() for _ in range(2)]
    found = await service.all_tasks()
    tasks: dict[str, Task] = {task.workflow_id: await service.tasks.get(task.id) for task in found}

    assert [(len(ODD), 0), (0, 0)] == [(each.created, each.failed) for each in swept]
    assert ODD.keys() == tasks.keys()
    assert {TaskState.FAILED} == {task.state for task in tasks.values()}
    untold = {name for name, (_, why) in ODD.items() if why not in tasks[name].errors[0].message}
    assert set() == untold
    assert {"account_id": "nan"} == tasks["nan"].input
    assert "s3cret" not in tasks["secrets"].model_dump_json()
    assert [{"source": "https://***@cdn.example/?sig=***"}] == tasks["secrets"].input["steps"]
    assert {"unreadable"} == tasks["nested"].input.keys() == tasks["deep"].input.keys()
