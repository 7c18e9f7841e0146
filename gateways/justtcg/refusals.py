"""What an answer other than 200 means; the service's error codes end here."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import httpx

from mainspring.domain.cards.quota import Usage
from mainspring.gateways.errors import CredentialsRefused, GatewayError, LimitExceeded, Refused, ServerFault
from mainspring.gateways.json_body import read_json
from mainspring.gateways.justtcg.parsing import parse_usage
from mainspring.gateways.retry_after import retry_after

SERVICE = "JustTCG"

Window = Literal["minute", "day", "month"]

# The `code` of a 429, from the vendor's documentation.
WINDOWS: Mapping[str, Window] = {
    "RATE_LIMIT_EXCEEDED": "minute",
    "DAILY_LIMIT_EXCEEDED": "day",
    "REQUEST_LIMIT_EXCEEDED": "month",
}

# No answer makes a key wait for longer, however its Retry-After is meant.
LONGEST_WAITS: Mapping[Window, timedelta] = {
    "minute": timedelta(minutes=5),
    "day": timedelta(days=1),
    "month": timedelta(days=31),
}

# How much of an error page is worth keeping when it is not the documented JSON.
DETAIL_LENGTH = 200


class QuotaExceeded(LimitExceeded):
    """The API key's requests are used up.

    `window` says for how long; `retry_after` and `usage` are None when the answer does not tell.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        window: Window,
        retry_after: timedelta | None = None,
        usage: Usage | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail, service=SERVICE, status=httpx.codes.TOO_MANY_REQUESTS, code=code)
        self.window: Window = window
        self.retry_after = retry_after
        self.usage = usage


def refusal(response: httpx.Response) -> GatewayError:
    """Return the error that an answer other than 200 stands for."""
    status = response.status_code
    body = _error_body(response)
    detail, code = _text(body.get("error")), _text(body.get("code")) or None
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ServerFault(detail, service=SERVICE, status=status, code=code)
    if status == httpx.codes.UNAUTHORIZED:
        return CredentialsRefused(
            f"the API key is invalid or missing ({detail or status})",
            service=SERVICE,
            status=status,
            code=code,
        )
    if status == httpx.codes.TOO_MANY_REQUESTS:
        # An unknown code is taken for the shortest window: a wrong guess then costs a minute, not a month.
        window = WINDOWS.get(code or "", "minute")
        return QuotaExceeded(
            detail,
            window=window,
            retry_after=retry_after(response.headers, LONGEST_WAITS[window]),
            usage=parse_usage(body),
            code=code,
        )
    return Refused(": ".join(filter(None, (code, detail))), service=SERVICE, status=status, code=code)


def _error_body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = read_json(response.content)
    except (ValueError, RecursionError):
        return {"error": response.text[:DETAIL_LENGTH]}
    return body if isinstance(body, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
