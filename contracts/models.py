"""Calls of language models: what was asked, what came of it, and what it cost. Money is in micro-dollars."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from mainspring.contracts.message import Message
from mainspring.contracts.text import ErrorText

# A dollar, in what costs are counted in: most calls cost less than a cent.
DOLLAR = 1_000_000


class TokenUsage(Message):
    """The tokens that a call has used, as the model's maker counts them.

    `cache_write_tokens` and `cache_read_tokens` are not among `input_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0


class RunOutcome(StrEnum):
    """What came of a call."""

    ANSWERED = "answered"
    """An answer of the structure that was asked for."""
    REFUSED = "refused"
    """The model declined to answer."""
    TRUNCATED = "truncated"
    """The answer was cut off at the limit of its length."""
    INVALID = "invalid"
    """The answer has another structure than was asked for."""
    FAILED = "failed"
    """No answer: an error of the service, or none at all."""


class ModelRun(Message):
    """One call. `purpose` is what for, as a job's name; `subject` what it was about, as a product's id."""

    id: UUID
    purpose: str
    subject: str
    model: str
    prompt_version: str
    usage: TokenUsage
    latency_ms: int
    cost_micros: int
    is_batch: bool = False
    outcome: RunOutcome
    error: ErrorText | None = None
    at: AwareDatetime


class DaySpend(Message):
    """What a workspace has spent on models in a day of UTC, by its model runs."""

    day: date
    runs: int
    cost_micros: int
    usage: TokenUsage
