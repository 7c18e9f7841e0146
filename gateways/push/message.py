"""What is pushed, as FCM's HTTP v1 API takes it.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages, read in November 2026.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mainspring.gateways.push.errors import SERVICE, PayloadRefused

# What FCM takes of a message, in bytes.
LARGEST_PAYLOAD = 4096

# More than a device shows of either.
LONGEST_TITLE, LONGEST_BODY = 200, 500


@dataclass(frozen=True)
class PushMessage:
    """A notification for one device. `tag` is its name there: a push of the same name takes its place."""

    token: str
    title: str
    body: str
    tag: str
    data: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> bytes:
        """Return the body of the request.

        Raises PayloadRefused: when the message is larger than FCM takes.
        """
        title, body = _shortened(self.title, LONGEST_TITLE), _shortened(self.body, LONGEST_BODY)
        message: dict[str, Any] = {
            "token": self.token,
            "notification": {"title": title, "body": body},
            "data": dict(self.data),
            "android": {"priority": "high", "notification": {"tag": self.tag}},
            "apns": {"headers": {"apns-collapse-id": self.tag}},
            "webpush": {"notification": {"tag": self.tag}},
        }
        size = len(_json({name: value for name, value in message.items() if name != "token"}))
        if size > LARGEST_PAYLOAD:
            raise PayloadRefused(f"{size} bytes, and {LARGEST_PAYLOAD} are taken", service=SERVICE)
        return _json({"message": message})


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
