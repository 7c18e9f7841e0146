"""Two workspaces in one database, which never see each other's rows."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import select

from mainspring.activities.runtime.effects import Outgoing, SenderSettings, acknowledge, claim
from mainspring.activities.runtime.queue import QueueTask, TaskDone
from mainspring.activities.wishlist.checking import check_page
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.evaluating import MailContent
from mainspring.activities.wishlist.mailing.kind import MAIL
from mainspring.activities.wishlist.mailing.sending import written
from mainspring.activities.wishlist.planning import plan_page
from mainspring.contracts.effects import OnUnknown
from mainspring.contracts.tasks import NewTask, TaskState
from mainspring.contracts.wishlist import (
    CheckBatch,
    CheckWishlistSales,
    NotificationSent,
    SendNotification,
    WishedItem,
    WishlistProgress,
)
from mainspring.domain.unsubscribe import Unsubscribing, read_token
from mainspring.gateways.smtp import Mailbox
from mainspring.gateways.templates import Templates
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectStore, NewEffect
from mainspring.storage.tables import Base, WishlistUserRow
from mainspring.testing.shifted_clock import ShiftedClock
from tests.accounts import account
from tests.platform import KEY, Platform, platform_of
from tests.shop import product, user

SENDER = SenderSettings(Mailbox("shop@example.org"), "https://shop.example", KEY)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

# Tables whose rows belong to the installation, to the vendor, or to a row that says whose it is.
NOBODYS = {
    "card_sets", "cards", "games", "price_history", "variants",  # the vendor's
    "inventory_items", "inventory_variants", "tracked_games", "tracked_sets",  # an account's
    "task_errors", "task_steps",  # a task's
    "data_passes", "ledger", "workers",  # the installation's
}  # fmt: skip


def test_whatever_belongs_to_somebody_says_to_which_workspace() -> None:
    """A new table has a workspace that is never absent, or is named above with its reason."""
    tables = Base.metadata.tables
    assert NOBODYS <= tables.keys()

    for name in tables.keys() - NOBODYS:
        assert "workspace" in tables[name].columns, name
        assert not tables[name].columns["workspace"].nullable, name


async def furnish(database: Database, workspace: str, *, price: int) -> Platform:
    """Store the same user, product and wish in a workspace, on sale at a price."""
    platform = platform_of(database, ShiftedClock(), workspace=workspace)
    await platform.shop.store_products([product(1)])
    await platform.people.store_users([user(1, email=f"anna@{workspace}.example.org")])
    assert [] == await platform.wishlists.store_items([WishedItem(user_id="u00001", product_id="p00001")])
    await platform.shop.store_products([product(1, sale_price_cents=price)])
    return platform


async def test_checks_and_mails_stay_within_a_workspace(database: Database) -> None:
    """One check covers both workspaces; each has its own mail of its own price, and its own link."""
    for workspace, price in (("one", 5_000), ("two", 7_000)):
        await furnish(database, workspace, price=price)
    await check_all(database)

    mails = await claimed(database)

    assert {("anna@one.example.org", 5_000), ("anna@two.example.org", 7_000)} == {
        (mail.effect.recipient, line.told_cents) for mail in mails.values() for line in mail.content.lines
    }
    assert [1, 1] == [len(mail.content.lines) for mail in mails.values()]
    for mail in mails.values():
        link = written(mail.effect, mail.content, SENDER, Templates("Shop"), now=NOW).list_unsubscribe or ""
        told = read_token(link.rpartition("/")[2], KEY)
        assert isinstance(told, Unsubscribing)
        assert mail.effect.workspace == told.workspace


async def test_only_the_user_of_the_workspace_counts_as_mailed(database: Database) -> None:
    """A mail that was sent in one workspace says nothing of the user with the same id in another one."""
    for workspace in ("one", "two"):
        await furnish(database, workspace, price=5_000)
    await check_all(database)
    done = [
        TaskDone(QueueTask(key, request(mail), 1, prepared=mail), sent(mail), state=TaskState.SUCCESS)
        for key, mail in (await claimed(database)).items()
        if mail.effect.workspace == "one"
    ]

    await database.transact(lambda session: acknowledge(session, WISHLIST_MAIL, done, now=NOW))

    async def look(session: Session) -> dict[str, datetime | None]:
        return {row.workspace: row.mailed_at for row in await session.scalars(select(WishlistUserRow))}

    assert {"one": NOW, "two": None} == await database.read(look)


async def test_a_workspace_sees_its_own_shop_only(database: Database) -> None:
    """Wishes for another workspace's products are refused; removing and counting stop at its border."""
    one = await furnish(database, "one", price=5_000)
    two = platform_of(database, ShiftedClock(), workspace="two")

    (refused,) = await two.wishlists.store_items([WishedItem(user_id="u00001", product_id="p00001")])
    removed = await two.wishlists.remove_items([("p00001", "u00001")])

    assert ("product_id", "user_id") == refused.unknown
    assert 0 == removed
    assert {"products": 0, "users": 0, "wishes": 0} == await two.wishlists.counts()
    assert {"products": 1, "users": 1, "wishes": 1} == await one.wishlists.counts()


