"""Two releases beside each other: a newer one has added fields to its messages, and each reads the other.

The older release's messages are those of this file; the newer one's have one field more, at every depth.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from mainspring.contracts.message import Message
from mainspring.gateways.temporal.payloads import plain
from mainspring.worker import BAD_INPUT

QUEUE, TOOLS = "releases", "releases-tools"
TEN_SECONDS = timedelta(seconds=10)


class OldPart(Message):
    """A part of the state."""

    count: int


class OldState(Message):
    """How far the work is, as the older release writes it."""

    part: OldPart


class NewPart(OldPart):
    """As the newer release writes it."""

    seen: tuple[str, ...] = ()


class NewState(Message):
    """As the newer release writes it."""

    part: NewPart
    mode: str = "plain"


class OldTools:
    """The activities of the older release."""

    @activity.defn(name="tests.step")
    async def step(self, state: OldState) -> OldState:
        """Count one further."""
        return OldState(part=OldPart(count=state.part.count + 1))


class NewTools:
    """The activities of the newer release."""

    @activity.defn(name="tests.step")
    async def step(self, state: NewState) -> NewState:
        """Count one further, and say what the older release has no field for."""
        part = NewPart(count=state.part.count + 1, seen=(*state.part.seen, "one"))
        return NewState(part=part, mode="newer")


@workflow.defn(name="tests-count")
class OldCount:
    """Counts to three with the activities of whichever release takes them, and carries its state on."""

    @workflow.run
    async def run(self, request: OldState) -> OldState:
        """Count one further in each run."""
        carried = workflow.memo_value("state", None, type_hint=OldState) or request
        state: OldState = await workflow.execute_activity(
            "tests.step",
            carried,
            result_type=OldState,
            task_queue=TOOLS,
            start_to_close_timeout=TEN_SECONDS,
        )
        if state.part.count < 3:
            workflow.continue_as_new(request, memo={"state": state})
        return state


@workflow.defn(name="tests-count")
class NewCount:
    """The same, as the newer release has it."""

    @workflow.run
    async def run(self, request: NewState) -> NewState:
        """Count one further in each run."""
        carried = workflow.memo_value("state", None, type_hint=NewState) or request
        state: NewState = await workflow.execute_activity(
            "tests.step",
            carried,
            result_type=NewState,
            task_queue=TOOLS,
            start_to_close_timeout=TEN_SECONDS,
        )
        if state.part.count < 3:
            workflow.continue_as_new(request, memo={"state": state})
        return state


def workflows(temporal_client: Client, kind: type) -> Worker:
    """Return a worker that fails a workflow for what ours fails it for."""
    return Worker(
        temporal_client,
        task_queue=QUEUE,
        workflows=[kind],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=BAD_INPUT,
    )


def tools(temporal_client: Client, of: OldTools | NewTools) -> Worker:
    return Worker(temporal_client, task_queue=TOOLS, activities=[of.step])


@pytest.mark.parametrize(
    ("kind", "of"),
    [(OldCount, NewTools()), (NewCount, OldTools())],
    ids=["an older workflow of newer activities", "a newer workflow of older activities"],
)
async def test_a_workflow_and_its_activities_may_be_of_two_releases(
    temporal_client: Client, kind: type, of: OldTools | NewTools
) -> None:
    """Inputs, results and carried state go both ways; the client is the newer release's."""
    request = NewState(part=NewPart(count=0, seen=("start",)), mode="newer")
    async with workflows(temporal_client, kind), tools(temporal_client, of):
        result = await temporal_client.execute_workflow(
            "tests-count",
            request,
            id=str(uuid4()),
            task_queue=QUEUE,
            result_type=OldState,
        )

    assert OldState(part=OldPart(count=3)) == result


async def test_a_raw_start_with_a_field_too_many_is_refused_by_its_name(temporal_client: Client) -> None:
    """What comes from outside is a misspelling, not a newer release."""
    async with workflows(temporal_client, OldCount):
        handle = await temporal_client.start_workflow(
            "tests-count", plain({"part": {"count": 0, "cuont": 1}}), id=str(uuid4()), task_queue=QUEUE
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()

    assert "part.cuont" in str(failed.value.cause)


def test_a_client_call_with_a_field_too_many_is_refused_by_its_name() -> None:
    """Nobody means it."""
    with pytest.raises(ValidationError, match="cuont"):
        OldPart.model_validate({"count": 1, "cuont": 1})
