"""What the platform tells of its users, one row each. Ids are the platform's own."""

from typing import Self

from pydantic import model_validator

from mainspring.contracts.fields import Address, Flag, Id, Locale, LocalTime, Name, Zone
from mainspring.contracts.message import Message


class User(Message):
    """Somebody who wishes. No mail is sent from `quiet_from` to `quiet_until`, local times of the zone.

    Alerts that are left out stay as they are, also switched off by a link in a mail; a new user has both.
    """

    id: Id
    email: Address
    name: Name | None = None
    time_zone: Zone = "UTC"
    locale: Locale = "en"
    sale_alerts: Flag = True
    stock_alerts: Flag = True
    quiet_from: LocalTime | None = None
    quiet_until: LocalTime | None = None

    @model_validator(mode="after")
    def _check_quiet_hours(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            alone, other = ("quiet_from", "quiet_until")[:: 1 if self.quiet_until is None else -1]
            raise ValueError(
                f"{alone}: '{getattr(self, alone)}' is not accepted without {other}: both or neither of them"
            )
        return self
