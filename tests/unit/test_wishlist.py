"""The rules of the wishlists, one by one; test_wishlist_histories.py has them all together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, NotificationKind, SkipReason
from mainspring.domain.shop import Offer
from mainspring.domain.wishlist import (
    Due,
    Evaluation,
    LastNotification,
    SaleState,
    StockState,
    Wish,
    detect_sale,
    detect_stock,
    evaluate_sale,
    evaluate_stock,
    skip_reason,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFER = Offer("p1", price_cents=10_000, stock=5)
ON_SALE = replace(OFFER, sale_price_cents=8_000)
SALE = SaleState(on_sale=True, episode=1)
SALES = CheckWishlistSales()
STOCK = CheckWishlistStock()


def wish(number: int = 1, **more: object) -> Wish:
    """Return a wish for a product that cost 100.00 a day ago."""
    wished = Wish(f"u{number}", price_when_added_cents=10_000, added_at=NOW - DAY)
    return replace(wished, **more)  # type: ignore[arg-type]  # a test names fields as they are


def skipped(judged: Evaluation) -> SkipReason:
    """Return why the only wish is not told."""
    ((reason, count),) = judged.skipped.items()
    assert ((), 1) == (judged.due, count)
    return reason


@pytest.mark.parametrize(
    ("sale", "expected"),
    [
        ({}, True),
        ({"sale_price_cents": 10_000}, False),
        ({"sale_price_cents": 12_000}, False),
        ({"sale_price_cents": None}, False),
        ({"sale_starts_at": NOW}, True),
        ({"sale_starts_at": NOW + HOUR}, False),
        ({"sale_ends_at": NOW + HOUR}, True),
        ({"sale_ends_at": NOW}, False),
    ],
)
def test_a_product_is_on_sale_in_its_window_at_a_lower_price(sale: dict[str, object], expected: bool) -> None:
    """The window's first moment is in it, its last one is not."""
    offer = replace(ON_SALE, **sale)  # type: ignore[arg-type]  # as above

    assert expected == offer.is_on_sale(NOW)
    assert (offer.sale_price_cents if expected else 10_000) == offer.price_at(NOW)


def test_a_product_that_comes_on_sale_begins_an_episode_and_one_that_leaves_re_arms() -> None:
    """A sale that goes on is the same one; the next one after a pause is another."""
    seen = SaleState()
    episodes = []
    for offer in (OFFER, ON_SALE, replace(ON_SALE, sale_price_cents=7_000), OFFER, ON_SALE):
        seen = detect_sale(seen, offer, NOW)
        episodes.append((seen.on_sale, seen.episode))

    assert [(False, 0), (True, 1), (True, 1), (False, 1), (True, 2)] == episodes


def test_a_wish_is_told_of_a_sale_with_what_it_was_wished_at() -> None:
    """The notification names episode and price, which are its key."""
    due = Due("u1", "p1", NotificationKind.SALE, episode=1, price_cents=8_000, baseline_cents=10_000)

    assert (due,) == evaluate_sale(ON_SALE, SALE, [wish()], SALES, NOW).due


@pytest.mark.parametrize(
    ("cents", "is_told"), [(9_501, False), (9_500, True), (10_000, False), (9_499, True)]
)
def test_the_minimum_drop_is_exact(cents: int, is_told: bool) -> None:
    """Five percent of 100.00 are 5.00, not a cent less."""
    judged = evaluate_sale(replace(OFFER, sale_price_cents=cents), SALE, [wish()], SALES, NOW)

    assert is_told == bool(judged.due)


def test_a_price_rise_is_never_told() -> None:
    """Neither a price above the one that was told, nor a sale from a price that was raised before it."""
    raised = replace(OFFER, price_cents=20_000, sale_price_cents=15_000)
    last = wish(last=LastNotification(8_000, NOW - 2 * DAY))

    assert SkipReason.DROP_TOO_SMALL == skipped(evaluate_sale(raised, SALE, [wish()], SALES, NOW))
    assert SkipReason.ALREADY_NOTIFIED == skipped(
        evaluate_sale(replace(ON_SALE, sale_price_cents=9_000), SALE, [last], SALES, NOW)
    )


