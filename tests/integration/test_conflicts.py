"""What the command line says when a start finds another task in its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from mainspring.client.tasks.conflicts import conflict_message
from mainspring.contracts.tasks import Task
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake, TaskQueries
from mainspring.workflows.runtime.job import Debounce, Deduplicate, Throttle
from tests.toys import UPDATE_PRODUCT, UpdateProduct, update_product

SHOE = replace(UPDATE_PRODUCT, key_says="product")
HOUR = timedelta(hours=1)


async def started(database: Database, given: UpdateProduct, **more: object) -> Task:
    """Accept a task for a product, and return it."""
    new = SHOE.task(uuid4(), given, triggered_by="test").model_copy(update=more)

    async def work(session: Session) -> Task | None:
        await TaskIntake(session).enqueue([new], now=datetime.now(UTC))
        return await TaskQueries(session).get(new.id)

    task = await database.transact(work)
    assert task is not None
    return task


async def test_the_same_input_is_said_to_be_the_same(sqlite_database: Database) -> None:
    """With which task it is, of what there is one, and since when."""
    given = UpdateProduct(version=1)
    task = await started(sqlite_database, given)

    said = conflict_message(SHOE, given, task)

    assert said.startswith(
        f"update-product is active already for product shoe: task {task.id}, QUEUED since "
    )
    assert said.endswith(", with the same input")


async def test_another_input_is_said_not_to_be_taken(sqlite_database: Database) -> None:
    """Nothing that was typed is dropped in silence."""
    task = await started(sqlite_database, UpdateProduct(version=1))

    said = conflict_message(
        SHOE, UpdateProduct(version=2), task, called="Shoe", options=["--in", "--priority"]
    )

    assert "for product Shoe" in said
    assert said.endswith(
        ', with {"version": 1}; {"version": 2} was not taken; --in and --priority were not taken'
    )


async def test_a_task_for_later_says_when_it_starts(sqlite_database: Database) -> None:
    """Whoever wonders why nothing happens sees it."""
    given = UpdateProduct(version=1)
    task = await started(sqlite_database, given, starts_at=datetime.now(UTC) + HOUR)

    assert f"task {task.id}, which starts at " in conflict_message(SHOE, given, task)


@pytest.mark.parametrize(
    ("repeats", "expected"),
    [
        (Debounce(quiet=HOUR), "it takes this input"),
        (Throttle(every=HOUR), "update-product starts at most once in 1 h for product shoe"),
        (Deduplicate(), "update-product is active already for product shoe"),
    ],
)
async def test_each_kind_of_repeat_says_what_it_did(
    repeats: Deduplicate | Debounce | Throttle, expected: str, sqlite_database: Database
) -> None:
    """A debounced task takes the input, the others do not."""
    job = replace(update_product(repeats), key_says="product")
    task = await started(sqlite_database, UpdateProduct(version=1))

    assert expected in conflict_message(job, UpdateProduct(version=2), task)
