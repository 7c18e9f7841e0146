"""Every call that reached the emulator, and what can be measured of them."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from mainspring.emulators.justtcg.plans import day_of, minute_of, month_of


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `status` is None when no answer was sent; `is_counted` says that it used up quota."""

    at: datetime
    key: str
    method: str
    path: str
    params: Mapping[str, str]
    variant_ids: tuple[str, ...]
    items: int
    status: int | None
    code: str | None
    is_counted: bool
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the call with its time as an ISO string."""
        return asdict(self) | {"at": self.at.isoformat()}


class Calls(list[Call]):
    """The calls in the order in which they came."""

    def of(self, key: str) -> "Calls":
        """Return the calls with one key."""
        return Calls(call for call in self if call.key == key)

    def with_code(self, code: str) -> "Calls":
        """Return the calls that were refused with one of the vendor's codes."""
        return Calls(call for call in self if call.code == code)

    @property
    def counted(self) -> "Calls":
        """The calls that used up quota."""
        return Calls(call for call in self if call.is_counted)

    def most_in_any(self, span: timedelta) -> int:
        """Return the most calls that came within any stretch of `span`, wherever it begins; ends excluded."""
        window: deque[datetime] = deque()
        most = 0
        for call in sorted(self, key=lambda call: call.at):
            window.append(call.at)
            while window[0] <= call.at - span:
                window.popleft()
            most = max(most, len(window))
        return most

    @property
    def most_in_any_minute(self) -> int:
        """The most calls within any 60 seconds, wherever they begin."""
        return self.most_in_any(timedelta(seconds=60))

    @property
    def most_in_a_calendar_minute(self) -> int:
        """The most calls within one minute of the clock."""
        return _largest(minute_of(call.at) for call in self)

    @property
    def most_in_a_day(self) -> int:
        """The most calls within one day, from 00:00 UTC."""
        return _largest(day_of(call.at) for call in self)

    def most_in_a_month(self, anchor_day: int) -> int:
        """Return the most calls within one billing month."""
        return _largest(month_of(call.at, anchor_day) for call in self)

    @property
    def lookups(self) -> Counter[str]:
        """How often each variant id was asked for in lookups that used up quota."""
        return Counter(asked for call in self.counted for asked in call.variant_ids)

    @property
    def repeated_lookups(self) -> dict[str, int]:
        """The variant ids that were asked for more than once, with how often."""
        return {asked: times for asked, times in self.lookups.items() if times > 1}


def _largest(windows: Iterable[datetime]) -> int:
    return max(Counter(windows).values(), default=0)
