"""A shop with a mail server, for tests of the wishlists."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from temporalio.client import Client

from mainspring.client.effects import Effects
from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.tasks import Task, TaskFilter
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS, WishedItem, WishlistChecked
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.database import Database, Session
from mainspring.storage.tables import NotificationRow
from mainspring.testing.eventually import eventually
from mainspring.workflows.runtime.job import Job
from tests.service import Service, idle_service


@dataclass(frozen=True)
class Shop:
    """A service and its mail server."""

    service: Service
    smtp: SmtpEmulator

    async def wish(self, *wishes: tuple[str, str]) -> None:
        """Store wishes of (user, product), which are there already."""
        items = [WishedItem(user_id=user_id, product_id=product_id) for user_id, product_id in wishes]
        assert [] == await self.service.wishlists.store_items(items)

    async def check(self, job: Job[Any, WishlistChecked], rules: Message) -> WishlistChecked:
        """Run a check, and wait until all mails that may be sent now are sent."""
        started = await self.service.jobs.start(job, rules)
        result = await started.result()
        await eventually(self._due_tasks, lambda tasks: not tasks)
        return result

    async def _due_tasks(self) -> list[object]:
        now = self.service.clock.now()
        return [
            task
            for task in await self.service.active_tasks()
            if task.starts_at is None or task.starts_at <= now
        ]

    @property
    def effects(self) -> Effects:
        """The effects ledger from outside."""
        return Effects(self.service.database, self.service.jobs, self.service.clock)

    async def alerts(self) -> list[NotificationRow]:
        """Return all notifications, the oldest first."""

        async def look(session: Session) -> list[NotificationRow]:
            return list(await session.scalars(select(NotificationRow).order_by(NotificationRow.created_at)))

        return await self.service.database.read(look)

    async def mail_tasks(self) -> list[Task]:
        """Return the tasks of the mails."""
        return await self.service.tasks.find(TaskFilter(job=SEND_NOTIFICATIONS), limit=1_000)

    def mails(self) -> dict[str, list[str]]:
        """Return the subjects of the mails that arrived, by recipient."""
        found: dict[str, list[str]] = {}
        for mail in self.smtp.accepted:
            found.setdefault(mail.recipients[0], []).append(str(mail.message["Subject"]))
        return found


@asynccontextmanager
async def open_shop(
    temporal_client: Client, database: Database, folder: Path, **settings: Any
) -> AsyncIterator[Shop]:
    """Give a shop without wishes and without a worker."""
    async with SmtpEmulator() as smtp:
        local: dict[str, Any] = {
            "smtp_host": smtp.host,
            "smtp_port": smtp.port,
            "smtp_security": "none",
        } | settings
        async with idle_service(temporal_client, database, folder, **local) as service:
            yield Shop(service, smtp)


def product(number: int, **more: object) -> Product:
    """Return a product that costs 100.00 and of which there are three."""
    given = {
        "id": f"p{number:05}",
        "name": f"Product {number}",
        "url": f"https://shop.example/p{number}",
        "currency": "EUR",
        "price_cents": 10_000,
        "stock": 3,
    }
    return Product.model_validate(given | more)


def user(number: int, **more: object) -> User:
    """Return a user without quiet hours."""
    given = {"id": f"u{number:05}", "email": f"u{number}@example.org", "name": f"User {number}"}
    return User.model_validate(given | more)
