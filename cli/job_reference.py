"""docs/jobs.md, written from the catalogue by `python -m mainspring.cli.job_reference`; tested."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from mainspring.client.schedules import SCHEDULES, Cron, ScheduledJob
from mainspring.config.settings import Settings
from mainspring.contracts.message import Message
from mainspring.workflows.runtime.catalogue import JOBS
from mainspring.workflows.runtime.job import AnyJob, Debounce, Throttle

HEAD = """\
# Jobs

Written from the catalogue by `python -m mainspring.cli.job_reference > docs/jobs.md`; do not edit by hand.

Every job can be started in each of these ways, and shows in `mainspring tasks list` whichever was taken:

- `mainspring run JOB --input '{…}'` (with `--account NAME` for jobs of an account)
- `await service.jobs.start(JOB, Input(…))` in Python, with `session=` as part of your own transaction
- `temporal workflow start --type JOB --task-queue mainspring --input '{…}'`, or the Temporal Web UI
  (not a job with a [batched queue](queues.md), whose tasks have no workflow of their own)
"""

TAIL = """\
## Loading an inventory

`mainspring cards import FILE --account NAME` loads a CSV file in UTF-8 with a header line, a JSON list of
objects (`.json`) or JSON lines (`.jsonl`):

| field | what it is |
|---|---|
| `reference` | the account's own name for what it holds, such as a box or an SKU; at most 200 characters |
| `variant_id` | JustTCG's id of the variant; at most 500 characters |
| `quantity` | how many, a whole number from 0 |
| `name` | for people; may be left out |

A row with the same `reference` and `variant_id` as an earlier one overwrites its quantity, so the same file
again changes nothing. Good rows are loaded, a thousand at a time, and bad ones reported with line, field,
value and what is accepted; the exit code is then 2. Further fields are ignored.
"""


def reference() -> Iterator[str]:
    """Give the page's parts."""
    yield HEAD
    for job in JOBS:
        if not job.is_internal:
            yield "\n".join(_job(job))
    yield TAIL


def _job(job: AnyJob) -> Iterator[str]:
    yield f"## {job.name}\n\n{job.summary}\n"
    rows = [row for row in SCHEDULES if row.job == job.name]
    if rows:
        yield f"Runs by itself: {_when(rows[0])} (schedule `{rows[0].id}`).\n"
    if job.queue is not None:
        at_once = f"{job.queue.parallel} times {job.queue.page} tasks at once"
        yield f"Worked in a [batched queue](queues.md), {at_once}.\n"
    if job.key is not None:
        yield f"{_repeats(job)}\n"
    yield from _fields("input", job.input)
    yield f"{inspect.getdoc(job.result)}\n"
    yield from _fields("result", job.result)


def _repeats(job: AnyJob) -> str:
    same = f"for the same {job.key_says}" if job.key_says else "of it"
    match job.repeats:
        case Debounce(quiet):
            return f"Starts once no other start {same} came for {quiet}, with the input of the last one."
        case Throttle(every):
            return f"A second start {same} within {every} returns the first one's task."
    one = f"one is active {same}" if job.key_says else "one is active"
    return f"While {one}, a second start returns it as it is: another input, time or priority is not taken."


def _when(row: ScheduledJob) -> str:
    if not isinstance(row.when, Cron):
        return row.words()
    zone = row.zone if row.zone_setting is None else Settings.variable(row.zone_setting)
    return f"`{row.when.words()}` in {zone}"


def _fields(title: str, message: type[Message]) -> Iterator[str]:
    schema = message.model_json_schema()
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if not properties:
        yield f"No fields of {title}.\n"
        return
    yield f"| {title} | type | default |\n|---|---|---|"
    for name, field in properties.items():
        default = "required" if name in schema.get("required", ()) else f"`{field.get('default')}`"
        yield f"| `{name}` | {_type(field)} | {default} |"
    yield ""


def _type(field: dict[str, Any]) -> str:
    either = [_type(each) for each in field.get("anyOf", ())]
    return " or ".join(either) or str(field.get("format") or field.get("type"))


if __name__ == "__main__":
    sys.stdout.write("\n".join(reference()))
