"""Streams of server-sent events: a task's, and a workspace's (https://html.spec.whatwg.org, 9.2)."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import format_sse_event

from mainspring.api.callers import Observer
from mainspring.api.events.hub import Hub
from mainspring.api.events.rendering import mark_of, missed_event, moment_of, task_event
from mainspring.api.events.response import StreamedEvents
from mainspring.api.events.streams import RETRY_MILLISECONDS, TaskStream, WorkspaceStream
from mainspring.api.events.workspace_feed import RESUMABLE
from mainspring.api.readers import TaskId, TaskReader

routes = APIRouter(tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The id of the last event that was received: what has changed since then is sent.",
        max_length=100,
    ),
]


# An event as https://html.spec.whatwg.org/multipage/server-sent-events.html has it; `data` is JSON.
EVENT = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("data", "event", "id")},
    "required": ["data", "event", "id"],
}


def _answers(description: str) -> dict[int | str, dict[str, Any]]:
    content = {"text/event-stream": {"schema": EVENT}}
    return {200: {"description": description, "content": content}}


def _hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


EventHub = Annotated[Hub, Depends(_hub_of)]


@routes.get(
    "/tasks/{task_id}/events",
    operation_id="watch_task",
    response_class=Response,
    responses=_answers(
        "Events `accepted`, `changed` and `ended`, whose data is the task as `get_task` returns it. The "
        "first is the task as it is now; `ended` is the last."
    )
    | {204: {"description": "The task has ended, and the caller has received that."}},
)
async def watch_task(
    who: TaskReader, task_id: TaskId, hub: EventHub, last_event_id: LastEventId = None
) -> Response:
    """Follow a task until it ends: an event at each change, at most one in a second.

    A client that comes back with the id of its last event is sent the task as it is now, if that is another.
    """
    await who.service.tasks.get(task_id)
    (watched,) = await hub.watching.tasks([task_id])
    is_known = watched.version == last_event_id
    if is_known and watched.task.state.is_final:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    stream = TaskStream(
        who.key_id, who.expires_at, task_id, sees_payloads=who.sees_payloads, version=last_event_id
    )
    hub.open(stream)
    if is_known:
        stream.offer(format_sse_event(retry=RETRY_MILLISECONDS))
    else:
        event = task_event(watched, sees_payloads=who.sees_payloads)
        begin = format_sse_event(retry=RETRY_MILLISECONDS) + event
        stream.show(watched.version, begin, is_last=watched.task.state.is_final)
    return StreamedEvents(hub, stream)


@routes.get(
    "/events",
    operation_id="watch_tasks",
    response_class=Response,
    responses=_answers(
        "Events `accepted`, `changed` and `ended`, whose data is a TaskSummary; `missed` says that there was "
        "more than is sent."
    ),
)
async def watch_tasks(
    who: Observer,
    hub: EventHub,
    *,
    everything: Annotated[bool, Query(description="Also steps of flows and deliveries of webhooks.")] = False,
    last_event_id: LastEventId = None,
) -> Response:
    """Follow the tasks of the workspace, without payloads; no end follows by itself.

    A client that comes back within an hour with the id of its last event is sent all tasks that were
    accepted, have changed or have ended since. Some of the last twenty seconds may be sent again.
    """
    now = hub.clock.now()
    since = None if last_event_id is None else moment_of(last_event_id)
    is_resumed = since is not None and now - since < RESUMABLE
    stream = WorkspaceStream(
        who.key.id,
        who.key.expires_at,
        who.service.workspace,
        everything=everything,
        since=min(since, now) if since is not None and is_resumed else None,
        mark=last_event_id if last_event_id is not None and is_resumed else mark_of(now),
    )
    hub.open(stream)
    begin = format_sse_event(retry=RETRY_MILLISECONDS, id=stream.mark)
    if last_event_id is not None and not is_resumed:
        begin += missed_event(since, stream.mark)
    stream.offer(begin)
    return StreamedEvents(hub, stream)
