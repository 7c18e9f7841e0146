"""The worker is killed with signal 9 while it sends mails to a server that fails at one in ten.

In short, with a server that does not fail: test_drill_storm.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from mainspring.client.effects import Effects
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.effects import EffectState
from mainspring.contracts.wishlist import CheckWishlistSales, WishedItem
from mainspring.emulators.smtp import MailFault, SmtpEmulator
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Session
from mainspring.storage.tables import EffectRow
from mainspring.workflows.wishlist import SALE_CHECK
from tests.acceptance.drill_site import DrillSite, drill_site
from tests.platform import platform_of
from tests.shop import product, user

# Whatever a server does that does not hold its connection for minutes, and is not final.
FAULTS = (
    MailFault.LATER,
    MailFault.DROP,
    MailFault.CLOSING,
    MailFault.CONTENT_LATER,
    MailFault.DROP_UNACCEPTED,
    MailFault.DROP_ACCEPTED,
)
ONE_IN_TEN = 0.1

# A random moment of the work, once it goes on.
LONGEST_PAUSE_SECONDS = 1.0

GOES_ON_WITHIN_SECONDS = 60

PEOPLE, KILLS = 2_000, 30


@dataclass
class Drill:
    """What runs, and the mails that were being sent at the moment of a kill, by their Message-IDs."""

    site: DrillSite
    smtp: SmtpEmulator
    in_flight: set[str] = field(default_factory=set)
    most_in_flight: int = 0

    @property
    def effects(self) -> Effects:
        """The effects ledger."""
        return Effects(self.site.database, self.site.jobs, SystemClock())

    async def wish(self, token_key: bytes, people: int) -> None:
        """Let so many people wish for a product, and put it on sale."""
        platform = platform_of(self.site.database, SystemClock(), key=token_key)
        await platform.shop.store_products([product(1)])
        await platform.people.store_users([user(number) for number in range(people)])
        wishes = [WishedItem(user_id=f"u{number:05}", product_id="p00001") for number in range(people)]
        await platform.wishlists.store_items(wishes)
        await platform.shop.store_products([product(1, sale_price_cents=8_000)])

    async def kill(self) -> None:
        """Kill the worker and start another; note what was being sent."""
        began_at = self.site.worker.started_at
        self.site.worker.kill()
        sending = select(EffectRow.reference, EffectRow.sending_at).where(
            EffectRow.state == EffectState.SENDING
        )

        async def look(session: Session) -> dict[str, datetime | None]:
            return {reference: since for reference, since in await session.execute(sending)}  # noqa: C416  # rows

        in_flight = await self.site.database.read(look)
        self.in_flight |= in_flight.keys()
        # Others are in doubt since an earlier kill, and nobody has come to them yet.
        own = [since for since in in_flight.values() if since is not None and since >= began_at]
        self.most_in_flight = max(self.most_in_flight, len(own))
        self.site.worker.start()

    async def goes_on(self, people: int) -> bool:
        """Wait until something more arrives; return False when all has."""
        before = len(self.smtp.accepted)
        async with asyncio.timeout(GOES_ON_WITHIN_SECONDS):
            while len(self.smtp.accepted) == before:
                if (await self.effects.counts()).states == {EffectState.SENT: people}:
                    return False
                await asyncio.sleep(0.05)
        return True


@pytest.mark.drill
@pytest.mark.timeout(1_800)
async def test_every_mail_arrives_and_again_only_where_nobody_could_know(
    tmp_path: Path, drill_random: Random
) -> None:
    """Twice comes only what was accepted without an answer or was being sent at a kill; and it is counted.

    No more are being sent than there are connections.
    """
    settings = Settings(state_dir=tmp_path)
    async with SmtpEmulator() as smtp:
        smtp.faults.at_rate(ONE_IN_TEN, *FAULTS, seed=drill_random.randrange(1_000))
        server = {
            "MAINSPRING_SMTP_HOST": smtp.host,
            "MAINSPRING_SMTP_PORT": str(smtp.port),
            "MAINSPRING_SMTP_SECURITY": "none",
        }
        async with drill_site(settings, **server) as site:
            drill = Drill(site, smtp)
            await drill.wish(encryption_key(settings), PEOPLE)
            site.worker.start()
            await site.jobs.start(SALE_CHECK, CheckWishlistSales())
            done = 0
            while done < KILLS and await drill.goes_on(PEOPLE):
                await asyncio.sleep(drill_random.uniform(0, LONGEST_PAUSE_SECONDS))
                await drill.kill()
                done += 1
            while await drill.goes_on(PEOPLE):
                site.worker.check()
            counts = await drill.effects.counts()
        repeated = {each for each, count in smtp.counts.items() if count > 1}
        duplicates = len(smtp.accepted) - len(smtp.counts)
        unanswered = {each.message_id for each in smtp.accepted if not each.answered}
        print(f"{done} kills, {duplicates} duplicates, {counts.resends} resends")  # noqa: T201  # for people

        assert {EffectState.SENT: PEOPLE} == counts.states
        assert PEOPLE == len(smtp.counts) == len({each.recipients[0] for each in smtp.accepted})
        assert repeated <= unanswered | drill.in_flight
        assert duplicates <= counts.resends
        assert drill.most_in_flight <= settings.smtp_connections
