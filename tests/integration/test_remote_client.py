"""The client over HTTP does what the client beside the database does: one test body for both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.client.cancelling import CountDiffers
from mainspring.client.errors import (
    BadInput,
    EntryUnknown,
    GroupUnknown,
    TaskCancelled,
    TaskEndedAlready,
    TaskNotEnded,
    TaskNotRetryable,
    TaskUnknown,
)
from mainspring.client.interface import AnyService
from mainspring.client.remote import connect
from mainspring.contracts.api_keys import Role
from mainspring.contracts.audit import AuditFilter
from mainspring.contracts.effects import EffectState
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.flows import FlowResult, RunFlow
from mainspring.contracts.people import User
from mainspring.contracts.tasks import FinishTask, TaskFilter, TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, WishedItem
from mainspring.storage.errors import AlreadyRetried, EffectUnknown, SubscriptionUnknown
from mainspring.storage.ledger import TaskWriter
from mainspring.workflows.run_flow import RUN_FLOW
from tests.api import served
from tests.furnished import FAILURE, Furnished, furnish
from tests.ledger_writes import NOON
from tests.service import Service
from tests.shop import product, user

SHOP = "shop"
RESULT = FlowResult(
    steps={},
    completed_steps=("a",),
    failed_steps=(),
    skipped_steps=(),
    current_step=None,
    total_steps=1,
    completed_count=1,
    failed_count=0,
    started_at=NOON,
    completed_at=NOON,
)


def flow(*steps: str) -> RunFlow:
    """Return a flow of steps that nobody runs here."""
    inputs = {"account_id": str(uuid4())}
    each = [{"name": name, "job": "update-inventory-prices", "input": inputs} for name in steps or ("a",)]
    return RunFlow.model_validate({"steps": each})


@dataclass(frozen=True)
class Both:
    """A furnished workspace, and one of the two ways in."""

    ways: AnyService
    shop: Furnished

    async def end(self, task_id: UUID, state: TaskState = TaskState.FAILED) -> None:
        """End a task, as its workflow does."""
        error = FAILURE if state is TaskState.FAILED else None
        result = RESULT.model_dump(mode="json") if state is TaskState.SUCCESS else None
        finish = FinishTask(task_id=task_id, state=state, error=error, result=result)
        await self.shop.service.database.transact(
            lambda session: TaskWriter(session).finish(finish, now=NOON)
        )


@pytest.fixture(params=["database", "http"])
async def both(request: pytest.FixtureRequest, workerless: Service) -> AsyncIterator[Both]:
    """Give the way in beside the database, and the one over HTTP with a workspace's key."""
    settings = workerless.settings.model_copy(update={"webhooks_allow_private": True})
    beside = replace(workerless, settings=settings)
    shop = await furnish(beside.within(SHOP))
    async with AsyncExitStack() as stack:
        service: AnyService = shop.service
        if request.param == "http":
            api = await stack.enter_async_context(served(beside))
            key = await shop.service.api_keys.create("elsewhere", Role.ADMIN)
            service = await stack.enter_async_context(connect(api.url, api_key=key.text))
        yield Both(service, shop)


async def test_a_task_is_started_looked_at_and_cancelled(both: Both) -> None:
    """By the messages of the job; its end is waited for, and said by the same errors."""
    service = both.ways
    started = await service.jobs.start(RUN_FLOW, flow("a", "b"), priority=1)
    assert started.deduplicated is False
    task = await service.tasks.get(started.id)
    assert ("run-flow", TaskState.QUEUED, 1, SHOP) == (task.job, task.state, task.priority, task.workspace)
    with pytest.raises(TaskNotEnded) as going:
        await service.tasks.result(started.id)
    assert started.id == going.value.task.id
    assert [] == await service.tasks.children(started.id)

    later = await service.jobs.start(RUN_FLOW, flow(), delay=timedelta(hours=1))
    when = (await service.tasks.get(later.id)).starts_at
    assert when is not None
    assert await service.jobs.start(RUN_FLOW, flow(), at=when) != later

    assert (await service.jobs.cancel(later.id)).cancel_requested_at
    assert (await service.cancelling.cancel(later.id)).note is None
    await both.end(later.id, TaskState.CANCELLED)
    with pytest.raises(TaskCancelled):
        await later.result()
    assert TaskState.CANCELLED is (await service.cancelling.cancel(later.id)).task.state


async def test_what_is_not_accepted_is_said_by_field_value_and_what_is(both: Both) -> None:
    """The same words, whichever way they took."""
    service, nobody = both.ways, uuid4()
    with pytest.raises(TaskUnknown, match=str(nobody)) as unknown:
        await service.tasks.get(nobody)
    assert str(nobody) == unknown.value.reference
    with pytest.raises(BadInput, match="not both"):
        await service.jobs.start(RUN_FLOW, flow(), at=datetime.now(UTC), delay=timedelta(1))
    twice = RunFlow.model_construct(steps=(*flow("a").steps, *flow("a").steps))
    with pytest.raises(BadInput) as bad:
        await service.jobs.start(RUN_FLOW, twice)
    assert ["input.steps.1.name"] == [fault.field for fault in bad.value.faults]
    with pytest.raises(BadInput) as refused:
        await service.webhooks.add("ftp://example.org")
    (fault,) = refused.value.faults
    assert ("url", "'ftp://example.org'") == (fault.field, fault.value)
    with pytest.raises(TypeError, match="takes RunFlow"):
        await service.jobs.start(RUN_FLOW, CheckWishlistSales())  # type: ignore[misc]


