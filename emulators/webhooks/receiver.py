"""One receiver: what it was sent, whether that was signed as it should be, and how it fails."""

import binascii
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Fault(StrEnum):
    """One way in which a receiver fails."""

    SERVER_ERROR = "server_error"  # 500
    GONE = "gone"  # 410
    REDIRECT = "redirect"  # 302 to the receiver `elsewhere`
    HANG = "hang"  # no answer until the sender gives up
    DROP = "drop"  # the connection breaks


@dataclass
class Receiver:
    """One receiver: how often each delivery was accepted, by its webhook-id, and what was wrong otherwise.

    `fault` is how it fails, the next `fault_left` times or, when that is None, until it is cleared.
    """

    secret: str | None = None
    accepted: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    unverified: int = 0
    fault: Fault | None = None
    fault_left: int | None = None

    def next_fault(self) -> Fault | None:
        """Return how this request fails, if it does."""
        if self.fault_left is None:
            return self.fault
        if self.fault_left <= 0:
            return None
        self.fault_left -= 1
        return self.fault

    def fail(self, fault: Fault, times: int | None = None) -> None:
        """Fail so from now on, or only the next `times`."""
        self.fault, self.fault_left = fault, times

    def recover(self) -> None:
        """Work again."""
        self.fault, self.fault_left = None, None

    def accept(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Keep a delivery; return False for one whose signature is wrong, which is only counted."""
        if self.secret is not None:
            try:
                Webhook(self.secret).verify(body, dict(headers), json_parse=False)
            except (WebhookVerificationError, binascii.Error, ValueError):
                self.unverified += 1
                return False
        message_id = headers.get("webhook-id", "")
        self.accepted[message_id] += 1
        self.bodies[message_id] = json.loads(body)
        return True

    @property
    def state(self) -> dict[str, int]:
        """What came, in numbers."""
        return {
            "attempts": self.attempts,
            "accepted": len(self.accepted),
            "repeated": sum(count - 1 for count in self.accepted.values()),
            "unverified": self.unverified,
        }
