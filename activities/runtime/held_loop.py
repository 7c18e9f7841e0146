"""Noticing that the event loop is held, and by whom.

One thread runs everything asynchronous of a worker. Code that computes or blocks there holds up every other
activity, and the heartbeats, after whose absence Temporal takes the worker for dead.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

import structlog

log = structlog.get_logger(__name__)

# A loop that is well answers within milliseconds. Temporal gives up a worker after 10 s without heartbeats.
PATIENCE = timedelta(seconds=2)
EVERY = timedelta(seconds=1)

# As much of a stack as shows who called what.
MOST_FRAMES = 12

# Below these is the code of others: the line that is shown first is the last one above.
OF_OTHERS = (str(Path(threading.__file__).parent), "site-packages")

_worked_on: ContextVar[dict[str, str]] = ContextVar("mainspring_worked_on")


def note_work(**names: str | UUID | None) -> None:
    """Say what the running asyncio task, and the asyncio tasks that it makes, work on from here."""
    known = {name: str(value) for name, value in names.items() if value is not None}
    _worked_on.set(_worked_on.get({}) | known)


@contextmanager
def watched_loop(
    *, patience: timedelta = PATIENCE, every: timedelta = EVERY, log: Any = log
) -> Iterator[None]:
    """Log, from a thread of its own, when the running event loop does not answer for longer than `patience`.

    The log says which activity and task held the loop, and at which line: while the loop is held, and how
    long it was when the loop goes on.
    """
    ended = threading.Event()
    watch = _Watch(asyncio.get_running_loop(), threading.get_ident(), ended, patience, log)
    thread = threading.Thread(target=watch.run, args=(every,), name="held-loop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


class _Watch:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread_id: int,
        ended: threading.Event,
        patience: timedelta,
        log: Any,
    ) -> None:
        self._loop = loop
        self._thread_id = thread_id
        self._ended = ended
        self._patience = patience.total_seconds()
        self._log = log

    def run(self, every: timedelta) -> None:
        while not self._ended.wait(every.total_seconds()):
            asked, answered = time.monotonic(), threading.Event()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop is closed
                return
            if not answered.wait(self._patience):
                self._tell(asked, answered)

    def _tell(self, asked: float, answered: threading.Event) -> None:
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001  # the documented way to it
        # A process that was frozen as a whole answers as soon as it goes on.
        if frame is None or answered.wait(self._patience / 10):
            return
        held_by = _held_by(frame)
        self._log.warning("event loop is held", seconds=_seconds_since(asked), **held_by, at=_stack(frame))
        while not answered.wait(self._patience):
            if self._ended.is_set():
                return
        self._log.warning("event loop goes on", held_seconds=_seconds_since(asked), **held_by)


def _seconds_since(moment: float) -> float:
    return round(time.monotonic() - moment, 1)


def _held_by(frame: FrameType) -> dict[str, Any]:
    context = _context_of(frame)
    return {} if context is None else context.get(_worked_on, {})


def _context_of(frame: FrameType | None) -> Context | None:
    """Return the context of what the loop runs: its own method that runs a callback is on the stack."""
    while frame is not None:
        if frame.f_code is asyncio.Handle._run.__code__:  # noqa: SLF001  # Python 3.11 has no other way
            context: Context | None = getattr(frame.f_locals.get("self"), "_context", None)
            return context
        frame = frame.f_back
    return None


def _stack(innermost: FrameType) -> str:
    """Return the lines that run, the innermost first, from the first one of our own code on."""
    frames = []
    frame: FrameType | None = innermost
    while frame is not None and frame.f_code is not asyncio.Handle._run.__code__:  # noqa: SLF001  # as above
        frames.append(frame)
        frame = frame.f_back
    ours = next((at for at, each in enumerate(frames) if not _is_of_others(each)), 0)
    return " < ".join(_line(each) for each in frames[ours:][:MOST_FRAMES])


def _is_of_others(frame: FrameType) -> bool:
    return any(part in frame.f_code.co_filename for part in OF_OTHERS)


def _line(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