def test_a_price_in_another_currency_is_compared_with_the_products_own() -> None:
    """Neither what it was wished at nor what was told of is in the currency of now."""
    wished = wish(price_when_added_cents=None)
    told = wish(price_when_added_cents=1, last=LastNotification(None, NOW - DAY))
    small = replace(ON_SALE, sale_price_cents=9_990)

    for each in (wished, told):
        (due,) = evaluate_sale(ON_SALE, SALE, [each], SALES, NOW).due
        assert (8_000, 10_000) == (due.price_cents, due.baseline_cents)
    assert SkipReason.DROP_TOO_SMALL == skipped(evaluate_sale(small, SALE, [wished], SALES, NOW))
    assert SkipReason.ALREADY_NOTIFIED == skipped(evaluate_sale(small, SALE, [told], SALES, NOW))


def test_a_deeper_drop_waits_for_the_cooldown_and_needs_the_minimum_drop_again() -> None:
    """The baseline is what was told last."""
    deeper = replace(ON_SALE, sale_price_cents=7_000)

    def last(at: datetime) -> Wish:
        return wish(last=LastNotification(8_000, at))

    assert SkipReason.COOLDOWN == skipped(evaluate_sale(deeper, SALE, [last(NOW - 23 * HOUR)], SALES, NOW))
    (due,) = evaluate_sale(deeper, SALE, [last(NOW - DAY)], SALES, NOW).due
    assert (7_000, 8_000) == (due.price_cents, due.baseline_cents)
    shallow = replace(ON_SALE, sale_price_cents=7_700)
    assert SkipReason.ALREADY_NOTIFIED == skipped(evaluate_sale(shallow, SALE, [last(NOW - DAY)], SALES, NOW))


def test_what_waits_to_be_sent_is_not_told_a_second_time() -> None:
    """Its mail will say the deeper price, or has said it."""
    deeper = replace(ON_SALE, sale_price_cents=7_000)
    waiting = wish(last=LastNotification(8_000, NOW - 2 * DAY, waits=True))

    assert SkipReason.ALREADY_NOTIFIED == skipped(evaluate_sale(deeper, SALE, [waiting], SALES, NOW))


def test_who_does_not_want_it_is_not_told() -> None:
    """Of sales as of stock."""
    unwanted = wish(wanted=False)
    back = StockState(episode=1, restocked_at=NOW)

    assert SkipReason.NOT_WANTED == skipped(evaluate_sale(ON_SALE, SALE, [unwanted], SALES, NOW))
    assert SkipReason.NOT_WANTED == skipped(evaluate_stock(OFFER, back, [unwanted], STOCK))


def test_the_first_run_tells_nobody_of_stock() -> None:
    """A product that no check has seen sold out is not back."""
    seen = detect_stock(StockState(), OFFER, NOW, minimum=1)

    assert StockState() == seen
    assert () == evaluate_stock(OFFER, seen, [wish()], STOCK).due


def test_a_return_to_stock_is_told_once_and_again_after_the_next_sell_out() -> None:
    """The bug of old was that it never re-armed."""
    sold_out = detect_stock(StockState(), replace(OFFER, stock=0), NOW, minimum=1)
    back = detect_stock(sold_out, OFFER, NOW + HOUR, minimum=1)
    still = detect_stock(back, replace(OFFER, stock=2), NOW + 2 * HOUR, minimum=1)
    again = detect_stock(
        detect_stock(still, replace(OFFER, stock=0), NOW + 3 * HOUR, minimum=1),
        OFFER,
        NOW + 4 * HOUR,
        minimum=1,
    )

    assert (True, None) == (sold_out.sold_out, sold_out.restocked_at)
    assert StockState(sold_out=False, episode=1, restocked_at=NOW + HOUR) == back == still
    assert StockState(sold_out=False, episode=2, restocked_at=NOW + 4 * HOUR) == again
    assert 1 == len(evaluate_stock(OFFER, back, [wish()], STOCK).due)
    last = wish(last=LastNotification(0, NOW))
    assert SkipReason.ALREADY_NOTIFIED == skipped(evaluate_stock(OFFER, back, [last], STOCK))


