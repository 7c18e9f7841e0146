"""What becomes of a mail between a check and its arrival, with a real engine, worker and mail server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.client.errors import BadInput
from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, SkipReason
from mainspring.emulators.smtp import AcceptedMail, MailFault
from mainspring.gateways.temporal.converter import data_converter
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from mainspring.workflows.wishlist import SALE_CHECK, STOCK_CHECK
from tests.service import Service
from tests.shop import Shop, open_shop, product, user

SALES = CheckWishlistSales()
ANNA = "u1@example.org"


@pytest.fixture
async def closed(temporal_client: Client, service_database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    """Give a shop without a worker, where Anna (u00001) has wished for two products, one of them on sale."""
    async with open_shop(temporal_client, service_database, tmp_path) as shop:
        await shop.service.shop.store_products([product(1), product(2)])
        await shop.service.people.store_users([user(1), user(2)])
        await shop.wish(("u00001", "p00001"), ("u00001", "p00002"))
        await shop.service.shop.store_products([product(1, sale_price_cents=8_000)])
        yield shop


@pytest.fixture
async def shop(closed: Shop) -> AsyncIterator[Shop]:
    """Give the same with a worker."""
    async with closed.service.worker():
        yield closed


@asynccontextmanager
async def second_machine(service: Service) -> AsyncIterator[None]:
    """Run a worker with connections of its own."""
    config = service.temporal_client.service_client.config
    client = await Client.connect(
        config.target_host,
        namespace=service.temporal_client.namespace,
        data_converter=data_converter,
    )
    database = Database(service.database.url)
    async with replace(service, temporal_client=client, database=database).worker():
        yield
    await database.dispose()


async def states(shop: Shop) -> dict[EffectState, int]:
    """Return how many mails are in each state."""
    return (await shop.effects.counts()).states


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_mail_arrives_whole_and_is_noted(shop: Shop) -> None:
    """One mail of both parts, from the shop, with the link to unsubscribe; the ledger has its Message-ID."""
    result = await shop.check(SALE_CHECK, SALES)

    (mail,), (effect,) = shop.smtp.accepted, await shop.effects.find()
    assert (1, 1, {}) == (result.notified, result.mails, result.skipped)
    assert (EffectState.SENT, mail.message_id, ANNA) == (effect.state, effect.reference, effect.recipient)
    assert (1, 0) == (effect.attempts, effect.resends)
    assert all("Product 1" in mail.part(kind) and "€80.00" in mail.part(kind) for kind in ("plain", "html"))
    assert "List-Unsubscribe=One-Click" == mail.message["List-Unsubscribe-Post"]
    assert ["sent"] == [each.state for each in await shop.alerts()]


async def test_the_link_in_a_mail_switches_the_alerts_off(shop: Shop) -> None:
    """The next sale is not told."""
    await shop.check(SALE_CHECK, SALES)
    link = str(shop.smtp.accepted[0].message["List-Unsubscribe"]).strip("<>")

    assert "u00001" == await shop.service.people.unsubscribe(link.rpartition("/")[2])
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])
    result = await shop.check(SALE_CHECK, SALES)

    assert (0, {SkipReason.NOT_WANTED: 2}) == (result.notified, result.skipped)
    assert 1 == len(shop.smtp.accepted)


async def test_several_products_are_one_mail(shop: Shop) -> None:
    """A digest names them all."""
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])

    result = await shop.check(SALE_CHECK, SALES)

    (mail,) = shop.smtp.accepted
    assert (2, 1) == (result.notified, result.mails)
    assert all(name in mail.part("plain") for name in ("Product 1", "Product 2"))


async def test_what_is_found_while_a_mail_waits_joins_it(closed: Shop) -> None:
    """During the quiet hours sale and return to stock come together, and go out as one when they end."""
    now = closed.service.clock.now()
    begin = (now - timedelta(hours=1)).time()
    await closed.service.people.store_users(
        [user(1, quiet_from=begin, quiet_until=(now + timedelta(hours=1)).time(), time_zone="UTC")]
    )
    await closed.service.shop.store_products([product(2, stock=0)])
    async with closed.service.worker():
        await closed.check(SALE_CHECK, SALES)
        await closed.check(STOCK_CHECK, CheckWishlistStock())
        await closed.service.shop.store_products([product(2, stock=4)])
        stock = await closed.check(STOCK_CHECK, CheckWishlistStock())
        (task,) = await closed.mail_tasks()

        assert (1, 1, []) == (stock.notified, stock.mails, closed.smtp.accepted)
        assert task.starts_at is not None
        assert timedelta(minutes=59) < task.starts_at - now < timedelta(minutes=61)

        closed.service.clock.advance(timedelta(hours=1, minutes=1))
        await closed.service.relay()
        (mail,) = await eventually(lambda: accepted(closed), bool)
    assert all(name in mail.part("plain") for name in ("Product 1", "Product 2"))


async def accepted(shop: Shop) -> list[AcceptedMail]:
    """Return the mails that arrived."""
    return list(shop.smtp.accepted)


async def test_a_user_gets_a_mail_an_hour_at_most(shop: Shop) -> None:
    """The next one waits for the rest of it."""
    await shop.check(SALE_CHECK, SALES)
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])
    await shop.check(SALE_CHECK, SALES)

    waiting = [task for task in await shop.mail_tasks() if task.state is TaskState.QUEUED]
    assert (1, 1) == (len(shop.smtp.accepted), len(waiting))
    assert await shop.check(SALE_CHECK, SALES) is not None
    shop.service.clock.advance(timedelta(hours=1))
    await shop.service.relay()
    await eventually(lambda: accepted(shop), lambda mails: len(mails) == 2)


async def test_a_sale_that_ends_between_check_and_mail_is_not_told(closed: Shop) -> None:
    """The reason is recorded; when it is on sale again, it is told."""
    await closed.service.shop.store_products([product(2, sale_price_cents=8_000)])
    async with closed.service.worker():
        await closed.service.people.store_users([user(1, quiet_from=time(0), quiet_until=time(23, 59, 59))])
        await closed.check(SALE_CHECK, SALES)
        await closed.service.people.store_users([user(1)])
        await closed.service.shop.store_products([product(1), product(2, sale_price_cents=9_000)])
        closed.service.clock.advance(timedelta(days=1))
        await closed.service.relay()
        await eventually(lambda: states(closed), lambda found: EffectState.WITHDRAWN in found)

        assert {
            "p00001": ("skipped", SkipReason.SALE_ENDED),
            "p00002": ("skipped", SkipReason.PRICE_ROSE),
        } == {each.product_id: (each.state, each.reason) for each in await closed.alerts()}
        assert [] == closed.smtp.accepted
        await closed.service.shop.store_products(
            [product(number, sale_price_cents=8_000) for number in (1, 2)]
        )
        await closed.check(SALE_CHECK, SALES)
    (mail,) = closed.smtp.accepted
    assert all(name in mail.part("plain") for name in ("Product 1", "Product 2"))


async def test_a_mail_that_is_put_off_is_sent_later_and_one_that_is_refused_is_not(shop: Shop) -> None:
    """451 is tried again; 550 is final, and shows as a failed task and effect."""
    shop.smtp.faults.for_recipient(ANNA, MailFault.LATER)
    shop.smtp.faults.always_for("u2@example.org", MailFault.REFUSED)
    await shop.wish(("u00002", "p00002"))
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])

    await shop.check(SALE_CHECK, SALES)

    assert {EffectState.SENT: 1, EffectState.FAILED: 1} == await states(shop)
    (failed,) = await shop.effects.find([EffectState.FAILED])
    assert "550" in (failed.error or "")
    assert [ANNA] == [each.recipients[0] for each in shop.smtp.accepted]
    task = await shop.service.tasks.get(failed.task_id)
    assert (TaskState.FAILED, "MailRefused") == (task.state, task.errors[-1].error_type)
    shop.smtp.faults.clear()
    await shop.service.jobs.retry(failed.task_id)
    await eventually(lambda: states(shop), lambda found: found == {EffectState.SENT: 2})


async def test_a_mail_whose_answer_is_lost_is_sent_again_with_the_same_message_id(shop: Shop) -> None:
    """It is counted as a resend, whether the first one had arrived or not."""
    await shop.wish(("u00002", "p00002"))
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])
    shop.smtp.faults.for_recipient(ANNA, MailFault.DROP_ACCEPTED)
    shop.smtp.faults.for_recipient("u2@example.org", MailFault.DROP_UNACCEPTED)

    await shop.check(SALE_CHECK, SALES)

    effects = {effect.recipient: effect for effect in await shop.effects.find()}
    assert {(EffectState.SENT, 2, 1)} == {
        (each.state, each.attempts, each.resends) for each in effects.values()
    }
    assert {effects[ANNA].reference: 2, effects["u2@example.org"].reference: 1} == shop.smtp.counts


async def test_a_mail_whose_answer_is_lost_is_held_where_that_is_the_policy(
    temporal_client: Client, service_database: Database, tmp_path: Path
) -> None:
    """A person says that it arrived, or has it sent again; nothing else is decided so."""
    async with (
        open_shop(temporal_client, service_database, tmp_path, mail_on_unknown="hold") as shop,
        shop.service.worker(),
    ):
        await shop.service.shop.store_products([product(1)])
        await shop.service.people.store_users([user(1), user(2)])
        await shop.wish(("u00001", "p00001"), ("u00002", "p00001"))
        await shop.service.shop.store_products([product(1, sale_price_cents=8_000)])
        shop.smtp.faults.next(MailFault.DROP_UNACCEPTED, MailFault.DROP_UNACCEPTED)
        await shop.check(SALE_CHECK, SALES)

        assert {EffectState.UNKNOWN: 2} == await states(shop)
        one, other = await shop.effects.find()
        await shop.effects.mark_sent(str(one.id))
        await shop.effects.send_again(str(other.id))
        await eventually(lambda: states(shop), lambda found: found == {EffectState.SENT: 2})
        with pytest.raises(BadInput, match="is sent: only an unknown one"):
            await shop.effects.mark_sent(str(one.id))
    assert {other.reference: 1} == shop.smtp.counts


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_two_workers_and_checks_at_the_same_time_tell_once(closed: Shop) -> None:
    """A schedule's run and one that a person starts meanwhile."""
    users = 25
    await closed.service.people.store_users([user(number) for number in range(users)])
    await closed.wish(*((f"u{number:05}", "p00001") for number in range(users)))
    await closed.service.shop.store_products([product(1, price_cents=10_000, sale_price_cents=5_000)])
    async with closed.service.worker(), second_machine(closed.service):
        raw = await closed.service.raw_start(SALE_CHECK.name, {}, workflow_id="by-hand")
        first = await closed.check(SALE_CHECK, SALES)
        second = await raw.result()

        await eventually(lambda: states(closed), lambda found: found == {EffectState.SENT: users})
    assert users == first.notified + second["notified"]
    assert users == len(closed.smtp.accepted) == len(closed.mails())


