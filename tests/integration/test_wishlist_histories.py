"""Random histories of a shop, by the real code and by an oracle that knows the rules only: no difference."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from mainspring.activities.runtime.effects import Nothing, Outgoing
from mainspring.activities.runtime.queue import Result, Snooze
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, NotificationSent, SkipReason
from mainspring.gateways.smtp import AnswerLost, MailRefused, PutOff, ServerAway
from mainspring.storage.database import Database
from tests.wishlist_oracle import Oracle
from tests.wishlist_rounds import Became, ClaimedMail, Rounds
from tests.wishlist_shop import RandomShop

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
MOMENTS = 30

# Where these have not all happened, the histories say little.
EXPECTED = (
    *(reason.value for reason in SkipReason),
    "due again",
    "sale",
    "stock",
    "digest",
    "again",
    "withdrawn",
    "not yet",
)


class PutOffFor(PutOff):
    """The server says when it may be asked again."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(service="SMTP")
        self.retry_after = retry_after


class DoubleHistory:
    """A shop's history, which happens in the database and in the oracle. They are compared at each step."""

    def __init__(self, seed: int, database: Database, products: int, part: int, moments: int) -> None:
        self.happened: Counter[str] = Counter()
        self._chance = Random(seed)
        self._oracle = Oracle()
        self._shop = RandomShop(self._chance, database, self._oracle, products)
        self._rounds = Rounds(self._chance, database, part)
        self._now = self._sent_at = BEGIN
        self._moments = moments

    async def run(self) -> None:
        """Let everything happen."""
        await self._shop.open(self._tick())
        for _ in range(self._moments):
            self._now += self._chance.choice((HOUR / 6, HOUR / 2, HOUR, 5 * HOUR, 24 * HOUR, 26 * HOUR))
            await self._shop.change(self._tick())
            steps = (self._check_sales, self._check_stock, self._check_stock, self._send)
            for step in self._chance.sample(steps, self._chance.randint(1, 3)):
                await step(self._tick())
        assert self._oracle.noted() == await self._rounds.noted()
        self.happened["due again"] = self._oracle.due_again

    def _tick(self) -> datetime:
        """Let a second pass: what is written at a moment is written by one step."""
        self._now += SECOND
        return self._now

    async def _check_sales(self, now: datetime) -> None:
        rules = CheckWishlistSales(
            min_drop_percent=self._chance.choice((0, 5, 5, 5, 10, 30)),
            # Sometimes it is over at this very moment, for what was sent at an earlier one.
            deeper_drop_after=self._chance.choice((0 * HOUR, 24 * HOUR, 72 * HOUR, now - self._sent_at)),
            user_cooldown=self._cooldown(),
        )
        said = self._oracle.check_sales(now, rules.min_drop_percent, rules.deeper_drop_after)
        await self._check(rules, said, now)

    async def _check_stock(self, now: datetime) -> None:
        rules = CheckWishlistStock(
            min_stock=self._chance.choice((1, 1, 1, 2, 5)),
            mails_per_unit=self._chance.choice((1, 1, 2, 10, None)),
            user_cooldown=self._cooldown(),
        )
        said = self._oracle.check_stock(now, rules.min_stock, rules.mails_per_unit)
        await self._check(rules, said, now)

    def _cooldown(self) -> timedelta:
        return self._chance.choice((0, 0, 0, 6, 48)) * HOUR

    async def _check(
        self, rules: CheckWishlistSales | CheckWishlistStock, said: Counter[str], now: datetime
    ) -> None:
        found = await self._rounds.check(rules, now)
        self.happened.update(said)
        assert self._oracle.noted(now) == await self._rounds.noted(now)
        assert (said.pop("due", 0), 0) == (found.notified, found.errors)
        assert said == {reason.value: count for reason, count in found.skipped.items()}
        planned_at = self._tick()
        assert self._oracle.plan(planned_at, rules.user_cooldown) == await self._rounds.plan(
            rules.user_cooldown, planned_at
        )

    async def _send(self, now: datetime) -> None:
        """Send a batch of the queue; some mails of each page are left behind as if the worker had died."""
        await self._rounds.begin_to_send(now)
        self._sent_at = now
        expected = self._oracle.ready(now)
        claimed = set()
        while page := await self._rounds.claim(now):
            claimed |= {mail.key for mail in page}
            done = [(mail, outcome) for mail in page if (outcome := self._outcome(mail, now)) is not None]
            became = await self._rounds.acknowledge(done, now)
            for mail, outcome in done:
                self._note(mail, outcome, became[mail.key], now)
        assert expected == claimed
        noted = self._oracle.noted(now)
        assert noted == await self._rounds.noted(now)
        self.happened.update(reason for _, _, reason in noted if reason is not None)

    def _outcome(self, mail: ClaimedMail, now: datetime) -> Result | None:
        """Compare what was claimed, and draw what becomes of it; None if the worker dies before."""
        is_again, expected = self._oracle.is_doubtful(mail.key), self._oracle.claim(mail.key, now)
        match mail.prepared:
            case Snooze() as not_yet:
                assert expected == not_yet.until
                self.happened["not yet"] += 1
                return not_yet
            case Nothing():
                assert {} == expected
                self.happened["withdrawn"] += 1
            case Outgoing(effect, content):
                said = mail.said(now)
                assert content.user is not None
                assert (mail.key[0], expected) == (content.user.id, dict(said))
                # Nobody reads twice of the same in one mail.
                assert len(said) == len({(key[0], key[2]) for key, _ in said})
                self.happened.update(key[2] for key, _ in said)
                self.happened["digest"] += len(said) > 1
                self.happened["again"] += is_again
                return self._chance.choices(
                    (
                        NotificationSent(message_id=effect.reference, told=len(said)),
                        ServerAway("", retry_after=self._chance.choice((1, 6, 30)) * HOUR),
                        MailRefused(service="SMTP"),
                        AnswerLost(service="SMTP"),
                        None,
                        # Given up when that is said again a day later.
                        PutOffFor(self._chance.choice((1, 30)) * HOUR),
                    ),
                    (72, 5, 3, 6, 6, 8),
                )[0]
            case other:
                raise AssertionError(other)
        return NotificationSent(message_id=None, told=0)

    def _note(self, mail: ClaimedMail, outcome: Result, became: Became, now: datetime) -> None:
        """Tell the oracle what became of a mail."""
        if not isinstance(mail.prepared, Outgoing):
            return
        if became.state is TaskState.SUCCESS:
            self._oracle.over(mail.key, "sent", now)
        elif became.state is TaskState.FAILED and not isinstance(outcome, AnswerLost):
            self._oracle.over(mail.key, "failed", now, is_refused=isinstance(outcome, MailRefused))
        else:
            # One that may have arrived is a person's to decide when its task has failed.
            until = became.again_at or datetime.max.replace(tzinfo=UTC)
            self._oracle.put_off(mail.key, until, is_doubtful=isinstance(outcome, AnswerLost))


