"""Jobs: what may be started, and starting it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from mainspring.api.callers import Observer, Operator
from mainspring.api.models import JobView, StartBody, Started, StartedOrRefused, StartsBody
from mainspring.client.idempotency import LONGEST_IDEMPOTENCY_KEY
from mainspring.client.starts import Asked, Start
from mainspring.client.views import job_view
from mainspring.workflows.runtime.job import AnyJob

routes = APIRouter(prefix="/jobs", tags=["jobs"])

JobName = Annotated[str, Path(description="The name of a job.", examples=["update-inventory-prices"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A call that is repeated with its key is answered as it was, for two days.",
        min_length=1,
        max_length=LONGEST_IDEMPOTENCY_KEY,
    ),
]


@routes.get("", operation_id="list_jobs")
async def list_jobs(who: Observer) -> list[JobView]:
    """List the jobs that the key may start."""
    return [_view(job) for job in who.service.starts.jobs(is_platform=who.is_platform)]


@routes.get("/{name}", operation_id="get_job")
async def get_job(who: Observer, name: JobName) -> JobView:
    """Return a job with the schemas of its input and its result."""
    return _view(who.service.starts.job(name, is_platform=who.is_platform))


@routes.post("/{name}", status_code=202, operation_id="start_job")
async def start_job(
    who: Operator,
    name: JobName,
    body: StartBody,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Started:
    """Accept a task, and say where it is. The task runs later also if Temporal is away now."""
    start = await who.service.starts.start(
        _asked(name, body),
        is_platform=who.is_platform,
        triggered_by=who.name,
        idempotency_key=idempotency_key,
        note=lambda each: who.entry(
            f"task {each.id}", after={"job": name, "deduplicated": each.deduplicated}
        ),
    )
    response.headers["Location"] = f"/v1/tasks/{start.id}"
    return Started(id=start.id, deduplicated=start.deduplicated)


@routes.post("/{name}/bulk", status_code=202, operation_id="start_jobs")
async def start_jobs(
    who: Operator, name: JobName, body: StartsBody, idempotency_key: IdempotencyKey = None
) -> list[StartedOrRefused]:
    """Accept up to a thousand tasks; the answer has what became of each, in the order of the inputs."""
    results = await who.service.starts.start_many(
        [_asked(name, each) for each in body.items],
        is_platform=who.is_platform,
        triggered_by=who.name,
        idempotency_key=idempotency_key,
    )
    started = [each for each in results if isinstance(each, Start)]
    new = sum(not each.deduplicated for each in started)
    counts = {"started": new, "deduplicated": len(started) - new, "refused": len(results) - len(started)}
    await who.audit(f"job {name}", after=counts)
    return [_result(each) for each in results]


def _asked(name: str, body: StartBody) -> Asked:
    return Asked(name, body.input, body.priority, body.at, body.delay)


def _result(result: Start | Exception) -> StartedOrRefused:
    if isinstance(result, Start):
        return StartedOrRefused(id=result.id, deduplicated=result.deduplicated)
    return StartedOrRefused(error=str(result))


def _view(job: AnyJob) -> JobView:
    seen: dict[str, Any] = job_view(job)
    return JobView(**seen, result=job.result.model_json_schema())
