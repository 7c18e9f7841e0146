"""Recorded histories of every job still replay: workflow code may change only in ways old runs survive."""

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from mainspring.activities.cards import CardActivities
from mainspring.activities.tasks import TaskActivities
from mainspring.contracts.cards import DiscoverSets, ListingProgress, SetsDiscovered
from mainspring.contracts.flows import RunFlow
from mainspring.contracts.message import InputFault
from mainspring.contracts.tasks import FinishTask, TaskState
from mainspring.gateways.temporal.converter import data_converter
from mainspring.workflows.run_flow import check_flow
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.catalogue import JOBS, workflow_classes
from mainspring.workflows.runtime.sandbox import PURE, workflow_runner
from mainspring.workflows.runtime.tracking import task_id, tracked
from tests.histories.record import RECORDINGS, UnknownRecording, chosen

FOLDER = Path(__file__).parents[1] / "histories"
FILES = sorted(FOLDER.glob("*.json"))


def replayer(*workflows: type) -> Replayer:
    """Return what replays as the worker does, and loads also the workflows' runtime in the sandbox."""
    return Replayer(
        workflows=list(workflows),
        data_converter=data_converter,
        workflow_runner=workflow_runner(PURE),
    )


def history(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, (FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", [file.stem for file in FILES])
async def test_a_recorded_history_replays(name: str) -> None:
    """A run that began before a deployment goes on after it."""
    await replayer(*workflow_classes()).replay_workflow(history(name))


@pytest.mark.parametrize("job", [job.name for job in JOBS])
def test_every_job_has_a_recorded_history(job: str) -> None:
    """A job without one could be broken unseen: python -m tests.histories.record makes it."""
    assert any(file.name.startswith(f"{job}.") for file in FILES)


def test_every_recording_is_kept() -> None:
    """What record.py can record and what lies in the folder are the same."""
    assert sorted(RECORDINGS) == [file.stem for file in FILES]


def test_what_is_recorded_is_what_was_asked_for(tmp_path: Path) -> None:
    """A history that is there is written over only by name: it is what running tasks of a release rely on."""
    for name in RECORDINGS:
        (tmp_path / f"{name}.json").touch()
    (tmp_path / "run-flow.failure.json").unlink()

    assert ["run-flow.failure"] == chosen([], tmp_path)
    assert ["discover-sets.success"] == chosen(["discover-sets.success"], tmp_path)
    with pytest.raises(UnknownRecording, match="discover-sets; there are"):
        chosen(["run-flow.failure", "discover-sets"], tmp_path)


async def test_a_flow_that_runs_outlives_a_stricter_check_of_its_jobs_input() -> None:
    """What was found at its start is what runs: a release that refuses it now would be stuck otherwise."""
    recorded = history("run-flow.failure").to_json()
    payloads = json.loads(recorded)["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    given = payloads["payloads"][0]["data"]
    request = json.loads(b64decode(given))
    request["steps"][1]["input"]["account_id"] = "refused by now"
    with pytest.raises(InputFault):
        check_flow(RunFlow.model_validate(request))
    changed = recorded.replace(given, b64encode(json.dumps(request).encode()).decode())

    await replayer(*workflow_classes()).replay_workflow(WorkflowHistory.from_json("run-flow", changed))


# Not sandboxed: the sandbox would import this module anew, and with it the worker.
@workflow.defn(name="discover-sets", sandboxed=False)
class WorksBeforeItBegins:
    """As the real one, but for the order of its first two commands."""

    @workflow.run
    async def run(self, request: DiscoverSets) -> SetsDiscovered:
        """Work first, and tell the ledger afterwards."""
        progress = ListingProgress(
            task_id=task_id(), account_id=request.account_id, cutoff=workflow.now() - request.older_than
        )
        await workflow.execute_activity_method(CardActivities.discover_sets_batch, progress, **options.BATCH)
        return await self._told(request)

    @tracked
    async def _told(self, _request: DiscoverSets) -> SetsDiscovered:
        return SetsDiscovered()


@workflow.defn(name="discover-sets", sandboxed=False)
class SleepsFirst:
    """As the real one, but for a timer before the work."""

    @workflow.run
    @tracked
    async def run(self, _request: DiscoverSets) -> SetsDiscovered:
        """Sleep, then write the end."""
        await workflow.sleep(timedelta(seconds=1))
        await workflow.execute_local_activity_method(
            TaskActivities.finish,
            FinishTask(task_id=task_id(), state=TaskState.SUCCESS),
            **options.LEDGER,
        )
        return SetsDiscovered()


@pytest.mark.parametrize("changed", [WorksBeforeItBegins, SleepsFirst])
async def test_a_changed_order_of_commands_is_noticed(changed: type) -> None:
    """The replay is worth something: it fails when old runs would be stuck."""
    with pytest.raises(NondeterminismError):
        await replayer(changed).replay_workflow(history("discover-sets.success"))
