"""What waits on a stream for its reader: little, however slow the reader is."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from mainspring.api.events.rendering import mark_of, moment_of
from mainspring.api.events.streams import MOST_WAITING, TaskStream, WorkspaceStream

KEY = UUID(int=1)


def workspace_stream() -> WorkspaceStream:
    """Return a stream that nobody reads."""
    return WorkspaceStream(KEY, None, "default", everything=False, since=None, mark="1")


async def chunks(stream: TaskStream | WorkspaceStream) -> list[bytes]:
    """Return all that is sent until the stream ends."""
    async with asyncio.timeout(5):
        return [each async for each in stream.chunks()]


async def test_a_slow_reader_of_a_task_is_sent_its_newest_state() -> None:
    """Those between are left out; after the last nothing comes."""
    stream = TaskStream(KEY, None, UUID(int=2), sees_payloads=True, version=None)
    for number in range(3):
        stream.show(str(number), b"%d" % number, is_last=number == 2)
    stream.show("3", b"3", is_last=False)

    assert [b"2"] == await chunks(stream)


async def test_a_slow_reader_of_a_workspace_is_cut_off() -> None:
    """One event more than may wait ends the stream; the reader comes back with the id of its last event."""
    stream = workspace_stream()
    for _ in range(MOST_WAITING):
        stream.offer(b"x")
    assert not stream.is_ended
    stream.offer(b"x")

    assert stream.is_ended
    assert [] == await chunks(stream)


async def test_what_waits_is_sent_before_an_end() -> None:
    """In order."""
    stream = workspace_stream()
    stream.offer(b"a")
    stream.offer(b"b")
    stream.end()
    stream.offer(b"c")

    assert [b"a", b"b"] == await chunks(stream)


def test_a_comment_says_from_where_to_go_on() -> None:
    """A client that has received nothing for an hour comes back as from now."""
    stream = workspace_stream()
    stream.mark = "17"

    assert b": \nid: 17\n\n" == stream.keep_alive()


def test_an_id_is_a_time() -> None:
    """And whatever is no id of ours is none."""
    now = datetime.now(UTC)

    assert now == moment_of(mark_of(now))
    assert [None, None, None] == [moment_of(each) for each in ("", "x", "9" * 90)]
