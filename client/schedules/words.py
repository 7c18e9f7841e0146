"""Schedules in words: their times in two zones, missed runs, who paused them and why."""

from datetime import datetime

from mainspring.client.schedules.pauses import Pause
from mainspring.client.schedules.statuses import LastRun, ScheduleStatus


def minute(moment: datetime) -> str:
    """Return a time in its own zone as everything about schedules shows it."""
    return f"{moment:%Y-%m-%d %H:%M}"


def in_both_zones(moment: datetime) -> str:
    """Return a time in its own zone, and in the reader's where that is another time of day."""
    own, here = f"{minute(moment)} {moment:%Z}", moment.astimezone()
    return own if here.utcoffset() == moment.utcoffset() else f"{own}, {minute(here)} here"


def missed_runs(status: ScheduleStatus) -> str:
    """Return how many runs were missed, and why; empty when none was."""
    parts = ((status.missed_overlap, "overlapped"), (status.missed_too_old, "too old"))
    return ", ".join(f"{count:,} {why}" for count, why in parts if count)


def skipped_text(last: LastRun) -> str:
    """Return why a run did nothing."""
    holder = "a task held" if last.held_by is None else f"task {str(last.held_by)[:8]} holds"
    return f"skipped: {holder} the key"


def pause_text(pause: Pause) -> str:
    """Return who paused a schedule and why, or which setting has switched it off."""
    by_operator = f"{pause.by}: {pause.reason}" if pause.by else pause.reason
    by_setting = f"switched off by {pause.switch}" if pause.switch else None
    return "; ".join(each for each in (by_operator, by_setting) if each)
