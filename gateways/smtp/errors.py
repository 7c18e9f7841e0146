"""What can become of a mail that was not sent.

GatewayError
├── TransientError
│   ├── AnswerLost          it was handed over and nobody answered: the only case that is not known
│   ├── Unreachable         no answer before it was handed over: certainly not accepted
│   │   └── NotSent
│   │       └── ServerAway  it takes no mail of ours; `retry_after` says when it is asked again
│   └── ServerFault
│       └── PutOff          the server answered with 4xx: certainly not accepted, and later it may be
└── Refused
    ├── CredentialsRefused  user name or password, or no way to log in at all
    ├── SenderRefused       our host name, sender, address or limit, whatever the mail
    ├── MailRefused         the server answered with 5xx: final
    └── MailUnsendable      the mail itself cannot be written: an address, a header; nothing was sent
        └── SenderUnusable  what every mail has of us cannot be written: the sender, the link to unsubscribe

`status` is the server's code (451), `code` its enhanced one (4.7.1), when it has one.
"""

import re
from datetime import timedelta

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import NotSent, Refused, ServerFault, TransientError

SERVICE = "SMTP"

# RFC 3463: class, subject and detail, at the beginning of the words.
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


class AnswerLost(TransientError):
    """The mail was handed over but the server's answer did not come."""

    is_outcome_certain = False


class ServerAway(NotSent):
    """The mail server takes no mail from here.

    It cannot be connected to, or refuses us: that is no mail's fault, and a person mends it.
    """

    retry = Retry.UNTIL_MENDED

    def __init__(self, detail: str, *, retry_after: timedelta, status: int | None = None) -> None:
        super().__init__(detail, service=SERVICE, status=status)
        self.retry_after = retry_after


class PutOff(ServerFault):
    """The mail server did not take the mail now."""


class SenderRefused(Refused):
    """The mail server refused the sender."""


class MailRefused(Refused):
    """The mail server refused the mail."""


class MailUnsendable(Refused):
    """The mail cannot be written."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, service="mail")


class SenderUnusable(MailUnsendable):
    """What the settings put into every mail cannot be written."""

    retry = Retry.UNTIL_MENDED


def enhanced_code(words: str) -> str | None:
    """Return the enhanced code that an answer's words begin with."""
    found = ENHANCED.match(words)
    return found.group() if found else None
