"""Where the URLs with secrets are in the inputs of jobs, also of those that are steps of a `run-flow`."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from mainspring.contracts.flows import RunFlow
from mainspring.contracts.secret_urls import fields_with_secrets
from mainspring.contracts.tasks import JsonObject


def with_secrets_changed(job: str, given: JsonObject, change: Callable[[str], str]) -> JsonObject:
    """Return a job's input, as JSON, with its URLs with secrets changed; as it is for an unknown job."""
    with workflow.unsafe.imports_passed_through():
        # The catalogue imports this module, so it can only be asked for when it is complete.
        from mainspring.workflows.runtime.catalogue import UnknownJob, job_named  # noqa: PLC0415
    try:
        kind = job_named(job).input
    except UnknownJob:
        return given
    if kind is RunFlow:
        return given | {"steps": [_step(each, change) for each in given.get("steps", [])]}
    names = [name for name in fields_with_secrets(kind) if isinstance(given.get(name), str)]
    return given | {name: change(given[name]) for name in names}


def _step(step: Any, change: Callable[[str], str]) -> Any:
    if not isinstance(step, dict) or not isinstance(step.get("input"), dict):
        return step
    return step | {"input": with_secrets_changed(str(step.get("job")), step["input"], change)}
