"""Asking a language model: what a call may cost is reserved first, and what it has cost is written down."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Generic
from uuid import uuid4

from pydantic import BaseModel

from mainspring.activities.runtime.metered_calls import QuotaUsedUp, RateLimitedCalls
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.models import ModelRun, RunOutcome, TokenUsage
from mainspring.domain.models import DAY, Price, daily_budget, highest_cost, price_of
from mainspring.domain.quota import Spent, WindowBudget
from mainspring.gateways.claude import Claude, Prompt, UselessAnswer
from mainspring.gateways.claude.answers import Out
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import GatewayError, LimitExceeded, Unreachable
from mainspring.storage.database import Database
from mainspring.storage.models import ModelRunRepository

# What the day's money of a workspace is counted under.
HOLDER = "language-models"

# So long a call waits whose money is reserved for calls that are under way.
UNDER_WAY = timedelta(seconds=30)
RESERVED = "calls of language models that are under way"


@dataclass(frozen=True)
class ModelPolicy:
    """Which model is asked unless another is named, what models cost, and a workspace's money for a day."""

    model: str
    prices: Mapping[str, Price]
    daily_micros: int

    @property
    def budget(self) -> WindowBudget:
        """The budget of each workspace."""
        return daily_budget(self.daily_micros)


@dataclass(frozen=True)
class Ask(Generic[Out]):
    """A prompt of a workspace, and what for: a purpose, such as a job's name, and what it is about."""

    workspace: str
    purpose: str
    subject: str
    prompt_version: str
    prompt: Prompt[Out]


@dataclass(frozen=True)
class Asked(Generic[Out]):
    """What a model has answered, and what that has cost."""

    output: Out
    cost_micros: int


@dataclass(frozen=True)
class _Called:
    """What came of a call; `usage` tells the budget what the call has cost, in the place of the reserve."""

    output: BaseModel | None
    error: GatewayError | None
    cost_micros: int
    usage: Spent | None


class ModelCalls:
    """Calls of the language model, for the activities of any domain."""

    def __init__(
        self, database: Database, calls: RateLimitedCalls, claude: Claude, policy: ModelPolicy, clock: Clock
    ) -> None:
        self._database = database
        self._calls = calls
        self._claude = claude
        self._clock = clock
        self.policy = policy

    async def ask(self, ask: Ask[Out]) -> Asked[Out]:
        """Return the answer, checked. One call, and one model run whatever comes of it.

        Raises QuotaUsedUp: when the money of the day is spent, or the service wants to be left alone.
        Raises PriceMissing: when the settings have no price for the model.
        Raises GatewayError: when there is no answer, or one that is of no use.
        """
        price = price_of(ask.prompt.model, self.policy.prices)
        text = ask.prompt.system + ask.prompt.text
        # A day's budget that is smaller than a call's highest cost still allows the call, once a day.
        cost = min(highest_cost(price, text, max_tokens=ask.prompt.max_tokens), self.policy.daily_micros)
        try:
            called = await self._calls.call(
                HOLDER,
                self.policy.budget,
                lambda: self._call(ask, price),
                workspace=ask.workspace,
                cost=cost,
            )
        except QuotaUsedUp as used_up:
            if used_up.window == DAY and await self._spent(ask.workspace) + cost <= self.policy.daily_micros:
                # The rest is reserved for calls that are under way, and most of that is given back.
                raise QuotaUsedUp(DAY, self._clock.now() + UNDER_WAY, RESERVED) from used_up
            raise
        if called.error is not None:
            raise called.error
        assert isinstance(called.output, ask.prompt.output)  # noqa: S101  # for the type checker
        return Asked(called.output, called.cost_micros)

    async def _spent(self, workspace: str) -> int:
        today = self._clock.now().astimezone(UTC).date()
        spend = await self._database.read(lambda session: ModelRunRepository(session, workspace).spend(today))
        return spend.cost_micros

    async def _call(self, ask: Ask[Out], price: Price) -> _Called:
        began = time.monotonic()
        try:
            answer = await self._claude.ask(ask.prompt)
        except UselessAnswer as error:
            cost = await self._write(ask, price, error.usage, error.outcome, began, error)
            return _Called(None, error, cost, Spent(cost))
        except GatewayError as error:
            await self._write(ask, price, TokenUsage(), RunOutcome.FAILED, began, error)
            if isinstance(error, LimitExceeded):
                error.usage = Spent(0)
            if isinstance(error, LimitExceeded | Unreachable):
                # The first is for the budget to wait for; the second may have been charged for.
                raise
            return _Called(None, error, 0, Spent(0))
        cost = await self._write(ask, price, answer.tokens, RunOutcome.ANSWERED, began, None)
        return _Called(answer.output, None, cost, Spent(cost))

    async def _write(
        self,
        ask: Ask[Out],
        price: Price,
        usage: TokenUsage,
        outcome: RunOutcome,
        began: float,
        error: Exception | None,
    ) -> int:
        run = ModelRun(
            id=uuid4(),
            purpose=ask.purpose,
            subject=ask.subject,
            model=ask.prompt.model,
            prompt_version=ask.prompt_version,
            usage=usage,
            latency_ms=round((time.monotonic() - began) * 1_000),
            cost_micros=price.cost(usage),
            outcome=outcome,
            error=None if error is None else str(error),
            at=self._clock.now(),
        )
        # The answer is paid for: an outage of the database does not cost it.
        await outlast(
            lambda: self._database.transact(
                lambda session: ModelRunRepository(session, ask.workspace).append(run)
            )
        )
        return run.cost_micros
