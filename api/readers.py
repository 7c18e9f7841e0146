"""Who may look at one task: a key of its workspace, or a token that was made for the task."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyQuery, HTTPAuthorizationCredentials

from mainspring.api.callers import BEARER, Workspace, caller, count_call, services_of
from mainspring.api.problems import Refused
from mainspring.api.services import Services
from mainspring.client.errors import TaskUnknown
from mainspring.client.service import Service
from mainspring.client.task_tokens import PREFIX

TaskId = Annotated[UUID, Path(description="The id of a task.")]

TOKEN = APIKeyQuery(
    name="access_token",
    auto_error=False,
    scheme_name="token",
    description="A token for this task, made by `POST /v1/tasks/{task_id}/token`: EventSource sends no "
    "headers. A token may be sent as `Authorization: Bearer` as well.",
)


@dataclass(frozen=True)
class Reader:
    """Who looks at a task, and the service of the task's workspace. `expires_at` is the end of a token."""

    service: Service
    key_id: UUID
    sees_payloads: bool
    expires_at: datetime | None = None


async def reader(
    request: Request,
    task_id: TaskId,
    services: Annotated[Services, Depends(services_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    access_token: Annotated[str | None, Security(TOKEN)],
    workspace: Workspace = None,
) -> Reader:
    """Return who looks.

    Raises Refused: when neither a valid key nor a valid token is shown, or the key has called too often.
    Raises TaskUnknown: when the token is another task's.
    """
    text = access_token or (bearer.credentials if bearer else "")
    if access_token is None and not text.startswith(PREFIX):
        who = await caller(request, services, bearer, workspace)
        return Reader(who.service, who.key.id, who.sees_payloads, who.key.expires_at)
    token = await services.first.task_tokens.opened_by(text)
    if token is None:
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            "no valid token: it has expired, or the key that made it has been revoked",
            headers={"WWW-Authenticate": "Bearer"},
        )
    count_call(request, token.key_id)
    if token.task_id != task_id:
        raise TaskUnknown(str(task_id))
    count_call(request, token.key_id)
    structlog.contextvars.bind_contextvars(token_of=str(token.key_id))
    return Reader(services.within(token.workspace), token.key_id, token.sees_payloads, token.expires_at)


async def payload_reader(who: Annotated[Reader, Depends(reader)]) -> Reader:
    """Return who looks.

    Raises Refused: when the key or the token shows no payloads.
    """
    if not who.sees_payloads:
        raise Refused(HTTPStatus.FORBIDDEN, "forbidden", "this is a payload: it takes a viewer")
    return who


TaskReader = Annotated[Reader, Depends(reader)]
PayloadReader = Annotated[Reader, Depends(payload_reader)]