async def compare(
    database: Database, *, seed: int, products: int, part: int, moments: int = MOMENTS
) -> Counter[str]:
    """Run a history of so many products; return how often what happened."""
    history = DoubleHistory(seed, database, products, part, moments)
    try:
        await history.run()
    except AssertionError as error:
        error.add_note(f"seed {seed}, {products} products, pages of {part}")
        raise
    return history.happened


@pytest.mark.parametrize(
    ("seed", "products", "part"),
    [
        pytest.param(5, 60, 60, id="short"),
        *(
            pytest.param(seed, 2_000, 350, marks=[pytest.mark.drill, pytest.mark.timeout(600)])
            for seed in range(1, 7)
        ),
    ],
)
async def test_random_histories_are_told_of_as_the_rules_say(
    sqlite_database: Database, seed: int, products: int, part: int
) -> None:
    """Who is told of what, and why the others are not, is the oracle's at each step."""
    happened = await compare(sqlite_database, seed=seed, products=products, part=part)

    assert [] == [each for each in EXPECTED if not happened[each]]


@pytest.mark.parametrize(
    ("products", "moments"), [(12, 12), pytest.param(60, MOMENTS, marks=pytest.mark.drill)]
)
async def test_small_pages_of_a_random_history_make_no_difference(
    database: Database, products: int, moments: int
) -> None:
    """Where pages are cut within products and within what a user waits for, on both databases."""
    await compare(database, seed=100, products=products, part=7, moments=moments)
