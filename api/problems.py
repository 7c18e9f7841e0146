"""What a caller is told of an error, by RFC 9457 (https://www.rfc-editor.org/rfc/rfc9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mainspring.api.methods import allowed_methods
from mainspring.api.refusals import refusal, words_of
from mainspring.client.error_codes import code_of, facts_of
from mainspring.client.field_faults import field_faults
from mainspring.client.validation import shown
from mainspring.contracts.text import printable

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """A value that is not accepted, and where it stood."""

    field: str
    value: str | None = None
    accepted: str


class Problem(BaseModel):
    """What is wrong with a call. Members beside these say more of one kind of problem."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(default="about:blank", examples=["/problems/bad-input"])
    title: str = Field(examples=["The input is not accepted"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["input.max_pages: 0 is not accepted: greater than 0"])
    request_id: str | None = None
    errors: list[FieldProblem] = []
    code: str | None = Field(
        default=None, description="Which error it is, where several are of one type.", examples=["bad-input"]
    )
    facts: dict[str, Any] = Field(default={}, description="What a program reads of the error with this code.")


class Refused(Exception):
    """A call is refused. `headers` go with the answer; `cause` is the service's own error, if it is one."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        errors: list[FieldProblem] | None = None,
        headers: dict[str, str] | None = None,
        cause: Exception | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors = errors or []
        self.headers = headers or {}
        self.cause = cause

    def response(self, request_id: str | None) -> Response:
        """Return the answer."""
        code = None if self.cause is None else code_of(self.cause)
        problem = Problem(
            type=f"/problems/{self.kind}",
            title=self.status.phrase,
            status=self.status,
            detail=printable(self.detail),
            request_id=request_id,
            errors=self.errors,
            code=code,
            facts=facts_of(self.cause) if self.cause is not None and code is not None else {},
        )
        return JSONResponse(problem.model_dump(), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def request_id_of(request: Request) -> str | None:
    """Return the id by which the log knows a request."""
    return getattr(request.state, "request_id", None)


async def on_error(request: Request, error: Exception) -> Response:
    """Answer to an error that somebody has foreseen; any other is raised again."""
    if isinstance(error, Refused):
        return error.response(request_id_of(request))
    if isinstance(error, RequestValidationError):
        return _bad_request(error).response(request_id_of(request))
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        kind = status.phrase.lower().replace(" ", "-")
        headers = dict(error.headers or {})
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = allowed_methods(request.app, request.url.path)
        refused = Refused(status, kind, str(error.detail), headers=headers)
        return refused.response(request_id_of(request))
    known = refusal(error)
    if known is None:
        raise error
    status, kind, after = known
    headers = {"Retry-After": str(after)} if after else {}
    words = words_of(error)
    faults = field_faults(words) if status is HTTPStatus.UNPROCESSABLE_ENTITY else []
    errors = [FieldProblem(**vars(each)) for each in faults]
    refused = Refused(status, kind, words, errors=errors, headers=headers, cause=error)
    return refused.response(request_id_of(request))


def _bad_request(error: RequestValidationError) -> Refused:
    problems = [
        FieldProblem(
            field=".".join(str(part) for part in fault["loc"]),
            value=None if fault["type"] == "missing" else shown(fault.get("input")),
            accepted=fault["msg"].removeprefix("Value error, "),
        )
        for fault in error.errors()
    ]
    detail = "; ".join(f"{each.field}: {each.accepted}" for each in problems)
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-input", detail, errors=problems)


# What every operation may answer beside its own.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "model": Problem, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 409, 413, 414, 415, 422, 429, 431, 503)
}
