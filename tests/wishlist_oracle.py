"""What the wishlist rules say, said again in the plainest way: one wish at a time, all in memory.

Written from the rules (decisions 11 and 12) and not from the code, so that test_wishlist_histories.py can
put the two beside each other: nothing of domain, storage or activities may be imported here.
"""

from collections import Counter
from datetime import datetime, timedelta

from tests.wishlist_records import (
    SALE,
    STOCK,
    Key,
    MailKey,
    Note,
    OracleMail,
    OracleProduct,
    OracleUser,
    OracleWish,
)


class Oracle:
    """Who is told of what, by the rules."""

    def __init__(self) -> None:
        self.products: dict[str, OracleProduct] = {}
        self.users: dict[str, OracleUser] = {}
        self.wishes: dict[str, dict[str, OracleWish]] = {}
        self.notes: dict[Key, Note] = {}
        self.mails: dict[MailKey, OracleMail] = {}
        self.due_again = 0
        self._keys_of: dict[tuple[str, str, str], set[Key]] = {}
        self._unplanned: dict[str, set[Key]] = {}
        # Which mails of users go out now, or did when their worker died.
        self._sending: dict[str, set[MailKey]] = {}

    def check_sales(self, now: datetime, least_drop: int, deeper_after: timedelta) -> Counter[str]:
        """Say what became of the wishes: "due", or why not."""
        said: Counter[str] = Counter()
        for product_id, product in self.products.items():
            was_on_sale, product.seen_on_sale = product.seen_on_sale, product.on_sale(now)
            product.sales += product.seen_on_sale and not was_on_sale
            price = product.price_at(now)
            for user_id, wish in self.wishes[product_id].items() if product.seen_on_sale else ():
                outcome = self._sale_outcome(product_id, user_id, wish, price, least_drop, deeper_after, now)
                said[outcome] += 1
                if outcome == "due":
                    self._write((product_id, user_id, SALE, product.sales, price), 1, now)
        return said

    def _sale_outcome(
        self,
        product_id: str,
        user_id: str,
        wish: OracleWish,
        price: int,
        least_drop: int,
        deeper_after: timedelta,
        now: datetime,
    ) -> str:
        if not self._wants(user_id, wish, SALE):
            return "not-wanted"
        told = self._told(product_id, user_id, SALE)
        if not told:
            return "due" if _has_dropped(price, wish.price, least_drop) else "drop-too-small"
        # What still waits is told with the price of its day.
        if any(note.state == "due" for note in told):
            return "already-notified"
        last = max(told, key=lambda note: note.at)
        if not _has_dropped(price, last.price, least_drop):
            return "already-notified"
        return "cooldown" if now < last.at + deeper_after else "due"

    def check_stock(self, now: datetime, least: int, mails_per_unit: int | None) -> Counter[str]:
        """Say what became of the wishes: "due", or why not."""
        said: Counter[str] = Counter()
        for product_id, product in self.products.items():
            if product.stock == 0:
                product.seen_sold_out, product.back_since = True, None
            elif product.stock >= least and product.seen_sold_out:
                product.seen_sold_out, product.back_since = False, now
                product.returns += 1
            if product.back_since is None or product.stock < least:
                continue
            left = 10**9 if mails_per_unit is None else product.stock * mails_per_unit
            oldest_first = sorted(
                self.wishes[product_id].items(), key=lambda each: (each[1].added_at, each[0])
            )
            for user_id, wish in oldest_first:
                outcome = self._stock_outcome(product_id, user_id, wish, product.back_since)
                if outcome == "due" and left == 0:
                    outcome = "capped"
                said[outcome] += 1
                if outcome == "due":
                    left -= 1
                    self._write((product_id, user_id, STOCK, product.returns, 0), least, now)
        return said

    def _stock_outcome(self, product_id: str, user_id: str, wish: OracleWish, back_since: datetime) -> str:
        if not self._wants(user_id, wish, STOCK):
            return "not-wanted"
        if self._told(product_id, user_id, STOCK):
            return "already-notified"
        return "wished-later" if wish.added_at > back_since else "due"

    def _wants(self, user_id: str, wish: OracleWish, kind: str) -> bool:
        return wish.wants[kind] and self.users[user_id].wants[kind]

    def _told(self, product_id: str, user_id: str, kind: str) -> list[Note]:
        """Return what was written in the present episode, and was not skipped."""
        episode = self.products[product_id].episode(kind)
        notes = [
            self.notes[key] for key in self._keys_of.get((product_id, user_id, kind), ()) if key[3] == episode
        ]
        return [note for note in notes if note.state != "skipped"]

    def _write(self, key: Key, least_stock: int, now: datetime) -> None:
        assert key not in self.notes or self.notes[key].state == "skipped", key
        self.due_again += key in self.notes
        self.notes[key] = Note(key, key[4], least_stock, now)
        self._keys_of.setdefault(key[:3], set()).add(key)
        self._unplanned.setdefault(key[1], set()).add(key)

    def plan(self, now: datetime, cooldown: timedelta) -> int:
        """Put what waits into mails, and return for how many users there was any."""
        waiting, self._unplanned = self._unplanned, {}
        open_mails: dict[str, OracleMail] = {}
        for (user_id, _), each in self.mails.items():
            if not each.is_doubtful:
                open_mails.setdefault(user_id, each)
        for user_id, keys in waiting.items():
            mail = open_mails.get(user_id)
            if mail is None:
                mailed_at = self.users[user_id].mailed_at
                not_before = now if mailed_at is None else max(now, mailed_at + cooldown)
                mail = self.mails[user_id, now] = OracleMail(not_before, cooldown)
            mail.keys |= keys
        return len(waiting)

    def ready(self, now: datetime) -> set[MailKey]:
        """Return the mails that are to be claimed now."""
        return {key for key, mail in self.mails.items() if mail.not_before <= now}

    def is_doubtful(self, mail_key: MailKey) -> bool:
        """Whether a mail may have gone out before."""
        return self.mails[mail_key].is_doubtful

    def claim(self, mail_key: MailKey, now: datetime) -> dict[Key, int] | datetime:
        """Return what a mail says, with prices; nothing if nothing holds; when it has to wait, until when."""
        mail, sending = self.mails[mail_key], self._sending.setdefault(mail_key[0], set())
        reasons = {key: self._why_not_now(key, now) for key in mail.keys}
        gone = {key: reason for key, reason in reasons.items() if reason is not None}
        last = self._last_mail(mail_key, now)
        if mail.keys - set(gone) and last is not None and last + mail.cooldown > now:
            mail.not_before = last + mail.cooldown
            return mail.not_before
        for key, reason in gone.items():
            # What may have arrived counts as told.
            if mail.is_doubtful:
                self._settle(key, "sent", None, now)
            else:
                self._settle(key, "skipped", reason, now)
        mail.keys -= set(gone)
        if not mail.keys:
            del self.mails[mail_key]
            sending.discard(mail_key)
            return {}
        said = {key: self.products[key[0]].price_at(now) if key[2] == SALE else 0 for key in mail.keys}
        for key, price in said.items():
            # Of two attempts that both may get through, the lower price counts.
            self.notes[key].price = min(price, self.notes[key].price) if mail.is_doubtful else price
        mail.is_doubtful = True
        sending.add(mail_key)
        return said

    def _last_mail(self, mail_key: MailKey, now: datetime) -> datetime | None:
        """Return when a user was last sent a mail: now, if another one is just going out."""
        sending = self._sending[mail_key[0]]
        if sending and mail_key not in sending:
            return now
        return self.users[mail_key[0]].mailed_at

    def _why_not_now(self, key: Key, now: datetime) -> str | None:
        product_id, user_id, kind, episode, price = key
        product, wish = self.products[product_id], self.wishes[product_id].get(user_id)
        if wish is None:
            return "wish-removed"
        if not self._wants(user_id, wish, kind):
            return "unsubscribed"
        is_over = product.episode(kind) != episode
        if kind == STOCK:
            too_few = product.stock < self.notes[key].least_stock
            return "out-of-stock" if is_over or too_few else None
        if is_over or not product.on_sale(now):
            return "sale-ended"
        return "price-rose" if product.price_at(now) > price else None

    def over(self, mail_key: MailKey, state: str, now: datetime, *, is_refused: bool = False) -> None:
        """Note that a mail was sent, or has failed for good."""
        self._sending[mail_key[0]].discard(mail_key)
        # What was not delivered, and refused by nobody, does not count as told.
        is_told = state == "sent" or is_refused
        for key in self.mails.pop(mail_key).keys:
            self._settle(key, state if is_told else "skipped", None if is_told else "undelivered", now)
        if state == "sent":
            self.users[mail_key[0]].mailed_at = now

    def put_off(self, mail_key: MailKey, until: datetime, *, is_doubtful: bool) -> None:
        """Note that a mail was not sent, or may not have been."""
        self.mails[mail_key].not_before, self.mails[mail_key].is_doubtful = until, is_doubtful
        self._sending[mail_key[0]].discard(mail_key)

    def _settle(self, key: Key, state: str, reason: str | None, now: datetime) -> None:
        note = self.notes[key]
        note.state, note.reason, note.at = state, reason, now

    def noted(self, now: datetime | None = None) -> set[tuple[Key, str, str | None]]:
        """Return all notifications with states and reasons; or those that were written or settled now."""
        return {(note.key, note.state, note.reason) for note in self.notes.values() if now in (None, note.at)}


def _has_dropped(price: int, baseline: int, percent: int) -> bool:
    """Whether a price is lower, by the percentage of the other one at least."""
    return price < baseline and 100 * (baseline - price) >= percent * baseline
