"""What an error of the SDK means."""

from datetime import timedelta
from typing import Any

from mainspring.gateways.claude.errors import (
    SERVICE,
    AccountRefused,
    KeyRefused,
    ModelUnknown,
    Overloaded,
    RequestRefused,
)
from mainspring.gateways.errors import GatewayError, LimitExceeded, MalformedAnswer, NotSent, Unreachable
from mainspring.gateways.retry_after import retry_after

# No answer makes a task wait for longer, however its Retry-After is meant.
LONGEST_WAIT = timedelta(hours=1)

# https://docs.anthropic.com/en/api/errors, November 2026.
BY_STATUS = {
    401: KeyRefused,
    402: AccountRefused,
    403: KeyRefused,
    404: ModelUnknown,
}
TOO_MANY_REQUESTS = 429
FIRST_SERVER_FAULT = 500
REQUEST_TIMEOUT = 408


def translated(error: Exception) -> GatewayError:
    """Return what an error of the SDK means for the caller."""
    import anthropic  # noqa: PLC0415  # loaded by now: the error is of it

    if isinstance(error, anthropic.APIStatusError):
        return _refusal(error)
    if isinstance(error, anthropic.APITimeoutError):
        return Unreachable("no answer in time", service=SERVICE)
    if isinstance(error, anthropic.APIConnectionError):
        cause = error.__cause__ or error
        was_never_sent = type(cause).__name__ in {"ConnectError", "ConnectTimeout", "PoolTimeout"}
        return (NotSent if was_never_sent else Unreachable)(
            f"{type(cause).__name__}: {cause}", service=SERVICE
        )
    return MalformedAnswer(f"{type(error).__name__}: {error}", service=SERVICE)


def _refusal(error: Any) -> GatewayError:
    status, detail = error.status_code, error.api_message or str(error)
    wait = retry_after(error.response.headers, LONGEST_WAIT)
    if status == TOO_MANY_REQUESTS:
        return LimitExceeded(detail, service=SERVICE, status=status, retry_after=wait)
    if status >= FIRST_SERVER_FAULT or status == REQUEST_TIMEOUT:
        return Overloaded(detail, status=status, retry_after=wait)
    return BY_STATUS.get(status, RequestRefused)(detail, service=SERVICE, status=status)
