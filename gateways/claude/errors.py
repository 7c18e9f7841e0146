"""What can go wrong with Claude, beside what goes wrong with any service.

An answer that is of no use has cost money all the same: its error has the `usage`.
"""

from datetime import timedelta

from mainspring.contracts.models import RunOutcome, TokenUsage
from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import CredentialsRefused, GatewayError, Refused, ServerFault

SERVICE = "Claude"


class KeyMissing(CredentialsRefused):
    """There is no key: set MAINSPRING_CLAUDE_API_KEY."""

    retry = Retry.UNTIL_MENDED


class KeyRefused(CredentialsRefused):
    """The key is not accepted: correct MAINSPRING_CLAUDE_API_KEY, or what the key may do."""

    retry = Retry.UNTIL_MENDED


class AccountRefused(Refused):
    """The account cannot pay: look at its billing."""

    retry = Retry.UNTIL_MENDED


class ModelUnknown(Refused):
    """The key has no such model: correct MAINSPRING_CLAUDE_MODEL."""

    retry = Retry.UNTIL_MENDED


class RequestRefused(Refused):
    """The request was not accepted, and never will be."""

    retry = Retry.NEVER


class Overloaded(ServerFault):
    """The service has too much to do; `retry_after` is what it asks to wait."""

    def __init__(self, detail: str = "", *, retry_after: timedelta | None, status: int | None = None) -> None:
        super().__init__(detail, service=SERVICE, status=status)
        self.retry_after = retry_after


class UselessAnswer(GatewayError):
    """The answer, which was paid for, is of no use."""

    outcome = RunOutcome.INVALID

    def __init__(self, detail: str, *, usage: TokenUsage) -> None:
        super().__init__(detail, service=SERVICE)
        self.usage = usage


class AnswerRefused(UselessAnswer):
    """The model declined to answer."""

    retry = Retry.NEVER
    outcome = RunOutcome.REFUSED


class AnswerTruncated(UselessAnswer):
    """The answer was cut off."""

    retry = Retry.NEVER
    outcome = RunOutcome.TRUNCATED


class AnswerInvalid(UselessAnswer):
    """The answer has another structure than was asked for."""
