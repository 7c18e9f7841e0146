"""The wishlist checks, in the answers of the admin pages that they were written for."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from mainspring.api.callers import Caller, Observer, Operator, Platform
from mainspring.api.patience import in_time
from mainspring.client.wishlist_checks import CheckStatus
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import WishlistChecked
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.wishlist import SALE_CHECK, STOCK_CHECK

routes = APIRouter(prefix="/admin/wishlist-jobs", tags=["wishlist"], dependencies=[Platform])


class Camel(BaseModel):
    """A part of an answer, with names as pages have them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Check(Camel):
    """A check's schedule."""

    name: str
    enabled: bool
    schedule: str
    last_run: datetime | None = None
    next_run: datetime | None = None


class Checks(Camel):
    """Both of them."""

    sale_check: Check
    stock_check: Check


class ChecksAnswer(Camel):
    """How the checks stand."""

    success: bool = True
    data: Checks


class RunningCheck(Camel):
    """The task of a check that has not ended."""

    task_id: UUID


class CheckAnswer(Camel):
    """What a check did, or its task if it takes longer than a page waits."""

    success: bool = True
    data: WishlistChecked | RunningCheck
    message: str


class CheckFailed(Camel):
    """Why a check failed."""

    success: bool = False
    error: str


ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"model": CheckAnswer, "description": "The check goes on"},
    500: {"model": CheckFailed, "description": "The check failed"},
}


@routes.get("/status", operation_id="wishlist_jobs_status", response_model_exclude_none=True)
async def wishlist_jobs_status(who: Observer) -> ChecksAnswer:
    """Return whether the checks run, when they last did, and when they will."""
    sale, stock = await in_time(who.service.wishlist_checks.statuses(SALE_CHECK, STOCK_CHECK))
    return ChecksAnswer(data=Checks(sale_check=_check(sale), stock_check=_check(stock)))


@routes.post("/trigger-sale-check", operation_id="trigger_sale_check", responses=ANSWERS)
async def trigger_sale_check(who: Operator, response: Response) -> CheckAnswer | CheckFailed:
    """Check now which wished products went on sale, and wait a while for the end."""
    return await _run(who, response, SALE_CHECK, "Sale check")


@routes.post("/trigger-stock-check", operation_id="trigger_stock_check", responses=ANSWERS)
async def trigger_stock_check(who: Operator, response: Response) -> CheckAnswer | CheckFailed:
    """Check now which wished products are back in stock, and wait a while for the end."""
    return await _run(who, response, STOCK_CHECK, "Stock check")


def _check(status: CheckStatus) -> Check:
    return Check(
        name=status.name,
        enabled=status.is_enabled,
        schedule=status.schedule,
        last_run=status.last_run,
        next_run=status.next_run,
    )


async def _run(who: Caller, response: Response, job: AnyJob, name: str) -> CheckAnswer | CheckFailed:
    task = await who.service.wishlist_checks.run(job, triggered_by=who.name)
    await who.audit(f"task {task.id}", after={"job": job.name})
    response.headers["Location"] = f"/v1/tasks/{task.id}"
    if task.state is TaskState.SUCCESS:
        return CheckAnswer(data=WishlistChecked.restore(task.result), message=f"{name} completed")
    if task.state.is_final:
        response.status_code = HTTPStatus.INTERNAL_SERVER_ERROR
        return CheckFailed(error=task.error_message or f"{name} was cancelled")
    response.status_code = HTTPStatus.ACCEPTED
    return CheckAnswer(data=RunningCheck(task_id=task.id), message=f"{name} goes on")
