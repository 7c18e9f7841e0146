"""What the log says of tasks: a line for each attempt that failed, and a line for each end."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from mainspring.activities.runtime.task_log import log_acknowledged
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import TaskError, TaskState
from mainspring.storage.ledger import Acknowledgement
from tests.flow_toys import RUN_GRAPH, Flows, GraphStep, RunGraph
from tests.service import Service
from tests.toys import UPDATE_PRODUCT, Toys, UpdateProduct


@contextmanager
def json_log() -> Iterator[io.StringIO]:
    """Write the log as a worker does until the block ends, and give what is written."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    configure_logs(Settings.model_validate({"log_format": "json"}))
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
    try:
        yield written
    finally:
        root.handlers, root.level = handlers, level


def records(written: io.StringIO) -> list[dict[str, Any]]:
    """Return the records of a log, each a line."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


async def test_an_attempt_that_failed_is_one_line_with_its_task_and_the_next_one(
    workerless: Service,
) -> None:
    """The SDK's own record, with its stack, is left out: the stack is in the task's error log."""
    flows = Flows(workerless)
    flows.shop.fragile.add("a")
    with json_log() as written:
        async with flows.worker():
            started = await flows.jobs.start(RUN_GRAPH, RunGraph(steps=(GraphStep(name="a"),)))
            task = await workerless.until(started.id, lambda task: bool(task.errors))
            lines = records(written)
            flows.shop.fragile.clear()
            await workerless.wait(started.id)
    ends = [each for each in records(written) if each["event"] == "task ended"]

    [line] = [each for each in lines if each["level"] == "warning"]
    assert ("attempt failed", str(started.id), "a", 1) == tuple(
        line[name] for name in ("event", "task_id", "step", "attempt")
    )
    assert (
        timedelta(0) < datetime.fromisoformat(line["next_attempt"]) - task.errors[0].at < timedelta(seconds=3)
    )
    assert "a does not want to" == line["error"]
    assert not [each for each in lines if "exception" in each]
    assert [(str(started.id), "SUCCESS", "info")] == [
        (each["task_id"], each["state"], each["level"]) for each in ends
    ]


async def test_a_task_is_named_though_its_activity_does_not_know_it(
    workerless: Service,
) -> None:
    """An author's own activity takes what the author likes; the task's end says why it failed."""
    toys = Toys(workerless)
    with json_log() as written:
        async with toys.worker():
            started = await toys.jobs.start(UPDATE_PRODUCT, UpdateProduct(version=1, description=3_000_000))
            await workerless.wait(started.id)

    failed, ended = [each for each in records(written) if each["level"] == "warning"]
    assert ("attempt failed", str(started.id), "none") == (
        failed["event"],
        failed["task_id"],
        failed["next_attempt"],
    )
    assert ("task ended", str(started.id), "update-product", "FAILED", "TooMuch") == tuple(
        ended[name] for name in ("event", "task_id", "job", "state", "error_type")
    )


def test_a_batch_says_each_failure_and_counts_the_rest() -> None:
    """A thousand lines of success would hide the one failure."""
    now = datetime(2026, 5, 1, 8, tzinfo=UTC)
    error = TaskError(at=now, step="work", error_type="Refused", message="no\nand no", stack="…", attempt=2)
    later, last, *good = (uuid4() for _ in range(5))
    acknowledged = [
        Acknowledgement(later, TaskState.RUNNING, error=error, next_attempt_at=now + timedelta(minutes=1)),
        Acknowledgement(last, TaskState.FAILED, error=error),
        *(Acknowledgement(each, TaskState.SUCCESS) for each in good),
    ]
    with json_log() as written:
        log_acknowledged("note", "drain-note", acknowledged, {each.id: each.state for each in acknowledged})

    told = {each["event"]: each for each in records(written)}
    assert ["attempt failed", "task ended", "tasks ended"] == list(told)
    assert (str(later), 2, "2026-05-01T08:01:00+00:00", "no") == tuple(
        told["attempt failed"][name] for name in ("task_id", "attempt", "next_attempt", "error")
    )
    assert (str(last), "FAILED") == (told["task ended"]["task_id"], told["task ended"]["state"])
    assert ("SUCCESS", 3) == (told["tasks ended"]["state"], told["tasks ended"]["count"])
