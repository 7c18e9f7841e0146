"""A clock that goes with the real one, and on demand ahead of it."""

import asyncio
from datetime import UTC, datetime, timedelta

# Nobody's request takes that long to an emulator in the same process.
UNDER_WAY_SECONDS = 0.1


class ShiftedClock:
    """A `gateways.clock.Clock` at which nobody really sleeps: a sleep moves it ahead for everybody."""

    def __init__(self, start: datetime | None = None) -> None:
        self._ahead = timedelta() if start is None else start - datetime.now(UTC)

    def now(self) -> datetime:
        """Return the present moment by this clock."""
        return datetime.now(UTC) + self._ahead

    async def sleep(self, duration: timedelta) -> None:
        """Move ahead by `duration`, when what others have under way has had a moment to arrive.

        A request that was granted before the sleep would else reach an emulator after it.
        """
        await asyncio.sleep(UNDER_WAY_SECONDS)
        self.advance(duration)

    def advance(self, duration: timedelta) -> None:
        """Let time pass at once."""
        self._ahead += duration

    def reach(self, moment: datetime) -> None:
        """Move ahead to `moment`, unless it is past."""
        self._ahead = max(self._ahead, moment - datetime.now(UTC))
