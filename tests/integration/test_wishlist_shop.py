"""Products, users and wishes as the platform tells them, on both databases."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select, update

from mainspring.activities.wishlist.checking import check_page
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import (
    CheckBatch,
    CheckWishlistSales,
    CheckWishlistStock,
    RejectedWish,
    SkipReason,
    WishedItem,
    WishlistProgress,
)
from mainspring.domain.unsubscribe import TokenRefused, UnsubscribeScope, Unsubscribing, make_token
from mainspring.storage.database import Database, Session
from mainspring.storage.tables import (
    Base,
    NotificationRow,
    WishedProductRow,
    WishlistItemRow,
    WishlistUserRow,
)
from mainspring.testing.shifted_clock import ShiftedClock
from tests.platform import KEY, Platform, platform_of
from tests.shop import product, user

LONG_AGO = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
WISH = WishedItem(user_id="u00001", product_id="p00001")


@pytest.fixture
def clock() -> ShiftedClock:
    """Give the clock of the shop."""
    return ShiftedClock()


@pytest.fixture
def platform(database: Database, clock: ShiftedClock) -> Platform:
    """Give the ways in to a shop without anything in it."""
    return platform_of(database, clock)


async def rows(database: Database, kind: type[Base]) -> list[dict[str, Any]]:
    """Return all rows of a table, without the time of their last import."""

    async def look(session: Session) -> list[dict[str, Any]]:
        found = await session.scalars(select(kind).order_by(*kind.__table__.primary_key))
        names = [column.name for column in kind.__table__.columns if column.name != "updated_at"]
        return [{name: getattr(row, name) for name in names} for row in found]

    return await database.read(look)


async def test_what_was_told_is_there_as_it_was_told(database: Database, platform: Platform) -> None:
    """Every field comes back, and the same again changes nothing."""
    sold = product(
        1, image_url="https://shop.example/1.png", sale_price_cents=8_000, sale_ends_at=LONG_AGO, stock=0
    )
    who = user(1, locale="de-AT", time_zone="Europe/Vienna", quiet_from=time(22), quiet_until=time(7, 30))
    wish = WISH.model_copy(update={"notify_on_stock": False, "added_at": LONG_AGO})
    tables = (WishedProductRow, WishlistUserRow, WishlistItemRow)
    found = []
    for _ in range(2):
        await platform.shop.store_products([sold])
        await platform.people.store_users([who])
        assert [] == await platform.wishlists.store_items([wish])
        found.append([await rows(database, each) for each in tables])

    assert found[0] == found[1]
    ((stored,), (person,), (wished,)) = found[0]
    assert sold.model_dump().items() <= stored.items()
    assert who.model_dump().items() <= person.items()
    assert (wish.model_dump() | {"price_when_added_cents": 10_000}).items() <= wished.items()
    assert {"products": 1, "users": 1, "wishes": 1} == await platform.wishlists.counts()


async def test_what_checks_and_mails_have_noted_survives_an_import(
    database: Database, platform: Platform
) -> None:
    """A nightly import of everything ends no sale, and lets nobody be mailed too soon."""
    await platform.shop.store_products([product(1)])
    await platform.people.store_users([user(1)])
    seen = {
        "seen_on_sale": True,
        "sale_episode": 3,
        "seen_sold_out": True,
        "stock_episode": 2,
        "restocked_at": LONG_AGO,
    }

    async def note(session: Session) -> None:
        await session.execute(update(WishedProductRow).values(seen))
        await session.execute(update(WishlistUserRow).values(mailed_at=LONG_AGO))

    await database.transact(note)

    await platform.shop.store_products([product(1, stock=99)])
    await platform.people.store_users([user(1, email="new@example.org")])

    ((stored,), (person,)) = [await rows(database, each) for each in (WishedProductRow, WishlistUserRow)]
    assert (seen | {"stock": 99}).items() <= stored.items()
    assert {"email": "new@example.org", "mailed_at": LONG_AGO}.items() <= person.items()


async def test_a_wish_has_the_price_and_time_of_when_it_was_first_told(
    database: Database, platform: Platform, clock: ShiftedClock
) -> None:
    """Later imports that do not say them keep them; those that do win."""
    await platform.shop.store_products([product(1, sale_price_cents=8_000)])
    await platform.people.store_users([user(1)])
    before = clock.now()
    await platform.wishlists.store_items([WISH])
    first = (await rows(database, WishlistItemRow))[0]

    clock.advance(timedelta(days=1))
    await platform.shop.store_products([product(1, price_cents=7_000)])
    await platform.wishlists.store_items([WISH.model_copy(update={"notify_on_sale": False})])
    kept = (await rows(database, WishlistItemRow))[0]
    await platform.wishlists.store_items([WISH.model_copy(update={"price_when_added_cents": 9_500})])
    priced = (await rows(database, WishlistItemRow))[0]
    await platform.wishlists.store_items([WISH.model_copy(update={"added_at": LONG_AGO})])
    dated = (await rows(database, WishlistItemRow))[0]

    assert 8_000 == first["price_when_added_cents"]
    assert before <= first["added_at"] <= before + timedelta(minutes=1)
    assert first | {"notify_on_sale": False} == kept
    assert first | {"price_when_added_cents": 9_500} == priced
    assert first | {"price_when_added_cents": 9_500, "added_at": LONG_AGO} == dated


async def test_alerts_that_an_import_does_not_say_stay_switched_off(
    database: Database, platform: Platform
) -> None:
    """Who has unsubscribed is not subscribed again by the next import of all users."""
    await platform.people.store_users([user(1), user(2, stock_alerts=False)])
    token = make_token(Unsubscribing("u00001", UnsubscribeScope.SALE), KEY)
    assert "u00001" == await platform.people.unsubscribe(token)

    await platform.people.store_users([user(1, name="Anna"), user(2, name="Bo", sale_alerts=False)])
    alerts = [(each["sale_alerts"], each["stock_alerts"]) for each in await rows(database, WishlistUserRow)]
    await platform.people.store_users([user(1, sale_alerts=True)])
    ((again, _), _) = [
        (each["sale_alerts"], each["stock_alerts"]) for each in await rows(database, WishlistUserRow)
    ]

    assert [(False, True), (False, False)] == alerts
    assert again is True


async def test_a_user_with_an_id_too_long_for_a_link_unsubscribes_as_well(
    database: Database, platform: Platform
) -> None:
    """The link names the user by a digest, and nobody else is switched off."""
    ids = ["🧀" * 200, "🧀" * 199 + "x"]
    await platform.people.store_users([user(number, id=each) for number, each in enumerate(ids)])
    token = make_token(Unsubscribing(ids[0], UnsubscribeScope.SALE), KEY)

    assert ids[0] == await platform.people.unsubscribe(token)
    alerts = {each["id"]: each["sale_alerts"] for each in await rows(database, WishlistUserRow)}
    assert {ids[0]: False, ids[1]: True} == alerts


async def test_a_link_for_a_user_who_is_gone_or_from_elsewhere_changes_nothing(platform: Platform) -> None:
    """The first is no error, for nobody is told any more; the second is."""
    assert (
        await platform.people.unsubscribe(make_token(Unsubscribing("gone", UnsubscribeScope.ALL), KEY))
        is None
    )
    with pytest.raises(TokenRefused):
        await platform.people.unsubscribe(
            make_token(Unsubscribing("u00001", UnsubscribeScope.ALL), KEY[::-1])
        )


async def test_of_two_entries_with_the_same_id_the_last_one_wins(
    database: Database, platform: Platform
) -> None:
    """As if they came one after the other: what the last one leaves out is the first one's."""
    await platform.shop.store_products([product(1, stock=1), product(1, stock=2)])
    await platform.people.store_users([user(1, sale_alerts=False), user(1, name="Anna")])
    priced = WISH.model_copy(update={"price_when_added_cents": 9_500, "notify_on_sale": False})
    await platform.wishlists.store_items([priced, WISH])

    assert 2 == (await rows(database, WishedProductRow))[0]["stock"]
    person = (await rows(database, WishlistUserRow))[0]
    assert ("Anna", False) == (person["name"], person["sale_alerts"])
    wish = (await rows(database, WishlistItemRow))[0]
    assert (9_500, True) == (wish["price_when_added_cents"], wish["notify_on_sale"])