def test_less_than_the_minimum_is_not_back_yet() -> None:
    """It is, once there is enough: the sell-out is not forgotten meanwhile."""
    sold_out = StockState(sold_out=True)
    little = detect_stock(sold_out, replace(OFFER, stock=2), NOW, minimum=3)

    assert sold_out == little
    assert 1 == detect_stock(little, replace(OFFER, stock=3), NOW, minimum=3).episode


def test_a_wish_made_after_the_return_is_not_told_of_it() -> None:
    """It was in stock when it was wished for."""
    back = StockState(episode=1, restocked_at=NOW - HOUR)

    assert SkipReason.WISHED_LATER == skipped(evaluate_stock(OFFER, back, [wish(added_at=NOW)], STOCK))


def test_a_check_tells_ten_for_each_unit_the_oldest_wishes_first() -> None:
    """What an earlier page of the same check has told counts."""
    back = StockState(episode=1, restocked_at=NOW)
    one_left = replace(OFFER, stock=1)
    wishes = [wish(number) for number in range(15)]

    all_at_once = evaluate_stock(one_left, back, wishes, STOCK)
    second_page = evaluate_stock(one_left, back, wishes, STOCK, told_before=8)
    without_cap = evaluate_stock(one_left, back, wishes, CheckWishlistStock(mails_per_unit=None))

    assert [f"u{number}" for number in range(10)] == [due.user_id for due in all_at_once.due]
    assert {SkipReason.CAPPED: 5} == all_at_once.skipped
    assert (2, 15) == (len(second_page.due), len(without_cap.due))


SOLD = Due("u1", "p1", NotificationKind.SALE, 1, price_cents=8_000, baseline_cents=10_000)
BACK = Due("u1", "p1", NotificationKind.STOCK, 1, price_cents=0, baseline_cents=0)


@pytest.mark.parametrize(
    ("due", "offer", "wanted", "expected"),
    [
        (SOLD, ON_SALE, True, None),
        (SOLD, replace(ON_SALE, sale_price_cents=7_000), True, None),
        (SOLD, replace(ON_SALE, sale_ends_at=NOW), True, SkipReason.SALE_ENDED),
        (SOLD, replace(ON_SALE, sale_price_cents=8_001), True, SkipReason.PRICE_ROSE),
        (SOLD, replace(ON_SALE, sale_price_cents=70, currency="JPY"), True, SkipReason.SALE_ENDED),
        (SOLD, ON_SALE, False, SkipReason.UNSUBSCRIBED),
        (SOLD, ON_SALE, None, SkipReason.WISH_REMOVED),
        (SOLD, None, None, SkipReason.WISH_REMOVED),
        (BACK, OFFER, True, None),
        (BACK, replace(OFFER, stock=1), True, SkipReason.OUT_OF_STOCK),
    ],
)
def test_what_no_longer_holds_is_not_sent(
    due: Due, offer: Offer | None, wanted: bool | None, expected: SkipReason | None
) -> None:
    """Just before a mail is sent, the sale or the stock is looked at again; two have to be left here."""
    assert expected == skip_reason(due, offer, wanted=wanted, is_over=False, minimum=2, now=NOW)


@pytest.mark.parametrize(
    ("due", "expected"), [(SOLD, SkipReason.SALE_ENDED), (BACK, SkipReason.OUT_OF_STOCK)]
)
def test_what_belongs_to_an_episode_that_is_over_is_not_sent(due: Due, expected: SkipReason) -> None:
    """The product is on sale and in stock again: that is told by a check, once."""
    assert expected == skip_reason(due, ON_SALE, wanted=True, is_over=True, minimum=2, now=NOW)


def test_an_episode_is_over_when_it_was_seen_to_end_or_another_one_has_begun() -> None:
    """Of a sale as of a return to stock."""
    assert SALE.is_in(1)
    assert not SALE.is_in(2)
    assert not SaleState(on_sale=False, episode=1).is_in(1)
    assert StockState(episode=1, restocked_at=NOW).is_in(1)
    assert not StockState(episode=2, restocked_at=NOW).is_in(1)
    assert not StockState(sold_out=True, episode=1).is_in(1)