async def test_a_server_that_is_away_is_waited_for(shop: Shop) -> None:
    """The mail is not lost, and is sent once."""
    await shop.smtp.stop()
    await (await shop.service.jobs.start(SALE_CHECK, SALES)).result()
    await eventually(lambda: states(shop), lambda found: found == {EffectState.INTENDED: 1})
    await shop.smtp.start()

    await eventually(lambda: states(shop), lambda found: found == {EffectState.SENT: 1})
    assert 1 == len(shop.smtp.accepted)


async def test_a_mail_whose_task_was_cancelled_is_given_up_and_counts_as_told(closed: Shop) -> None:
    """What it told of is not told by another one; what comes later is."""
    await closed.service.people.store_users([user(1, quiet_from=time(0), quiet_until=time(23, 59, 59))])
    async with closed.service.worker():
        await closed.check(SALE_CHECK, SALES)
        (task,) = await closed.mail_tasks()
        await closed.service.jobs.cancel(task.id)
        await closed.service.people.store_users([user(1)])
        await closed.service.shop.store_products([product(2, sale_price_cents=5_000)])
        again = await closed.check(SALE_CHECK, SALES)

    assert (1, 1) == (again.notified, again.mails)
    assert {EffectState.FAILED: 1, EffectState.SENT: 1} == await states(closed)
    (mail,) = closed.smtp.accepted
    assert "Product 2" in mail.part("plain")
    assert "Product 1" not in mail.part("plain")