async def test_many_are_started_and_found_page_by_page(both: Both) -> None:
    """In the order of their inputs; a filter finds the same tasks in the same order."""
    service = both.ways
    started = await service.jobs.start_many(RUN_FLOW, [flow() for _ in range(5)], priority=2)
    assert 5 == len({each.id for each in started})
    chosen = TaskFilter(job="run-flow", states=frozenset({TaskState.QUEUED}))
    first = await service.tasks.find(chosen, limit=3)
    rest = await service.tasks.find(chosen, before=first[-1], limit=3)
    assert ({each.id for each in started}, [3, 2]) == (
        {task.id for task in first + rest},
        [len(first), len(rest)],
    )
    for criteria in (
        None,
        TaskFilter(top=True),
        TaskFilter(without=frozenset({"run-flow", "wishlist-sale-check"})),
        TaskFilter(asked_to_cancel=True),
        TaskFilter(created_until=first[-1].created_at),
        TaskFilter(parent_id=started[0].id),
    ):
        found = [await ways.tasks.find(criteria) for ways in (both.shop.service, service)]
        assert [task.id for task in found[0]] == [task.id for task in found[1]], criteria

    with pytest.raises(CountDiffers) as differs:
        await service.cancelling.cancel_matching(chosen, expect=4)
    assert (4, 5) == (differs.value.expected, differs.value.found)
    assert 5 == (await service.cancelling.cancel_matching(chosen, dry_run=True)).count
    assert (5, False) == tuple(vars(await service.cancelling.cancel_matching(chosen, expect=5)).values())


async def test_a_failed_task_is_retried_once(both: Both) -> None:
    """Also with another input; what is in the way is said, and carries what a program needs."""
    service = both.ways
    started = await service.jobs.start(RUN_FLOW, flow("a"))
    with pytest.raises(TaskNotRetryable) as active:
        await service.jobs.retry(started.id)
    assert started.id == active.value.task.id
    await both.end(started.id)
    other = flow("b")
    again = await service.jobs.retry(started.id, message=other)
    task = await service.tasks.get(again.id)
    assert (started.id, other.model_dump(mode="json")) == (task.retry_of, task.input)
    with pytest.raises(AlreadyRetried) as retried:
        await service.jobs.retry(started.id)
    assert (started.id, again.id) == (retried.value.task_id, retried.value.retried_by)
    with pytest.raises(TaskEndedAlready):
        await service.cancelling.cancel(started.id)
    assert TaskState.FAILED is (await service.jobs.cancel(started.id)).state


async def test_a_task_is_watched_to_its_end(both: Both) -> None:
    """The task now, each change, and the end; the result is the job's own message."""
    service = both.ways
    started = await service.jobs.start(RUN_FLOW, flow("a"))
    seen = []
    async for task in service.tasks.watch(started.id):
        seen.append(task.state)
        if len(seen) == 1:
            await both.end(started.id, TaskState.SUCCESS)
    assert [TaskState.QUEUED, TaskState.SUCCESS] == seen
    assert RESULT == await started.result()
    assert RESULT.model_dump(mode="json") == await service.tasks.result(started.id)
    assert await both.shop.service.tasks.get(started.id) == await service.tasks.wait(started.id)
    with pytest.raises(TaskUnknown):
        await service.tasks.wait(uuid4())


async def test_failures_are_replayed_and_dismissed(both: Both) -> None:
    """Groups, counts and tasks are the same; a replay takes as many as it is told."""
    service, beside = both.ways, both.shop.service
    failed = await service.jobs.start_many(RUN_FLOW, [flow(), flow(), flow()])
    for each in failed:
        await both.end(each.id)
    groups = await service.failures.groups()
    assert await beside.failures.groups() == groups
    (group,) = await service.failures.groups(FailureFilter(job="run-flow", until=datetime.now(UTC)))
    assert group == await service.failures.group(group.fingerprint[:12])
    assert [group] == await service.failures.groups(FailureFilter(group=group.fingerprint[:5]))
    criteria = FailureFilter(group=group.fingerprint)
    tasks = await service.failures.tasks(criteria)
    assert await beside.failures.tasks(criteria) == tasks
    assert tasks[1:] == await service.failures.tasks(criteria, before=tasks[0])
    assert 3 == await service.failures.count(criteria)
    done = await service.failures.replay(criteria, limit=2, rate=100, stop_when_it_returns=False)
    assert (2, 1, None) == (len(done.started), done.remaining, done.stopped_because)
    one = FailureFilter(task_ids=(tasks[0].id, both.shop.failed))
    assert await beside.failures.count(one) == await service.failures.count(one)
    assert 1 == await service.failures.dismiss(FailureFilter(job="run-flow"))
    assert 1 == await service.failures.dismiss(FailureFilter())
    assert 0 == await service.failures.count(criteria)
    with pytest.raises(GroupUnknown):
        await service.failures.group("0000")


