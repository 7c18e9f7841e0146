"""A row of the table of schedules."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Self

from temporalio.client import ScheduleOverlapPolicy

from mainspring.client.schedules.errors import BadDeclaration
from mainspring.client.schedules.when import Cron, Every
from mainspring.config.settings import Settings
from mainspring.config.zones import UnknownZone, zone_named
from mainspring.contracts.message import Message
from mainspring.workflows.runtime.catalogue import JOBS

# A firing that was missed is made up for if it is not older. A day on which the clock goes back has 25 hours,
# so a daily firing is always made up for. How many were missed does not matter: with SKIP one run is made.
CATCHUP = timedelta(hours=25)

# Temporal's own lower bound.
SHORTEST_CATCHUP = timedelta(seconds=10)


@dataclass(frozen=True)
class ScheduledJob:
    """What runs by itself, and when. `timeout` ends a stuck run, which would hold back every later one.

    The clock of a Cron is the one of `zone`, or of the setting that `zone_by` names; `enabled_by` names a
    setting that switches the schedule off. A firing that comes while the last run still works is left out
    (`overlap` SKIP): the next one finds what was due. Up to `jitter` is added to each firing.
    """

    id: str
    job: str
    given: Message
    when: Every | Cron
    timeout: timedelta
    summary: str
    zone: str = "UTC"
    zone_by: str | None = None
    overlap: ScheduleOverlapPolicy = ScheduleOverlapPolicy.SKIP
    catchup: timedelta = CATCHUP
    jitter: timedelta = timedelta(0)
    enabled_by: str | None = None
    switched_off_by: str | None = None
    """Set by `as_set`: the variable that switches it off, if one does."""

    def __post_init__(self) -> None:
        """Refuse what could not work; BadDeclaration names the row."""
        try:
            zone_named(self.zone)
        except UnknownZone as error:
            raise BadDeclaration(f"schedule {self.id}: {error}") from None
        self._check_setting("zone_by", self.zone_by, str)
        self._check_setting("enabled_by", self.enabled_by, bool)
        if self.catchup < SHORTEST_CATCHUP:
            raise BadDeclaration(f"schedule {self.id}: a catch-up window below {SHORTEST_CATCHUP}")
        if self.timeout <= timedelta(0) or self.jitter < timedelta(0):
            raise BadDeclaration(f"schedule {self.id}: a timeout above and a jitter of at least 0 are needed")

    def _check_setting(self, what: str, name: str | None, kind: type) -> None:
        if name is not None and not isinstance(getattr(Settings.model_construct(), name, None), kind):
            raise BadDeclaration(
                f"schedule {self.id}: {what}: {name!r} is no setting of type {kind.__name__}"
            )

    def as_set(self, settings: Settings) -> Self:
        """Return the row as the settings have it: with their zone, and switched off where they say so."""
        is_off = self.enabled_by is not None and not getattr(settings, self.enabled_by)
        return replace(
            self,
            zone=self.zone if self.zone_by is None else getattr(settings, self.zone_by),
            switched_off_by=Settings.variable(self.enabled_by) if is_off and self.enabled_by else None,
        )

    def declaration(self, task_queue: str) -> str:
        """Return a hash of everything that this row says of its runs, and of where its job is to run."""
        said = {
            "task_queue": task_queue,
            "job": self.job,
            "given": self.given.model_dump(mode="json"),
            "when": {type(self.when).__name__: asdict(self.when)},
            "zone": self.zone,
            "policy": [self.overlap.name, self.catchup, self.jitter, self.timeout],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def words(self) -> str:
        """Return when it fires, for people: "every 5 min", "0 * * * * America/New_York"."""
        return f"{self.when.words()} {self.zone}" if isinstance(self.when, Cron) else self.when.words()


def declared(*rows: ScheduledJob) -> tuple[ScheduledJob, ...]:
    """Return the rows as a table; BadDeclaration when one of them has no job or not its input."""
    for row in rows:
        _check_job(row)
    _check_ids(row.id for row in rows)
    return rows


def _check_job(row: ScheduledJob) -> None:
    job = next((job for job in JOBS if job.name == row.job), None)
    if job is None:
        raise BadDeclaration(f"schedule {row.id}: no job of the catalogue is called {row.job!r}")
    if job.pool is not None:
        raise BadDeclaration(f"schedule {row.id}: {row.job} has a pool, whose tasks no schedule can start")
    if not isinstance(row.given, job.input):
        raise BadDeclaration(f"schedule {row.id}: {row.job} takes {job.input.__name__}")


def _check_ids(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise BadDeclaration(f"schedule {each}: declared twice")
        seen.add(each)