async def test_a_mail_in_doubt_whose_sale_has_ended_is_for_a_person_to_note_as_sent(shop: Shop) -> None:
    """Its task succeeds and tells of nothing; there is nothing to send again, and the cooldown holds."""
    shop.smtp.faults.for_recipient(ANNA, MailFault.DROP_ACCEPTED)
    await (await shop.service.jobs.start(SALE_CHECK, SALES)).result()
    await eventually(lambda: states(shop), lambda found: found == {EffectState.UNKNOWN: 1})
    await shop.service.shop.store_products([product(1)])
    shop.service.clock.advance(timedelta(minutes=1))
    (task,) = await eventually(shop.mail_tasks, lambda found: found[0].state is TaskState.SUCCESS)
    (effect,) = await shop.effects.find()

    assert (EffectState.UNKNOWN, 1) == (effect.state, len(shop.smtp.accepted))
    assert {"message_id": None, "told": 0, "skipped": {"sale-ended": 1}} == task.result
    with pytest.raises(BadInput, match="nothing of what it tells holds"):
        await shop.effects.send_again(str(effect.id))
    assert EffectState.SENT == (await shop.effects.mark_sent(str(effect.id))).state
    await shop.service.shop.store_products([product(2, sale_price_cents=5_000)])
    await shop.check(SALE_CHECK, SALES)
    assert {EffectState.SENT: 1, EffectState.INTENDED: 1} == await states(shop)