async def test_effects_are_found_and_decided(both: Both) -> None:
    """By state and by id; only an unknown one is decided."""
    service, effect = both.ways, str(both.shop.effect)
    found = await service.effects.find([EffectState.UNKNOWN, EffectState.SENT])
    assert await both.shop.service.effects.find() == found
    assert found == [await service.effects.get(effect)]
    assert found == await service.effects.find(kind=found[0].kind)
    assert [] == await service.effects.find([EffectState.UNKNOWN], kind="another")
    assert [] == await service.effects.find(before=found[0])
    assert await both.shop.service.effects.counts_up_to(5) == await service.effects.counts_up_to(5)
    assert EffectState.SENT is (await service.effects.mark_sent(effect)).state
    with pytest.raises(BadInput, match="only an unknown one waits for a decision"):
        await service.effects.send_again(effect)
    with pytest.raises(EffectUnknown):
        await service.effects.get(str(uuid4()))


async def test_webhooks_are_kept(both: Both) -> None:
    """Added, found, given another secret, disabled, enabled and removed."""
    service = both.ways
    added = await service.webhooks.add("http://127.0.0.1:9/hook", states={TaskState.FAILED})
    reference = str(added.subscription.id)
    assert added.subscription == await service.webhooks.find(reference)
    assert [both.shop.webhook, reference] == [str(each.id) for each in await service.webhooks.all()]
    rotated = await service.webhooks.rotate_secret(reference, overlap=timedelta(hours=1))
    assert added.secret != rotated.secret
    assert "rebuilt" == (await service.webhooks.disable(reference, "rebuilt")).disabled_because
    assert (await service.webhooks.enable(reference)).disabled_at is None
    started = await service.jobs.start(RUN_FLOW, flow())
    await both.end(started.id)
    deliveries = await service.webhooks.deliveries(reference)
    assert await both.shop.service.webhooks.deliveries(reference) == deliveries
    assert [] == await service.webhooks.deliveries(reference, after=deliveries[-1].id)
    assert reference == str((await service.webhooks.remove(reference)).id)
    with pytest.raises(SubscriptionUnknown):
        await service.webhooks.find(reference)
    assert [] == await service.quotas.all()


async def test_what_a_platform_tells_is_stored_and_removed(both: Both) -> None:
    """Products, users and wishes page by page; what a user has switched off stays off."""
    service = both.ways
    await service.shop.store_products([product(7, id="a/7 ?")])
    assert "a/7 ?" == (await service.shop.product("a/7 ?")).id
    first = await service.shop.products(limit=1)
    rest = await service.shop.products(after=first[0].id)
    assert await both.shop.service.shop.products() == first + rest
    assert 3 == len(first + rest)

    off = user(7, sale_alerts=False)
    await service.people.store_users([off])
    unsaid = {name: value for name, value in off.model_dump().items() if name != "sale_alerts"}
    await service.people.store_users([User.model_validate(unsaid)])
    assert (await service.people.user(off.id)).sale_alerts is False
    assert await both.shop.service.people.users() == await service.people.users()

    wish = WishedItem(user_id=off.id, product_id="a/7 ?")
    unknown = WishedItem(user_id="nobody", product_id="nothing")
    (rejected,) = await service.wishlists.store_items([wish, unknown])
    assert (unknown, {"product_id", "user_id"}) == (rejected.wish, set(rejected.unknown))
    (stored,) = await service.wishlists.items(user_id=off.id)
    assert [stored] == (await service.wishlists.items(limit=1))
    below = await service.wishlists.items(after=(stored.product_id, stored.user_id))
    assert await both.shop.service.wishlists.items() == [stored, *below]
    assert 1 == await service.wishlists.remove_items([("a/7 ?", off.id), ("nothing", "nobody")])

    await service.shop.remove_product("a/7 ?")
    await service.people.remove_user(off.id)
    with pytest.raises(EntryUnknown, match="there is no product") as gone:
        await service.shop.product("a/7 ?")
    assert "a/7 ?" == gone.value.reference
    with pytest.raises(EntryUnknown, match="there is no user"):
        await service.people.remove_user(off.id)


async def test_the_audit_log_is_looked_at(both: Both) -> None:
    """What this test notes is found by what it was; a page goes on below an entry."""
    beside = both.shop.service.audit
    await beside.note("ada", "count", "shelf 1", after={"count": 1})
    await beside.note("ada", "count", "shelf 2", before={"count": 1}, after={"count": 2})
    found = await both.ways.audit.find(AuditFilter(action="count", subject="shelf"))
    assert ["shelf 2", "shelf 1"] == [entry.subject for entry in found]
    assert await beside.find(AuditFilter(action="count")) == found
    assert found[1:] == await both.ways.audit.find(AuditFilter(actor="ada"), after=found[0].id)
    with pytest.raises(BadInput, match="after: "):
        await both.ways.audit.find(after=uuid4())