async def test_wishes_for_what_is_not_known_are_given_back(platform: Platform) -> None:
    """With what is not known of them; the others are stored."""
    await platform.shop.store_products([product(1)])
    await platform.people.store_users([user(1)])
    strays = [
        WishedItem(user_id="u00001", product_id="p2"),
        WishedItem(user_id="u2", product_id="p00001"),
        WishedItem(user_id="u2", product_id="p2"),
    ]

    assert [
        RejectedWish(wish=strays[0], unknown=("product_id",)),
        RejectedWish(wish=strays[1], unknown=("user_id",)),
        RejectedWish(wish=strays[2], unknown=("product_id", "user_id")),
    ] == await platform.wishlists.store_items([strays[0], WISH, *strays[1:]])
    assert 1 == (await platform.wishlists.counts())["wishes"]


async def test_wishes_are_removed_once(platform: Platform) -> None:
    """And only those that are named."""
    await platform.shop.store_products([product(1), product(2)])
    await platform.people.store_users([user(1)])
    await platform.wishlists.store_items([WISH, WISH.model_copy(update={"product_id": "p00002"})])

    assert 1 == await platform.wishlists.remove_items([("p00001", "u00001"), ("p00001", "nobody")])
    assert 0 == await platform.wishlists.remove_items([("p00001", "u00001")])
    assert 1 == (await platform.wishlists.counts())["wishes"]


