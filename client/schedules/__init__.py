"""What runs by itself: the table of schedules, brought to Temporal, and an operator's hold on it.

- `declared.py` is the table; `rows.py` and `when.py` say what a row may be
- `operating.py` has `Schedules`: sync, list, trigger, pause, resume, backfill, preview
- `syncing.py` brings the table to Temporal; `building.py` says how a row looks there
- `pauses.py` reads and writes the note of a paused schedule
- `firings.py` asks Temporal when a schedule fires; `previews.py` and `clock_changes.py` explain it
"""

from mainspring.client.schedules.declared import SCHEDULES
from mainspring.client.schedules.errors import BadDeclaration, ScheduleSwitchedOff, ScheduleUnknown
from mainspring.client.schedules.operating import Schedules
from mainspring.client.schedules.pauses import Pause
from mainspring.client.schedules.previews import Planned
from mainspring.client.schedules.rows import ScheduledJob
from mainspring.client.schedules.statuses import LastRun, ScheduleStatus
from mainspring.client.schedules.syncing import Synced
from mainspring.client.schedules.when import Cron, Every

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
