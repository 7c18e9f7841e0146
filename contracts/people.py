"""What the platform tells of its users and of their devices. Ids are the platform's own."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, StringConstraints, model_validator

from mainspring.contracts.fields import Address, Flag, Id, Locale, LocalTime, Name, Zone, in_words
from mainspring.contracts.message import Message


class User(Message):
    """Somebody who wishes. Nothing is sent from `quiet_from` to `quiet_until`, local times of the zone.

    Alerts are mails about wishes. Reminders of occasions are sent by mail, and by push to the user's devices.
    What is left out of these five stays as it is, also switched off by a link in a mail; a new user has all.
    """

    id: Id
    email: Address
    name: Name | None = None
    time_zone: Zone = "UTC"
    locale: Locale = "en"
    sale_alerts: Flag = True
    stock_alerts: Flag = True
    reminders: Flag = True
    reminders_by_mail: Flag = True
    reminders_by_push: Flag = True
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


class Platform(StrEnum):
    """What a device runs."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


def _check_token(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("it is no token")
    return token


# Firebase gives tokens of some 160 characters, and promises no length.
PushToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4096),
    AfterValidator(_check_token),
    in_words("a registration token of Firebase Cloud Messaging, of 1 to 4096 characters without spaces"),
]


class NewDevice(Message):
    """A user's device that gets pushes. A token is one device: it belongs to the user who told it last."""

    user_id: Id
    token: PushToken
    platform: Platform


class Device(Message):
    """A device as it is stored. The token is not shown: `id` is made from it."""

    id: str
    user_id: str
    platform: Platform
    added_at: AwareDatetime
