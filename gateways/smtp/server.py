"""Which server mails are handed to, and how."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and how. `timeout` is for each step before the message.

    `answer_timeout` is for the answer to the message: whoever gives up early does not know whether it was
    accepted, so it is long (RFC 5321 has 10 minutes). After `cooldown` a server that was away is tried again.

    `hello` is the host name that we greet with; None is the machine's own. `envelope_sender` is where mails
    that cannot be delivered come back to; None is the mail's own sender.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=30)
    answer_timeout: timedelta = timedelta(minutes=2)
    connections: int = 4
    mails_a_connection: int = 100
    cooldown: timedelta = timedelta(seconds=10)
    hello: str | None = None
    envelope_sender: str | None = None
