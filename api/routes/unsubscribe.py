"""Unsubscribing by the link of a mail, in one click (RFC 8058): no key, no cookie, no other word."""

from email import message_from_bytes
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import HTMLResponse

from mainspring.api.callers import services_of
from mainspring.api.problems import Refused, request_id_of
from mainspring.api.services import Services
from mainspring.api.unsubscribe_page import page
from mainspring.domain.unsubscribe import UnsubscribeScope

routes = APIRouter(prefix="/unsubscribe", tags=["people"], default_response_class=HTMLResponse)

Token = Annotated[str, Path(description="As it stands in the link of a mail.", max_length=1_000)]
Language = Annotated[str, Header(alias="Accept-Language", description="What the reader reads.")]

# What a mail program sends, https://www.rfc-editor.org/rfc/rfc8058#section-3.1
ONE_CLICK = ("List-Unsubscribe", "One-Click")
MULTIPART = "multipart/form-data"

FORM_SCHEMA = {
    "schema": {
        "type": "object",
        "properties": {ONE_CLICK[0]: {"const": ONE_CLICK[1]}},
        "required": [ONE_CLICK[0]],
    }
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": FORM_SCHEMA, MULTIPART: FORM_SCHEMA},
    }
}
NOT_VALID: dict[int | str, dict[str, Any]] = {
    404: {
        "description": "The link is not valid, or no longer.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}


@routes.get("/{token}", operation_id="show_unsubscribe", responses=NOT_VALID)
async def show_unsubscribe(
    services: Annotated[Services, Depends(services_of)], token: Token, language: Language = "en"
) -> HTMLResponse:
    """Show a page with a button; nothing is changed, for mail servers look at links too."""
    wish = await services.first.people.asked_by(token)
    if wish is None:
        return page("unknown", language, HTTPStatus.NOT_FOUND)
    return page(f"ask{_of(wish.scope)}", language)


@routes.post("/{token}", operation_id="unsubscribe", responses=NOT_VALID, openapi_extra=BODY)
async def unsubscribe(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    token: Token,
    language: Language = "en",
) -> HTMLResponse:
    """Switch off the alerts that the link says; the same again changes nothing."""
    if ONE_CLICK not in _fields(request.headers.get("content-type", ""), await request.body()):
        raise Refused(
            HTTPStatus.BAD_REQUEST, "bad-request", "the body is not accepted: List-Unsubscribe=One-Click"
        )
    people = services.first.people
    wish = await people.asked_by(token)
    if wish is None or await people.unsubscribe(token) is None:
        return page("unknown", language, HTTPStatus.NOT_FOUND)
    await services.within(wish.workspace).audit.note(
        "link in a mail",
        "unsubscribe",
        f"user {wish.user_id}",
        request_id=request_id_of(request),
        after={"no_alerts_of": wish.scope},
    )
    return page(f"done{_of(wish.scope)}", language)


def _of(scope: UnsubscribeScope) -> str:
    return "-reminders" if scope is UnsubscribeScope.REMINDERS else ""


def _fields(kind: str, body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form, in either of the encodings of RFC 8058."""
    if not kind.lower().startswith(MULTIPART):
        return parse_qsl(body.decode(errors="replace"))
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return [
        (str(part.get_param("name", header="content-disposition")), str(part.get_payload()).strip())
        for part in form.walk()
        if not part.is_multipart()
    ]
