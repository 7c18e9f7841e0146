"""What the service knows as JSON, in one shape for the command line, an API and pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mainspring.contracts.effects import Effect
from mainspring.contracts.failures import FailureGroup
from mainspring.contracts.flows import StepResult
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task, TaskError

if TYPE_CHECKING:
    from mainspring.client.effects import EffectCounts
    from mainspring.client.webhooks import AddedWebhook
    from mainspring.domain.cards import Account
    from mainspring.workflows.runtime.job import AnyJob

Json = dict[str, Any]


def messages_view(messages: Iterable[Message]) -> list[Json]:
    """Return messages with all their fields."""
    return [each.model_dump(mode="json") for each in messages]


def job_view(job: AnyJob) -> Json:
    """Return a job of the catalogue with the schema of its input."""
    return {
        "name": job.name,
        "summary": job.summary,
        "key": job.key_says,
        "input": job.input.model_json_schema(),
    }


def task_view(task: Task, steps: Sequence[StepResult], children: Sequence[Task]) -> Json:
    """Return a task whole, with the steps of a flow and the ids of the tasks that are steps of it."""
    return task.model_dump(mode="json") | {
        "steps": messages_view(steps),
        "children": [str(child.id) for child in children],
    }


def without_payloads(task: Task) -> Task:
    """Return a task without its input, its result and the texts of its errors."""
    errors = tuple(map(error_without_text, task.errors))
    return task.model_copy(update={"input": {}, "result": None, "error_message": None, "errors": errors})


def error_without_text(error: TaskError) -> TaskError:
    """Return an entry of an error log without the texts, which may have parts of an input."""
    return error.model_copy(update={"message": "", "stack": ""})


def steps_without_payloads(steps: Iterable[StepResult]) -> list[StepResult]:
    """Return steps without what they gave back and the texts of their errors."""
    return [step.model_copy(update={"data": None, "error": None}) for step in steps]


def failure_view(group: FailureGroup, tasks: Iterable[Task]) -> Json:
    """Return a group of failures with its tasks."""
    return group.model_dump(mode="json") | {"tasks": messages_view(tasks)}


def effects_view(effects: Iterable[Effect], counts: EffectCounts) -> Json:
    """Return effects, and how many there are in each state."""
    return {"counts": counts.states, "resends": counts.resends, "effects": messages_view(effects)}


def account_view(account: Account) -> Json:
    """Return an account; of its key only whether it has one."""
    return {
        "id": str(account.id),
        "name": account.name,
        "plan": account.plan,
        "anchor_day": account.anchor_day,
        "has_own_key": account.has_own_key,
    }


def added_webhook_view(added: AddedWebhook) -> Json:
    """Return a new subscription with its secret, which is shown this once."""
    return added.subscription.model_dump(mode="json") | {"secret": added.secret}
