"""What can be wrong with a schedule.

ClientError
├── ScheduleUnknown      no schedule of that id
└── ScheduleSwitchedOff  a setting holds it, which no command can change
"""

from collections.abc import Iterable

from mainspring.client.errors import ClientError


class ScheduleUnknown(ClientError):
    """No schedule of this service has this id."""

    def __init__(self, schedule_id: str, known: Iterable[str]) -> None:
        super().__init__(f"no schedule is called {schedule_id!r}; known schedules: {', '.join(known)}")


class ScheduleSwitchedOff(ClientError):
    """The schedule is paused by a setting, and stays so for as long as that says so."""

    def __init__(self, schedule_id: str, switch: str) -> None:
        super().__init__(
            f"{schedule_id} is switched off by {switch}: remove that setting and restart the workers"
        )
        self.switch = switch
