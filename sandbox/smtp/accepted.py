"""What the mail server accepted."""

import base64
import json
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

    def line(self) -> str:
        """Return it as one line of JSON."""
        told = {
            "at": self.at.isoformat(),
            "message_id": self.message_id,
            "sender": self.sender,
            "recipients": self.recipients,
            "answered": self.answered,
            "raw": base64.b64encode(self.raw).decode(),
        }
        return json.dumps(told) + "\n"

    @classmethod
    def of_line(cls, line: str) -> "AcceptedMail":
        """Read what `line` gave."""
        told = json.loads(line)
        return cls(
            sender=told["sender"],
            recipients=tuple(told["recipients"]),
            raw=base64.b64decode(told["raw"]),
            at=datetime.fromisoformat(told["at"]),
            answered=told["answered"],
        )
