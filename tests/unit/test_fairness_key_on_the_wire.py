"""What the messages of tasks call a fairness key: `workspace`, as histories of before have it."""

import json
from uuid import UUID, uuid4

import pytest
from pydantic_core import to_json

from mainspring.contracts.flows import PlannedStep
from mainspring.contracts.tasks import BeginTask, ChildTask, EnqueueTasks, InTurns, NewTask

TASK = UUID(int=7)
MESSAGES: list[InTurns] = [
    ChildTask(parent_id=TASK, step="a", input_hash="h", fairness_key="k", priority=3, retry_of=None),
    BeginTask(
        task_id=TASK,
        fallback_id=TASK,
        job="greet",
        workflow_id="greet/1",
        run_id="1",
        input={},
        fairness_key="k",
        triggered_by="client",
    ),
    PlannedStep(fairness_key="k", input_hash="h"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_wire_has_the_name_of_before(message: InTurns) -> None:
    """What a history holds is read, and what is written looks the same."""
    wire = to_json(message)  # as Temporal's converter does

    assert "k" == json.loads(wire)["workspace"]
    assert message == type(message).model_validate_json(wire)


def test_tasks_that_were_about_to_be_accepted_keep_their_turns() -> None:
    """A message of before names the fairness key `workspace`; a message of now has both names."""
    now = NewTask(id=uuid4(), job="x", workflow_id="x", dedupe_key=None, input={}, fairness_key="k")
    wire = json.loads(to_json(EnqueueTasks(tasks=(now,))))
    (task,) = wire["tasks"]
    before = {name: value for name, value in task.items() if name != "fairness_key"} | {"workspace": "k"}

    assert (now,) == EnqueueTasks.model_validate(wire).tasks
    assert (now,) == EnqueueTasks.model_validate({"tasks": [before]}).tasks
