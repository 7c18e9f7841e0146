"""Running a job so that its history can be recorded."""

from typing import Any

from temporalio.client import WorkflowHandle

from mainspring.contracts.message import Message
from mainspring.workflows.runtime.job import AnyJob
from tests.service import Service

Handle = WorkflowHandle[Any, Any]


async def finished(service: Service, job: AnyJob, given: Message) -> Handle:
    """Run a job to its end, whatever that is."""
    started = await service.jobs.start(job, given)
    task = await service.wait(started.id)
    return service.temporal_client.get_workflow_handle(task.workflow_id)