async def test_texts_at_their_longest_are_stored(database: Database, platform: Platform) -> None:
    """What a file may hold the columns hold."""
    long_url = f"https://shop.example/{'x' * 1900}"
    await platform.shop.store_products(
        [Product(id="ä" * 200, name="n" * 500, url=long_url, currency="JPY", price_cents=2**31 - 1)]
    )
    address = f"{'e' * 64}@{'.'.join(['d' * 44] * 4)}.example"
    await platform.people.store_users([User(id="ü" * 200, email=address, locale="zh-Hant")])
    assert [] == await platform.wishlists.store_items([WishedItem(user_id="ü" * 200, product_id="ä" * 200)])
    assert 2**31 - 1 == (await rows(database, WishlistItemRow))[0]["price_when_added_cents"]


async def test_many_entries_cost_a_few_statements_for_each_page(
    database: Database, platform: Platform
) -> None:
    """A page is a thousand entries; none has a statement of its own."""
    asked: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked[statement.split(maxsplit=1)[0]] += 1

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    await platform.shop.store_products([product(number) for number in range(2_500)])
    await platform.people.store_users([user(number) for number in range(2_500)])
    await platform.wishlists.store_items(
        [WishedItem(user_id=f"u{number:05}", product_id=f"p{number:05}") for number in range(2_500)]
    )

    pages = 3
    # Of products none, of users what zones they have had, of wishes whether product and user are there.
    assert {"INSERT": 3 * pages, "SELECT": 3 * pages} == {each: asked[each] for each in ("INSERT", "SELECT")}
    assert {"products": 2_500, "users": 2_500, "wishes": 2_500} == await platform.wishlists.counts()


@pytest.mark.parametrize("sold_out", [0, -2])
async def test_a_product_that_was_sold_out_or_sold_too_often_is_told_when_it_is_back(
    database: Database, platform: Platform, clock: ShiftedClock, sold_out: int
) -> None:
    """Stock below zero is sold out: the row is stored, and the return to stock is told."""
    check = CheckBatch(
        stock=CheckWishlistStock(), progress=WishlistProgress(task_id=uuid4(), began_at=clock.now())
    )
    notified = []
    await platform.people.store_users([user(1)])
    for stock in (5, sold_out, 4):
        await platform.shop.store_products(
            [Product.model_validate(product(1).model_dump() | {"stock": stock})]
        )
        await platform.wishlists.store_items([WISH])
        page = await database.transact(lambda session: check_page(session, check, now=clock.now()))
        notified.append(page.notified)

    assert [0, 0, 1] == notified


async def test_prices_of_another_currency_are_never_compared(
    database: Database, platform: Platform, clock: ShiftedClock
) -> None:
    """A drop of a thousandth is no news though yen became euros, and a real one is told of once."""

    async def check() -> tuple[int, dict[SkipReason, int]]:
        progress = WishlistProgress(task_id=uuid4(), began_at=clock.now())
        batch = CheckBatch(sales=CheckWishlistSales(), progress=progress)
        page = await database.transact(lambda session: check_page(session, batch, now=clock.now()))
        return page.notified, dict(page.skipped)

    def sold(number: int, currency: str, price: int, sale: int | None = None) -> Product:
        return product(number, currency=currency, price_cents=price, sale_price_cents=sale)

    await platform.shop.store_products([sold(1, "JPY", 12_000), sold(2, "EUR", 1_200)])
    await platform.people.store_users([user(1)])
    await platform.wishlists.store_items([WISH, WISH.model_copy(update={"product_id": "p00002"})])
    await platform.shop.store_products([sold(1, "EUR", 9_900, 9_890), sold(2, "JPY", 2_000, 1_150)])

    assert (1, {"drop-too-small": 1}) == await check()
    assert (0, {"drop-too-small": 1, "already-notified": 1}) == await check()

    # What was told counts as told in every currency: its mail is out, and the next one waits a day.
    await database.transact(
        lambda session: session.execute(update(NotificationRow).values(state="sent", settled_at=clock.now()))
    )
    await platform.shop.store_products([sold(2, "EUR", 1_500, 1_150)])
    assert (0, {"drop-too-small": 1, "cooldown": 1}) == await check()
    clock.advance(timedelta(days=2))
    assert (1, {"drop-too-small": 1}) == await check()
    (told,) = await rows(database, NotificationRow)
    assert ("EUR", 1_150, 1_500, "due") == tuple(
        told[name] for name in ("currency", "price_cents", "baseline_cents", "state")
    )


async def test_a_wish_keeps_the_currency_of_its_price(database: Database, platform: Platform) -> None:
    """Until an import says another price, which is in the product's currency."""
    await platform.shop.store_products([product(1)])
    await platform.people.store_users([user(1)])
    await platform.wishlists.store_items([WISH])
    first = (await rows(database, WishlistItemRow))[0]["currency"]
    await platform.shop.store_products([product(1, currency="JPY")])
    await platform.wishlists.store_items([WISH])
    kept = (await rows(database, WishlistItemRow))[0]["currency"]
    await platform.wishlists.store_items([WISH.model_copy(update={"price_when_added_cents": 900})])
    renewed = (await rows(database, WishlistItemRow))[0]["currency"]

    assert ("EUR", "EUR", "JPY") == (first, kept, renewed)
