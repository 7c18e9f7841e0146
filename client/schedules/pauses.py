"""Who holds a schedule, as its note in Temporal says it: an operator, a setting, or both."""

import re
from dataclasses import dataclass, replace

from temporalio.client import ScheduleState

from mainspring.client.errors import BadInput

# What fits in a list beside the rest.
LONGEST_REASON = 200

SWITCHED = re.compile(r"(?P<own>.*?)(?:(?:^|; )switched off by (?P<switch>[A-Z][A-Z0-9_]*))?", re.DOTALL)
PAUSED = re.compile(r"paused by (?P<by>[^:]+): (?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True)
class Pause:
    """Why a schedule does not fire. `by` is unknown for a pause that was not made by this program.

    An operator's pause and a setting's switch do not know each other: either is taken away alone.
    """

    by: str | None = None
    reason: str | None = None
    switch: str | None = None

    @classmethod
    def of(cls, state: ScheduleState) -> "Pause | None":
        """Return the pause of a schedule; None while it fires."""
        if not state.paused:
            return None
        found = SWITCHED.fullmatch(state.note or "")
        own, switch = (found["own"], found["switch"]) if found else (state.note or "", None)
        paused = PAUSED.fullmatch(own)
        if paused is not None:
            return cls(paused["by"], paused["reason"], switch)
        return cls(None, own or (None if switch else "paused"), switch)

    @property
    def is_operators(self) -> bool:
        """Whether somebody paused it, beside any setting."""
        return self.reason is not None

    def note(self) -> str:
        """Return the text that `of` reads."""
        parts = []
        if self.reason is not None:
            parts.append(self.reason if self.by is None else f"paused by {self.by}: {self.reason}")
        if self.switch is not None:
            parts.append(f"switched off by {self.switch}")
        return "; ".join(parts)


def checked_reason(text: str) -> str:
    """Return a reason on one line. BadInput for none, or one that no list has room for."""
    reason = " ".join(text.split())
    if not 0 < len(reason) <= LONGEST_REASON:
        raise BadInput(
            f"--reason: {len(reason)} characters are not accepted: 1 to {LONGEST_REASON} that say why, "
            'such as --reason "stocktaking"'
        )
    return reason


def paused(current: ScheduleState, by: str, reason: str) -> str:
    """Return the note of a schedule that is in this state when somebody pauses it."""
    pause = Pause.of(current) or Pause()
    return replace(pause, by=" ".join(by.replace(":", " ").split()) or None, reason=reason).note()


def switched(current: ScheduleState, switch: str | None) -> ScheduleState:
    """Return the state with the switch off by this variable, or on; an operator's pause stays."""
    pause = Pause.of(current)
    if (pause.switch if pause else None) == switch:
        return current
    after = replace(pause or Pause(), switch=switch)
    if after.switch is None and not after.is_operators:
        return replace(current, paused=False, note=f"switched on by {pause.switch if pause else ''}")
    return replace(current, paused=True, note=after.note())
