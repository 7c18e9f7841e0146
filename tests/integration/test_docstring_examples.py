"""The examples in the docstrings of what a job's author uses run as they stand."""

import ast
import inspect
import re
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest
from temporalio import activity, workflow

from mainspring.activities.runtime.queue import BatchedQueues, QueueTask
from mainspring.client.jobs import Jobs
from mainspring.client.remote import connect
from mainspring.contracts.api_keys import Role
from mainspring.contracts.cards import PricesUpdated, UpdateInventoryPrices
from mainspring.contracts.flows import StepInput
from mainspring.contracts.message import Message
from mainspring.contracts.progress import TaskProgress
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.tasks import TaskId
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.batches import in_activity, run_batches
from mainspring.workflows.runtime.flow import Flow, JobStep, Step
from mainspring.workflows.runtime.job import Job, Throttle
from mainspring.workflows.runtime.options import BATCH
from mainspring.workflows.runtime.schedule import Cron, Every, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked
from tests.api import served
from tests.service import Service

# What an example need not import.
NAMES = (
    *(activity, workflow, timedelta, Message, StepInput, TaskProgress, TaskId, WorkQueue, QueueWorked),
    *(Job, Throttle, tracked, task_id, Flow, Step, run_batches, in_activity, BatchedQueues, QueueTask),
    *(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices, UUID, JobStep, BATCH, Schedule, Cron, Every),
)
API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
DECLARATIONS = (Job, Schedule, tracked, options, Flow, JobStep, run_batches, BatchedQueues)


def example_of(documented: object) -> str:
    """Return the code below the line `Example:` of a docstring."""
    (code,) = re.findall(r"^Example:\n((?:    .*\n?|\n)+)", inspect.getdoc(documented) or "", re.MULTILINE)
    return dedent(code)


def blocks_of(page: Path) -> list[str]:
    """Return the Python of a page."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


async def run(code: str, **given: Any) -> dict[str, Any]:
    """Run code at whose top `await` may stand, and return the names that it has made."""
    names = {"workflow": workflow, "activity": activity, "__name__": __name__} | given
    names |= {name: value for name, value in globals().items() if any(value is each for each in NAMES)}
    compiled = compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if (running := eval(compiled, names)) is not None:  # our own docstrings
        await running
    return names


@pytest.mark.parametrize("documented", DECLARATIONS, ids=lambda documented: documented.__name__)
async def test_the_declarations_of_an_example_are_accepted(documented: object) -> None:
    """Temporal's decorators, the job and the flow check what they are given when they are made."""
    await run(example_of(documented))


@pytest.mark.parametrize("code", [example_of(connect), *blocks_of(API_PAGE)], ids=["docstring", "page"])
async def test_the_examples_of_the_client_over_http_run(service: Service, code: str) -> None:
    """From the docstring and from the page: the result is typed as it is beside the database."""
    account_id = await service.add_account(inventory=service.justtcg.variant_ids[:3])
    key = await service.api_keys.create("elsewhere", Role.OPERATOR)
    async with served(service) as api:
        made = await run(code, connect=connect, url=api.url, key=key.text, account_id=account_id)
    assert isinstance(made["prices"], PricesUpdated)
    assert 3 == made["prices"].updated


async def test_the_example_of_starting_a_task_runs(service: Service) -> None:
    """The task is part of the transaction, and its result is typed."""
    account_id = await service.add_account(inventory=service.justtcg.variant_ids[:3])
    made = await run(example_of(Jobs.start), service=service, account_id=account_id)
    assert isinstance(made["prices"], PricesUpdated)
    assert 3 == made["prices"].updated