async def test_names_and_keys_are_free_in_each_workspace(database: Database) -> None:
    """Two workspaces have an account of the same name, and an effect of the same key."""
    one, two = [await account(database, "shop", workspace=each) for each in ("one", "two")]

    async def look(session: Session) -> list[UUID]:
        accounts = AccountRepository(session)
        return [(await accounts.named(each, "shop")).id for each in ("one", "two")]

    assert [one.id, two.id] == await database.read(look)
    effects = [effect(each) for each in ("one", "two")]
    assert {each.id for each in effects} == await database.transact(
        lambda session: EffectStore(session).intend(effects, now=NOW)
    )
    assert set() == await database.transact(
        lambda session: EffectStore(session).intend([effect("one")], now=NOW)
    )


def effect(workspace: str) -> NewEffect:
    """Return an effect of the same key as every other."""
    return NewEffect(
        id=uuid4(),
        workspace=workspace,
        kind=MAIL,
        dedupe_key="mail/1",
        owner="u00001",
        reference="<1@example.org>",
        recipient="anna@example.org",
        task_id=uuid4(),
        on_unknown=OnUnknown.RESEND,
    )


async def check_all(database: Database) -> None:
    """Check for sales, page by page."""
    progress = WishlistProgress(task_id=uuid4(), began_at=NOW)
    while not progress.judged:
        check = CheckBatch(sales=CheckWishlistSales(), progress=progress)
        progress = await database.transact(partial(check_page, check=check, now=NOW))
    assert (2, 2, 2) == (progress.products, progress.checked, progress.notified)


async def claimed(database: Database) -> dict[UUID, Outgoing[MailContent]]:
    """Plan all mails, and claim them; return them by their tasks."""
    tasks: list[NewTask] = []
    is_last = False
    while not is_last:
        planned = await database.transact(
            lambda session: plan_page(session, SENDER, cooldown=timedelta(), triggered_by="test", now=NOW)
        )
        is_last = planned.is_last
        tasks += planned.tasks
    given = {each.id: SendNotification.model_validate(each.input) for each in tasks}
    workspaces = {each.id: each.workspace for each in tasks}
    outcomes = await database.transact(
        lambda session: claim(session, WISHLIST_MAIL, given, workspaces, now=NOW)
    )
    mails = {key: each for key, each in outcomes.items() if isinstance(each, Outgoing)}
    assert {each.id: each.workspace for each in tasks} == {
        key: each.effect.workspace for key, each in mails.items()
    }
    return mails


def request(mail: Outgoing[MailContent]) -> SendNotification:
    """Return the input of a mail's task."""
    return SendNotification(effect_id=mail.effect.id)


def sent(mail: Outgoing[MailContent]) -> NotificationSent:
    """Return the result of a mail that was sent."""
    return NotificationSent(message_id=mail.effect.reference, told=len(mail.content.lines))
