"""What can become of a push that was not sent.

GatewayError
├── TransientError
│   ├── AnswerLost          it was handed over and nobody answered: the only case that is not known
│   ├── PushLimited         429: `retry_after` says when to come again
│   ├── Unreachable, NotSent, ServerFault
└── Refused
    ├── AccountRefused      there is no service account, or it is not accepted: a person mends that
    ├── TokenUnregistered   404 UNREGISTERED: the app is gone from the device, its token is to be removed
    └── PayloadRefused      400 and any other refusal: the message's fault, not the token's
"""

from datetime import timedelta

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import Refused, TransientError

SERVICE = "FCM"


class AnswerLost(TransientError):
    """The push was handed over but the answer did not come."""

    is_outcome_certain = False


class PushLimited(TransientError):
    """The service takes no more pushes just now."""

    def __init__(self, detail: str, *, retry_after: timedelta | None, status: int) -> None:
        super().__init__(detail, service=SERVICE, status=status)
        self.retry_after = retry_after


class AccountRefused(Refused):
    """The service account cannot be used."""

    retry = Retry.UNTIL_MENDED


class TokenUnregistered(Refused):
    """The device is no longer registered."""

    retry = Retry.NEVER


class PayloadRefused(Refused):
    """The push was refused."""

    retry = Retry.NEVER
