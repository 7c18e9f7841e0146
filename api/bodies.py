"""Bodies of requests: bounded, and JSON that every database and every reader takes."""

import json
import math
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainspring.api.problems import FieldProblem, Refused
from mainspring.client.validation import shown

DEEPEST = 32
LONGEST_STRING = 200_000
# A number with more digits is no number of anything.
LONGEST_NUMBER = 400

# Bodies that are no JSON, which their routes read: forms of mail programs, and tables.
TEXTS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/csv")

# Bodies that nobody looks into before it is known who has signed them: their routes call `check_json`.
SIGNED = {"/v1/webhooks/payload/product-changed"}

Path = tuple[int | str, ...]


class CheckedBodies:
    """Reads a body whole before anything else sees it; refuses one that is too large, and what is no JSON."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(Headers(scope=scope), receive)
            if body and not _is_text(scope) and scope["path"] not in SIGNED:
                check_json(body)
        except Refused as refused:
            await refused.response(scope.get("state", {}).get("request_id"))(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        announced = headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < LONGEST_NUMBER and int(announced) > self._largest:
            raise self._too_large()
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._largest:
                raise self._too_large()
            if not message.get("more_body"):
                break
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and kind not in {"application/json", *TEXTS}:
            raise Refused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                f"Content-Type: {shown(kind)} is not accepted: application/json",
            )
        return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-large",
            f"the body is larger than {self._largest} bytes",
            headers={"Connection": "close"},
        )


def _is_text(scope: Scope) -> bool:
    return Headers(scope=scope).get("content-type", "").lower().startswith(TEXTS)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def check_json(body: bytes) -> Any:
    """Return what a body says.

    Raises Refused: when it is no JSON, too deep, or has what cannot be stored: NaN, NUL, half characters.
    """
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise _bad_json(f"the body is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise _unprocessable((), "nested", f"at most {DEEPEST} levels") from None
    except ValueError as error:
        raise _bad_json(f"the body is no JSON: {error}") from None
    _check(value, ())
    return value


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _check(value: Any, path: Path) -> None:
    if len(path) > DEEPEST:
        raise _unprocessable(path, "nested", f"at most {DEEPEST} levels")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _unprocessable(path, "a number", "one that a 64-bit float holds")
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_text(name, (*path, name))
            _check(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _check(each, (*path, number))


def _check_text(text: str, path: Path) -> None:
    if "\0" in text:
        raise _unprocessable(path, shown(text), "text without NUL characters")
    if len(text) > LONGEST_STRING:
        raise _unprocessable(path, shown(text), f"at most {LONGEST_STRING} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _unprocessable(path, ascii(text)[:80], "text without halves of surrogate pairs") from None


def _unprocessable(path: Path, value: str, accepted: str) -> Refused:
    field = ".".join(["body", *(ascii(str(part))[1:-1] for part in path[:DEEPEST])])
    problem = FieldProblem(field=field, value=value, accepted=accepted)
    detail = f"{field}: {value} is not accepted: {accepted}"
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-input", detail, errors=[problem])


def _bad_json(detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "bad-json", detail)
