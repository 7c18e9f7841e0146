"""What another process can order of the mail server, and ask it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mainspring.emulators.base import Control
from mainspring.emulators.smtp.accepted import AcceptedMail
from mainspring.emulators.smtp.faults import MailFault

if TYPE_CHECKING:
    from mainspring.emulators.smtp.server import SmtpEmulator


def control_of(emulator: "SmtpEmulator") -> Control:
    """Return the orders faults and reset, and the views mails and state.

    `{"next": ["later", null], "always": {"a@example.org": "refused"}}` lets the next mail wait and the second
    go right, and refuses every further mail to that address.
    """

    def order_faults(
        *,
        next: Sequence[str | None] = (),  # noqa: A002  # the name of the JSON field
        recipients: Mapping[str, Sequence[str]] | None = None,
        always: Mapping[str, str] | None = None,
        rate: Mapping[str, Any] | None = None,
        answers: Mapping[str, str] | None = None,
        refused_connections: int = 0,
    ) -> None:
        faults = emulator.faults
        faults.next(*(None if name is None else MailFault(name) for name in next))
        for address, names in (recipients or {}).items():
            faults.for_recipient(address, *map(MailFault, names))
        for address, name in (always or {}).items():
            faults.always_for(address, MailFault(name))
        if rate is not None:
            faults.at_rate(rate["share"], *map(MailFault, rate["faults"]), seed=rate.get("seed", 0))
        faults.answers |= answers or {}
        faults.refused_connections += refused_connections

    return Control(
        orders={"faults": order_faults, "reset": emulator.faults.clear},
        views={"mails": lambda: [_shown(mail) for mail in emulator.accepted]},
        state=lambda: {
            "attempts": emulator.attempts,
            "accepted": len(emulator.accepted),
            "connections": emulator.connections.made,
            "most_connections": emulator.connections.most,
        },
    )


def _shown(mail: AcceptedMail) -> dict[str, Any]:
    return {
        "message_id": mail.message_id,
        "sender": mail.sender,
        "recipients": mail.recipients,
        "subject": str(mail.message.get("Subject", "")),
        "at": mail.at.isoformat(),
        "answered": mail.answered,
    }
