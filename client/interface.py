"""What a service beside the database (`open_service`) and one over HTTP (`remote.connect`) have in common.

Code that takes an `AnyService` works with both. What each method does and raises is said in `client/`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from mainspring.client.cancelling import Cancellation, Cancellations
from mainspring.client.effects import EffectCounts
from mainspring.client.jobs.started import StartedTask
from mainspring.client.quotas import QuotaUse
from mainspring.client.schedules import Pause, Planned, ScheduleStatus
from mainspring.client.webhooks import AddedWebhook
from mainspring.contracts.audit import AuditEntry, AuditFilter
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.failures import FailureFilter, FailureGroup, Replayed
from mainspring.contracts.flows import StepResult
from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.tasks import JsonObject, Task, TaskFilter, TaskState
from mainspring.contracts.webhooks import Subscription
from mainspring.contracts.wishlist import RejectedWish, StoredWish, WishedItem
from mainspring.workflows.runtime.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


class AnyJobs(Protocol):
    """Starting, cancelling and retrying tasks."""

    async def start(
        self,
        job: Job[In, Out],
        message: In,
        *,
        at: datetime | None = None,
        delay: timedelta | None = None,
        priority: int = 3,
    ) -> StartedTask[Out]:
        """Accept a task, or return the one that is there instead."""

    async def start_many(
        self, job: Job[In, Out], messages: Iterable[In], *, priority: int = 3
    ) -> list[StartedTask[Out]]:
        """Accept a task for each input."""

    async def cancel(self, task_id: UUID) -> Task:
        """Ask a task to cancel itself."""

    async def retry(
        self, task_id: UUID, *, from_step: str | None = None, message: Message | None = None
    ) -> StartedTask[Message]:
        """Start a failed or cancelled task once more."""


class AnyTasks(Protocol):
    """Looking at tasks."""

    async def get(self, task_id: UUID) -> Task:
        """Return a task with its error log."""

    async def find(
        self, task_filter: TaskFilter | None = None, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return a page of tasks, the newest first."""

    def watch(self, task_id: UUID) -> AsyncIterator[Task]:
        """Give the task now and at each change, the final state last."""

    async def wait(self, task_id: UUID) -> Task:
        """Return the task in its final state."""

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return the steps of a flow."""

    async def result(self, task_id: UUID) -> JsonObject:
        """Return the result of a task that has succeeded."""

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of this one."""


class AnyCancelling(Protocol):
    """Cancelling tasks, and being told why that takes long."""

    async def cancel(self, task_id: UUID) -> Cancellation:
        """Ask a task to cancel itself."""

    async def cancel_matching(
        self, chosen: TaskFilter, *, dry_run: bool = False, expect: int | None = None
    ) -> Cancellations:
        """Ask the active tasks of a filter to cancel themselves."""


