"""Waking the clock of reminders when something earlier is written than what the clock sleeps until."""

from datetime import datetime

import structlog

from mainspring.activities.runtime.patience import unless_silent
from mainspring.contracts.gifting.reminders import REMINDER_CLOCK
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.commits import after_commit
from mainspring.storage.database import Session
from mainspring.storage.gifting import ReminderPlanner

log = structlog.get_logger(__name__)


class ReminderClock:
    """The clock from outside. One that is not woken is told by the overdue check, within five minutes."""

    def __init__(self, temporal: TemporalGateway) -> None:
        self._temporal = temporal

    async def first_moment(self, session: Session) -> datetime | None:
        """Return what the clock sleeps until; to be asked before anything is written."""
        return await ReminderPlanner(session).first_moment()

    async def heed(self, session: Session, before: datetime | None) -> None:
        """Wake the clock after the commit, if the session has written an earlier reminder than `before`."""
        first = await ReminderPlanner(session).first_moment()
        if first is not None and (before is None or first < before):
            after_commit(session, self._wake)

    async def _wake(self) -> None:
        await unless_silent(self._tell(), self._temporal)

    async def _tell(self) -> None:
        try:
            await self._temporal.wake(REMINDER_CLOCK)
        except GatewayError as error:
            log.warning("clock of reminders is not woken", error=str(error))
