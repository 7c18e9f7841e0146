"""A service with a mail server and FCM, for tests of occasions and their reminders."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client

from mainspring.contracts.gifting.occasions import Occasion, Reminder, ReminderState
from mainspring.contracts.gifting.reminders import REMINDER_CLOCK
from mainspring.contracts.people import NewDevice, Platform
from mainspring.emulators.fcm import FcmEmulator
from mainspring.emulators.smtp import AcceptedMail, SmtpEmulator
from mainspring.storage.database import Database
from mainspring.testing import ShiftedClock
from mainspring.testing.eventually import eventually
from tests.service import Service, idle_service


@dataclass(frozen=True)
class Calendar:
    """A service, its mail server and FCM."""

    service: Service
    smtp: SmtpEmulator
    fcm: FcmEmulator

    async def add_device(self, token: str, user_id: str = "u00001") -> None:
        """Store a device of a user's."""
        device = NewDevice(user_id=user_id, token=token, platform=Platform.ANDROID)
        assert set() == await self.service.devices.store([device])

    def pushes(self) -> dict[str, list[str]]:
        """Return the texts that arrived, by the token of the device."""
        return {
            token: [each["notification"]["body"] for each in found]
            for token, found in self.fcm.pushed.items()
        }

    async def add(self, occasion_id: str = "o1", **more: Any) -> None:
        """Store an occasion of Anna's: Christmas 2026, unless something else is given."""
        assert set() == await self.service.occasions.store([occasion(occasion_id, **more)])

    async def reminders(self, occasion_id: str = "o1") -> list[Reminder]:
        """Return an occasion's reminders, the earliest first."""
        return list((await self.service.occasions.timeline(occasion_id)).reminders)

    async def states(self, occasion_id: str = "o1") -> list[tuple[date, int, str, str | None]]:
        """Return date, offset, state and reason of each reminder."""
        return [
            (each.date, each.offset, each.state, each.reason) for each in await self.reminders(occasion_id)
        ]

    async def until_settled(self, count: int, occasion_id: str = "o1") -> list[Reminder]:
        """Wait until so many reminders of an occasion are settled; return all."""
        return await eventually(
            lambda: self.reminders(occasion_id),
            lambda found: count == sum(each.settled_at is not None for each in found),
        )

    async def reach(self, moment: datetime) -> None:
        """Let the time come, and the clock of reminders notice it: its timer goes by Temporal's own time."""
        self.service.clock.reach(moment)
        await self.service.temporal.wake(REMINDER_CLOCK)

    def mails(self) -> list[AcceptedMail]:
        """Return the mails that arrived."""
        return list(self.smtp.accepted)

    def subjects(self) -> list[str]:
        """Return the subjects of the mails that arrived."""
        return [str(each.message["Subject"]) for each in self.mails()]


@asynccontextmanager
async def open_calendar(
    temporal_client: Client, database: Database, folder: Path, now: datetime, **settings: Any
) -> AsyncIterator[Calendar]:
    """Give a service at a time, without occasions and without a worker."""
    async with SmtpEmulator() as smtp, FcmEmulator() as fcm:
        account = folder / "service-account.json"
        account.write_text(json.dumps(fcm.account))
        local: dict[str, Any] = {
            "smtp_host": smtp.host,
            "smtp_port": smtp.port,
            "smtp_security": "none",
            "push_url": fcm.address,
            "push_service_account": account,
        } | settings
        clock = ShiftedClock(now)
        async with idle_service(temporal_client, database, folder, clock, **local) as service:
            yield Calendar(service, smtp, fcm)


def occasion(occasion_id: str = "o1", **more: Any) -> Occasion:
    """Return an occasion of Anna's: Christmas 2026, unless something else is given."""
    given = {"id": occasion_id, "user_id": "u00001", "title": "Christmas", "date": "2026-12-24"}
    return Occasion.model_validate(given | more)


QUEUED, SENT, SKIPPED, FAILED = (
    ReminderState.QUEUED,
    ReminderState.SENT,
    ReminderState.SKIPPED,
    ReminderState.FAILED,
)