class AnyFailures(Protocol):
    """Failed tasks, neither retried nor dismissed."""

    async def groups(self, criteria: FailureFilter | None = None, *, limit: int = 100) -> list[FailureGroup]:
        """Return the groups, the one that failed last first."""

    async def group(self, beginning: str) -> FailureGroup:
        """Return the one group whose fingerprint begins so."""

    async def tasks(
        self, criteria: FailureFilter, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return failed tasks, the latest failure first."""

    async def count(self, criteria: FailureFilter) -> int:
        """Return how many failed tasks meet the criteria."""

    async def dismiss(self, criteria: FailureFilter) -> int:
        """Take failed tasks off the list; return how many."""

    async def replay(
        self,
        criteria: FailureFilter,
        *,
        limit: int | None = None,
        rate: float = ...,
        stop_when_it_returns: bool = True,
    ) -> Replayed:
        """Retry the oldest failures first."""


class AnySchedules(Protocol):
    """The installation's schedules."""

    async def list(self) -> list[ScheduleStatus]:
        """Return every declared schedule that Temporal has."""

    async def trigger(self, schedule_id: str) -> None:
        """Run it now."""

    async def pause(self, schedule_id: str, reason: str, *, by: str) -> Pause | None:
        """Stop it from firing until it is resumed."""

    async def resume(self, schedule_id: str, *, by: str) -> tuple[Pause | None, Pause | None]:
        """Take an operator's pause away."""

    async def firings(self, schedule_id: str, start: datetime, end: datetime) -> Sequence[datetime]:
        """Return when it fires."""

    async def backfill(self, schedule_id: str, start: datetime, end: datetime) -> int:
        """Run what would have fired in a time that is past."""

    async def preview(
        self, start: datetime, end: datetime, schedule_id: str | None = None
    ) -> Sequence[Planned]:
        """Return what is going to fire."""


class AnyEffects(Protocol):
    """What was sent, or is to be."""

    async def find(
        self,
        states: Collection[EffectState] = (),
        *,
        kind: str | None = None,
        before: Effect | None = None,
        limit: int = 50,
    ) -> list[Effect]:
        """Return effects, the newest first."""

    async def get(self, reference: str) -> Effect:
        """Return one."""

    async def counts_up_to(self, most: int) -> EffectCounts:
        """Return how many there are."""

    async def mark_sent(self, reference: str) -> Effect:
        """Say of an unknown one that it got through."""

    async def send_again(self, reference: str) -> Effect:
        """Send an unknown one again."""


class AnyWebhooks(Protocol):
    """Who is told of tasks' ends."""

    async def add(
        self, url: str, *, fairness_key: str | None = None, states: Collection[TaskState] = ...
    ) -> AddedWebhook:
        """Tell a URL of tasks that end."""

    async def all(self, *, after: UUID | None = None, limit: int | None = None) -> list[Subscription]:
        """Return all, or a page, the oldest first."""

    async def find(self, reference: str) -> Subscription:
        """Return one."""

    async def remove(self, reference: str) -> Subscription:
        """Tell a subscriber nothing any more."""

    async def disable(self, reference: str, because: str) -> Subscription:
        """Tell a subscriber nothing until it is enabled."""

    async def enable(self, reference: str) -> Subscription:
        """Tell a disabled subscriber again."""

    async def rotate_secret(self, reference: str, *, overlap: timedelta = ...) -> AddedWebhook:
        """Give a subscriber another secret."""

    async def deliveries(self, reference: str, *, after: UUID | None = None, limit: int = 50) -> list[Task]:
        """Return deliveries to a subscriber, the newest first."""


class AnyQuotas(Protocol):
    """What is used of keys at vendors."""

    async def all(self, *, after: str = "", limit: int = 50) -> list[QuotaUse]:
        """Return a page of quotas."""


class AnyAudit(Protocol):
    """Who has changed what."""

    async def find(
        self, chosen: AuditFilter | None = None, *, after: UUID | None = None, limit: int = 50
    ) -> list[AuditEntry]:
        """Return entries, the newest first."""


class AnyShop(Protocol):
    """The products that a platform sells."""

    async def store_products(self, products: Sequence[Product]) -> None:
        """Store products."""

    async def products(self, *, after: str = "", limit: int = 50) -> list[Product]:
        """Return products in the order of their ids."""

    async def product(self, product_id: str) -> Product:
        """Return a product."""

    async def remove_product(self, product_id: str) -> None:
        """Remove a product and the wishes for it."""


class AnyPeople(Protocol):
    """The users that a platform has."""

    async def store_users(self, users: Sequence[User]) -> None:
        """Store users."""

    async def users(self, *, after: str = "", limit: int = 50) -> list[User]:
        """Return users in the order of their ids."""

    async def user(self, user_id: str) -> User:
        """Return a user."""

    async def remove_user(self, user_id: str) -> None:
        """Remove a user and the user's wishes."""


class AnyWishlists(Protocol):
    """Who wishes for what."""

    async def store_items(self, items: Sequence[WishedItem]) -> list[RejectedWish]:
        """Store wishes; return those whose product or user is not known."""

    async def items(
        self,
        *,
        user_id: str | None = None,
        product_id: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = 50,
    ) -> list[StoredWish]:
        """Return wishes, of one user or for one product."""

    async def remove_items(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id)."""


class AnyService(Protocol):
    """A service beside its database, or over HTTP."""

    @property
    def jobs(self) -> AnyJobs:
        """Starting, cancelling and retrying tasks."""

    @property
    def tasks(self) -> AnyTasks:
        """Looking at tasks."""

    @property
    def cancelling(self) -> AnyCancelling:
        """Cancelling tasks."""

    @property
    def failures(self) -> AnyFailures:
        """Failed tasks."""

    @property
    def schedules(self) -> AnySchedules:
        """Schedules."""

    @property
    def effects(self) -> AnyEffects:
        """Effects."""

    @property
    def webhooks(self) -> AnyWebhooks:
        """Webhooks."""

    @property
    def quotas(self) -> AnyQuotas:
        """Quotas."""

    @property
    def audit(self) -> AnyAudit:
        """The audit log."""

    @property
    def shop(self) -> AnyShop:
        """Products."""

    @property
    def people(self) -> AnyPeople:
        """Users."""

    @property
    def wishlists(self) -> AnyWishlists:
        """Wishes."""
