"""The errors of every gateway. Each says with `retry` whether another attempt may help.

GatewayError
├── TransientError              the outside is away: waiting helps
│   ├── Unreachable         no answer: refused, dropped, timed out
│   │   └── NotSent         the request never left, so it counts against no quota
│   └── ServerFault         an answer that says the fault is theirs (5xx)
├── Refused                 the outside said no: waiting does not help
│   └── CredentialsRefused  the key, password or token is not accepted
├── LimitExceeded           a quota of theirs is used up; each vendor says which
└── MalformedAnswer         an answer that is not what the vendor documents

The class docstring is the default message. Data (`service`, `status`, `code`) is in attributes.
"""

from datetime import timedelta
from typing import ClassVar

from mainspring.contracts.retry import Retry
from mainspring.contracts.text import readable


class GatewayError(Exception):
    """An outside service could not be used."""

    retry: ClassVar[Retry] = Retry.APPLICATION
    # False where what was asked for may have been done: of effects outside a person, or a resend, decides.
    is_outcome_certain: ClassVar[bool] = True

    def __init__(
        self, detail: str = "", *, service: str, status: int | None = None, code: str | None = None
    ) -> None:
        summary = (type(self).__doc__ or "").partition("\n")[0].rstrip(".")
        super().__init__(f"{service}: {summary}" + (f": {readable(detail)}" if detail else ""))
        self.detail = detail
        self.service = service
        self.status = status
        self.code = code


class TransientError(GatewayError):
    """The service is away."""

    retry = Retry.TRANSIENT


class Unreachable(TransientError):
    """The service did not answer."""


class NotSent(Unreachable):
    """The service could not be connected to; no request was sent."""


class ServerFault(TransientError):
    """The service answered with a fault of its own."""


class Refused(GatewayError):
    """The service refused the request."""


class CredentialsRefused(Refused):
    """The service refused the credentials."""

    retry = Retry.NEVER


class LimitExceeded(GatewayError):
    """The service says that a limit is used up.

    `window` is the name of the limit; `retry_after` what the service asks to wait; `usage` what its answer
    says of the budget, when it says anything.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        service: str,
        window: str = "minute",
        retry_after: timedelta | None = None,
        usage: object | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail, service=service, status=status, code=code)
        self.window = window
        self.retry_after = retry_after
        self.usage = usage


class MalformedAnswer(GatewayError):
    """The service answered with something that it does not document."""


def is_outcome_certain(error: Exception) -> bool:
    """Whether an error says that what was asked for was certainly not done."""
    return not isinstance(error, GatewayError) or error.is_outcome_certain
