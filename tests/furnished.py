"""A workspace with one of everything, for tests that no other workspace gets at it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update

from mainspring.activities.wishlist.mailing.kind import MAIL
from mainspring.client.service import Service
from mainspring.contracts.effects import EffectState, OnUnknown
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.flows import OpenedStep
from mainspring.contracts.models import ModelRun, RunOutcome, TokenUsage
from mainspring.contracts.people import NewDevice, Platform
from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, WishedItem
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.ledger import StepStore, TaskIntake, TaskWriter
from mainspring.storage.models import ModelRunRepository
from mainspring.storage.tables import EffectRow
from mainspring.workflows.wishlist import SALE_CHECK
from tests.catalogue import catalogued
from tests.ledger_writes import NOON
from tests.occasions import occasion
from tests.shop import product, user

FAILURE = TaskError(at=NOON, step="mail", error_type="Refused", message="no")


@dataclass(frozen=True)
class Furnished:
    """A workspace with one of everything, and what its own caller knows of that."""

    service: Service
    failed: UUID
    queued: UUID
    group: str
    webhook: str
    effect: UUID
    account: str
    model_run: UUID
    entry: str
    """The id of a product, a user, a taste profile and an occasion that no other workspace has; of a device
    the token is made from it."""


async def furnish(service: Service) -> Furnished:
    """Make one of everything in a workspace; the ids alone differ."""
    webhook = await service.webhooks.add("http://127.0.0.1:9/hook")
    failed, queued = uuid4(), await service.jobs.start(SALE_CHECK, CheckWishlistSales())
    effect = NewEffect(
        id=uuid4(),
        workspace=service.workspace,
        kind=MAIL,
        dedupe_key="mail/1",
        owner="u00001",
        reference="<1@example.org>",
        recipient="anna@example.org",
        task_id=failed,
        on_unknown=OnUnknown.RESEND,
    )
    await service.database.transact(lambda session: write_failure(session, service.workspace, effect))
    account = await service.accounts.add("shop")
    await service.shop.store_products([product(1), product(2, id=service.workspace)])
    await service.people.store_users([user(1), user(2, id=service.workspace)])
    assert [] == await service.wishlists.store_items([WishedItem(user_id="u00001", product_id="p00001")])
    await service.taste_profiles.complete_taste_profile(service.workspace, "u00001", {"interests": "tea"})
    await service.products.save_products([catalogued(1), catalogued(2, id=service.workspace)])
    assert set() == await service.occasions.store([occasion(service.workspace)])
    assert set() == await service.devices.store([device(service.workspace)])
    run = model_run(service.workspace)
    await service.database.transact(
        lambda session: ModelRunRepository(session, service.workspace).append(run)
    )
    (group,) = await service.failures.groups()
    return Furnished(
        service,
        failed=failed,
        queued=queued.id,
        group=group.fingerprint,
        webhook=str(webhook.subscription.id),
        effect=effect.id,
        account=str(account.id),
        model_run=run.id,
        entry=service.workspace,
    )


def device(entry: str) -> NewDevice:
    """Return the first user's device in a workspace."""
    token = f"token-of-{entry}".encode().hex()
    return NewDevice(user_id="u00001", token=token, platform=Platform.WEB)


def model_run(subject: str, **more: Any) -> ModelRun:
    """Return a call of a language model about a product."""
    given = {
        "id": uuid4(),
        "purpose": "enrich-product",
        "subject": subject,
        "model": "claude-haiku-5-5",
        "prompt_version": "v1",
        "usage": TokenUsage(input_tokens=400, output_tokens=90),
        "latency_ms": 700,
        "cost_micros": 850,
        "outcome": RunOutcome.ANSWERED,
        "at": NOON,
    }
    return ModelRun(**given | more)


async def write_failure(session: Session, workspace: str, effect: NewEffect) -> None:
    """Write a failed task with a step, and the effect of which the task does not know what became of it."""
    task = NewTask(
        id=effect.task_id,
        job="send-notifications",
        workflow_id="drain",
        dedupe_key="mail/1",
        workspace=workspace,
        input={},
        is_pooled=True,
    )
    await TaskIntake(session).enqueue([task], now=NOON)
    await StepStore(session).open(task.id, [OpenedStep(name="mail", weight=1)], now=NOON)
    await EffectStore(session).intend([effect], now=NOON)
    await session.execute(
        update(EffectRow).where(EffectRow.id == effect.id).values(state=EffectState.UNKNOWN)
    )
    finish = FinishTask(task_id=task.id, state=TaskState.FAILED, error=FAILURE)
    await TaskWriter(session).finish(finish, now=NOON)


async def seen(each: Furnished) -> list[object]:
    """Return what a workspace's own caller sees."""
    own = each.service
    return [
        await own.tasks.find(),
        await own.tasks.steps(each.failed),
        await own.failures.tasks(FailureFilter()),
        await own.webhooks.all(),
        await own.effects.find(),
        await own.accounts.list(),
        await own.shop.products(),
        await own.people.users(),
        await own.taste_profiles.profiles(),
        await own.products.products(),
        await own.occasions.find(),
        await own.devices.find(),
        await own.models.runs(),
    ]
