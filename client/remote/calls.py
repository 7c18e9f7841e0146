"""Calls of the HTTP API: pages put together, ids checked, and problems raised as the client's own errors."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from mainspring.client.error_codes import restored
from mainspring.client.errors import BadInput, ClientError, KeyRefused, ServiceAway
from mainspring.client.field_faults import FieldFault
from mainspring.client.validation import shown
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.server_events import ServerEvent
from mainspring.gateways.service_api import ProblemAnswered, ServiceApi

# As many as a page has.
LONGEST_PAGE = 200

NOT_ACCEPTED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
KEY_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

DURATION = TypeAdapter(timedelta)

# What FastAPI puts before the names of what it refuses.
PLACES = ("body.", "query.", "path.", "header.")


class Calls:
    """Calls one service; every answer that is no success is raised as an error of the client."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def get(self, path: str, **params: Any) -> Any:
        """Return what is there; parameters that are None are left out."""
        return await self._call("GET", path, params=_given(params))

    async def post(
        self, path: str, body: Any = None, *, idempotency_key: str | None = None, is_repeatable: bool = False
    ) -> Any:
        """Change something. What has an idempotency key, or is repeatable, is called again when in doubt."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        is_repeatable = is_repeatable or idempotency_key is not None
        return await self._call("POST", path, body=body, headers=headers, is_repeatable=is_repeatable)

    async def delete(self, path: str, **params: Any) -> Any:
        """Remove something."""
        return await self._call("DELETE", path, params=_given(params))

    async def page(
        self, path: str, *, limit: int | None, after: str | None = None, **params: Any
    ) -> list[Any]:
        """Return the first `limit` items of a list below `after`, or all."""
        items: list[Any] = []
        while limit is None or len(items) < limit:
            size = LONGEST_PAGE if limit is None else min(limit - len(items), LONGEST_PAGE)
            page = await self.get(path, limit=size, after=after, **params)
            items += page["items"]
            after = page["next"]
            if after is None:
                break
        return items

    async def task(self, task_id: UUID) -> Task:
        """Return a task with its error log."""
        return Task.restore(await self.get(f"/v1/tasks/{task_id}"))

    async def events(self, path: str) -> AsyncGenerator[ServerEvent, None]:
        """Give the events of a stream, which is opened again when it breaks off."""
        try:
            async with aclosing(self._api.events(path)) as events:
                async for event in events:
                    yield event
        except GatewayError as error:
            raise await self._error_of(error) from error

    async def _call(self, method: str, path: str, **request: Any) -> Any:
        try:
            return await self._api.call(method, path, **request)
        except GatewayError as error:
            raised = await self._error_of(error)
            raise raised from error

    async def _error_of(self, error: GatewayError) -> Exception:
        if not isinstance(error, ProblemAnswered):
            return ServiceAway(str(error))
        problem = error.problem
        known = restored(problem.get("code"), str(problem.get("detail")), problem.get("facts") or {})
        if known is None:
            return _error_without_code(error)
        if isinstance(found := getattr(known, "task", None), UUID):
            vars(known)["task"] = await self.task(found)
        return known


def _error_without_code(error: ProblemAnswered) -> ClientError:
    if error.status in KEY_REFUSED:
        return KeyRefused(error.detail)
    if error.status in NOT_ACCEPTED:
        return BadInput("\n".join(map(_line, error.problem.get("errors") or ())) or error.detail)
    return ServiceAway(str(error), error.retry_after)


def _line(problem: Mapping[str, Any]) -> str:
    field = str(problem["field"])
    for place in PLACES:
        field = field.removeprefix(place)
    return str(FieldFault(field, problem["value"], problem["accepted"]))


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def in_iso(span: timedelta) -> str:
    """Return a duration as JSON has it: "PT15M"."""
    return str(DURATION.dump_python(span, mode="json"))


def whole_id(reference: str, field: str = "id") -> UUID:
    """Return an id.

    Raises BadInput: when it is the beginning of one, or none: over HTTP ids are whole.
    """
    try:
        return UUID(reference)
    except ValueError:
        raise BadInput(f"{field}: {shown(reference)} is not accepted: a whole id (a UUID)") from None


def refuse_beside(criteria: Message, accepted: set[str]) -> None:
    """Check that a filter has no other fields than those that the HTTP API knows.

    Raises BadInput: when it has.
    """
    for name in criteria.model_fields_set - accepted:
        value = getattr(criteria, name)
        if value != type(criteria).model_fields[name].default:
            allowed = ", ".join(sorted(accepted))
            raise BadInput(f"{name}: {shown(value)} is not accepted: over HTTP this is found by {allowed}")
