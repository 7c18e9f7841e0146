"""What runs by itself: the schedules that jobs of the catalogue declare, checked against the settings."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Self
from uuid import uuid4

from temporalio.client import ScheduleOverlapPolicy

from mainspring.config.settings import Settings
from mainspring.config.zones import UnknownZone, zone_named
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import StartKey
from mainspring.workflows.runtime.catalogue import JOBS
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.runtime.schedule import CATCHUP, BadDeclaration, Cron, Every, Schedule

# Temporal's own lower bound.
SHORTEST_CATCHUP = timedelta(seconds=10)


@dataclass(frozen=True)
class ScheduledJob:
    """A job and its schedule, see `Schedule` for the fields."""

    id: str
    job: str
    input: Message
    when: Every | Cron
    timeout: timedelta
    summary: str
    zone: str = "UTC"
    zone_setting: str | None = None
    overlap: ScheduleOverlapPolicy = ScheduleOverlapPolicy.SKIP
    catchup: timedelta = CATCHUP
    jitter: timedelta = timedelta(0)
    enabled_setting: str | None = None
    key: StartKey | None = None
    """What a run takes as any other start of the job does; None: nothing keeps two runs apart."""
    switched_off_by: str | None = None
    """Set by `as_set`: the variable that switches it off, if one does."""

    def __post_init__(self) -> None:
        """Refuse what could not work; BadDeclaration names the row."""
        try:
            zone_named(self.zone)
        except UnknownZone as error:
            raise BadDeclaration(f"schedule {self.id}: {error}") from None
        self._check_setting("zone_setting", self.zone_setting, str)
        self._check_setting("enabled_setting", self.enabled_setting, bool)
        if self.catchup < SHORTEST_CATCHUP:
            raise BadDeclaration(f"schedule {self.id}: a catch-up window below {SHORTEST_CATCHUP}")
        if self.timeout <= timedelta(0) or self.jitter < timedelta(0):
            raise BadDeclaration(f"schedule {self.id}: a timeout above and a jitter of at least 0 are needed")

    def _check_setting(self, what: str, name: str | None, kind: type) -> None:
        if name is not None and not isinstance(getattr(Settings.model_construct(), name, None), kind):
            raise BadDeclaration(
                f"schedule {self.id}: {what}: {name!r} is no setting of type {kind.__name__}"
            )

    @classmethod
    def of(cls, job: AnyJob, schedule: Schedule) -> Self:
        """Return what a job declares. The schedule has the name of the job."""
        message = job.input() if schedule.input is None else schedule.input
        return cls(
            id=job.name,
            job=job.name,
            input=message,
            key=_key(job, message),
            when=schedule.when,
            timeout=schedule.timeout,
            summary=job.summary,
            zone=schedule.zone,
            zone_setting=schedule.zone_setting,
            overlap=schedule.overlap,
            catchup=schedule.catchup,
            jitter=schedule.jitter,
            enabled_setting=schedule.enabled_setting,
        )

    def as_set(self, settings: Settings) -> Self:
        """Return the row as the settings have it: with their zone, and switched off where they say so."""
        is_off = self.enabled_setting is not None and not getattr(settings, self.enabled_setting)
        return replace(
            self,
            zone=self.zone if self.zone_setting is None else getattr(settings, self.zone_setting),
            switched_off_by=Settings.variable(self.enabled_setting)
            if is_off and self.enabled_setting
            else None,
        )

    def declaration(self, task_queue: str) -> str:
        """Return a hash of everything that this row says of its runs, and of where its job is to run."""
        declaration = {
            "task_queue": task_queue,
            "job": self.job,
            "given": self.input.model_dump(mode="json"),
            "when": {type(self.when).__name__: asdict(self.when)},
            "zone": self.zone,
            "policy": [self.overlap.name, self.catchup, self.jitter, self.timeout],
        }
        return hashlib.sha256(json.dumps(declaration, sort_keys=True, default=str).encode()).hexdigest()

    def words(self) -> str:
        """Return when it fires, for people: "every 5 min", "0 * * * * America/New_York"."""
        return f"{self.when.words()} {self.zone}" if isinstance(self.when, Cron) else self.when.words()


def _key(job: AnyJob, message: Message) -> StartKey | None:
    if job.key is None or job.is_internal:
        return None
    task = job.task(uuid4(), message, triggered_by="schedule")
    return StartKey(key=str(task.job_key), quiet=task.quiet, at_most_every=task.at_most_every)


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
    if job.queue is not None:
        raise BadDeclaration(
            f"schedule {row.id}: {row.job} has a batched queue, whose tasks no schedule can start"
        )
    if not isinstance(row.input, job.input):
        raise BadDeclaration(f"schedule {row.id}: {row.job} takes {job.input.__name__}")


def _check_ids(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise BadDeclaration(f"schedule {each}: declared twice")
        seen.add(each)


def _interval(row: ScheduledJob) -> timedelta:
    """Return how often it fires; what fires by the clock comes last."""
    return row.when.interval if isinstance(row.when, Every) else timedelta.max


# What fires most often is listed first.
SCHEDULES = declared(
    *sorted((ScheduledJob.of(job, job.schedule) for job in JOBS if job.schedule is not None), key=_interval)
)
