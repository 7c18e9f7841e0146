"""What the mail server accepted."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cached_property


@dataclass(frozen=True)
class AcceptedMail:
    """One accepted mail: its envelope, its bytes, and whether the sender was `answered`."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: datetime
    answered: bool

    @cached_property
    def message(self) -> EmailMessage:
        """Return it parsed."""
        return message_from_bytes(self.raw, policy=default)

    @cached_property
    def message_id(self) -> str:
        """Return its Message-ID, or nothing."""
        return str(self.message.get("Message-ID", ""))

    def part(self, kind: str) -> str:
        """Return its `plain` or `html` part; its lines end with a line feed."""
        body = self.message.get_body((kind,))
        return body.get_content().replace("\r\n", "\n") if isinstance(body, EmailMessage) else ""
