"""What runs by itself: the schedules that jobs declare, brought to Temporal, and an operator's hold on them.

- `rows.py` reads them from the catalogue (`workflows/runtime/schedule.py` is what a job declares)
- `operating.py` has `Schedules`: sync, list, trigger, pause, resume, backfill, preview
- `syncing.py` brings them to Temporal; `building.py` says how one looks there
- `pauses.py` reads and writes the note of a paused schedule
- `firings.py` asks Temporal when a schedule fires; `previews.py` and `clock_changes.py` explain it
"""

from mainspring.client.schedules.errors import ScheduleSwitchedOff, ScheduleUnknown
from mainspring.client.schedules.operating import Schedules
from mainspring.client.schedules.pauses import Pause
from mainspring.client.schedules.previews import Planned
from mainspring.client.schedules.rows import SCHEDULES, ScheduledJob
from mainspring.client.schedules.statuses import LastRun, ScheduleStatus
from mainspring.client.schedules.syncing import Synced
from mainspring.workflows.runtime.schedule import BadDeclaration, Cron, Every

__all__ = [
    "SCHEDULES",
    "BadDeclaration",
    "Cron",
    "Every",
    "LastRun",
    "Pause",
    "Planned",
    "ScheduleStatus",
    "ScheduleSwitchedOff",
    "ScheduleUnknown",
    "ScheduledJob",
    "Schedules",
    "Synced",
]
