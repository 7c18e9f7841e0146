"""The gateway to Claude: what is asked, what comes back, and what each fault becomes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Literal

import pytest
import pytest_asyncio
from pydantic import BaseModel, Field

from mainspring.contracts.models import TokenUsage
from mainspring.contracts.retry import Retry, retry_of
from mainspring.emulators.claude import ClaudeEmulator, ClaudeFault
from mainspring.gateways.claude import (
    AnswerInvalid,
    AnswerRefused,
    AnswerTruncated,
    Claude,
    KeyMissing,
    Prompt,
)
from mainspring.gateways.claude.errors import UselessAnswer
from mainspring.gateways.errors import GatewayError, NotSent, Unreachable


class Gifts(BaseModel):
    """What an answer is."""

    tags: Annotated[list[str], Field(min_length=1, max_length=10)]
    occasions: list[Literal["birthday", "wedding", "christmas"]]
    summary: Annotated[str, Field(max_length=300)]


PROMPT = Prompt("claude-haiku-5-5", "Say what it is good for.", "A backpack for a birthday", Gifts, 500)


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[ClaudeEmulator]:
    """Run Claude."""
    async with ClaudeEmulator() as emulator:
        yield emulator


@pytest_asyncio.fixture
async def claude(emulator: ClaudeEmulator) -> AsyncIterator[Claude]:
    """Give the gateway."""
    claude = Claude(emulator.key, emulator.address, timeout_seconds=0.5)
    yield claude
    await claude.close()


async def test_an_answer_has_the_structure_that_was_asked_for(
    claude: Claude, emulator: ClaudeEmulator
) -> None:
    """And says what it has used, as the owner of the model counts it."""
    answer = await claude.ask(PROMPT)

    assert ["birthday"] == answer.output.occasions
    assert "backpack" in answer.output.tags
    counts = emulator.counts
    assert (answer.tokens.input_tokens, answer.tokens.output_tokens) == (
        counts.input_tokens[PROMPT.model],
        counts.output_tokens[PROMPT.model],
    )
    assert answer == await claude.ask(PROMPT)


@pytest.mark.parametrize(
    ("fault", "kind", "retry", "words"),
    [
        (ClaudeFault.RATE_LIMITED, "LimitExceeded", Retry.APPLICATION, "rate_limited"),
        (ClaudeFault.OVERLOADED, "Overloaded", Retry.TRANSIENT, "too much to do"),
        (ClaudeFault.SERVER_ERROR, "Overloaded", Retry.TRANSIENT, "server_error"),
        (ClaudeFault.DROP, "Unreachable", Retry.TRANSIENT, "did not answer"),
        (ClaudeFault.SLOW, "Unreachable", Retry.TRANSIENT, "no answer in time"),
        (ClaudeFault.BAD_REQUEST, "RequestRefused", Retry.NEVER, "never will be"),
        (ClaudeFault.UNAUTHORIZED, "KeyRefused", Retry.UNTIL_MENDED, "MAINSPRING_CLAUDE_API_KEY"),
        (ClaudeFault.MODEL_UNKNOWN, "ModelUnknown", Retry.UNTIL_MENDED, "MAINSPRING_CLAUDE_MODEL"),
        (ClaudeFault.REFUSAL, "AnswerRefused", Retry.NEVER, "declined"),
        (ClaudeFault.TRUNCATED, "AnswerTruncated", Retry.NEVER, "cut off"),
        (ClaudeFault.INVALID, "AnswerInvalid", Retry.APPLICATION, "another structure"),
    ],
)
async def test_each_fault_says_what_happened_and_whether_to_try_again(
    claude: Claude, emulator: ClaudeEmulator, fault: ClaudeFault, kind: str, retry: Retry, words: str
) -> None:
    """The next call is not of it."""
    emulator.faults.next(fault)

    with pytest.raises(GatewayError, match=words) as raised:
        await claude.ask(PROMPT)

    assert (kind, retry) == (type(raised.value).__name__, retry_of(raised.value))
    assert (await claude.ask(PROMPT)).output
    assert 2 == emulator.counts.calls  # the SDK has not tried again by itself


@pytest.mark.parametrize("fault", [ClaudeFault.RATE_LIMITED, ClaudeFault.OVERLOADED])
async def test_what_the_service_asks_to_wait_is_passed_on(
    claude: Claude, emulator: ClaudeEmulator, fault: ClaudeFault
) -> None:
    """As the next attempt's delay."""
    emulator.faults.next(fault)
    emulator.retry_after_seconds = 17

    with pytest.raises(GatewayError) as raised:
        await claude.ask(PROMPT)

    assert timedelta(seconds=17) == getattr(raised.value, "retry_after", None)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ClaudeFault.REFUSAL, AnswerRefused),
        (ClaudeFault.TRUNCATED, AnswerTruncated),
        (ClaudeFault.INVALID, AnswerInvalid),
    ],
)
async def test_an_answer_of_no_use_says_what_it_has_cost(
    claude: Claude, emulator: ClaudeEmulator, fault: ClaudeFault, kind: type[UselessAnswer]
) -> None:
    """It is charged as any other."""
    emulator.faults.next(fault)

    with pytest.raises(kind) as raised:
        await claude.ask(PROMPT)

    counted = TokenUsage(
        input_tokens=emulator.counts.input_tokens[PROMPT.model],
        output_tokens=emulator.counts.output_tokens[PROMPT.model],
    )
    assert counted == raised.value.usage
    assert counted.output_tokens > 0


async def test_without_a_key_nothing_is_asked(emulator: ClaudeEmulator) -> None:
    """A person sets one."""
    with pytest.raises(KeyMissing, match="MAINSPRING_CLAUDE_API_KEY"):
        await Claude(None, emulator.address).ask(PROMPT)
    assert 0 == emulator.counts.calls


async def test_a_service_that_is_away_was_sent_nothing(claude: Claude, emulator: ClaudeEmulator) -> None:
    """So the money that was reserved for the call is given back."""
    await claude.ask(PROMPT)
    await emulator.stop()

    with pytest.raises(NotSent):
        await claude.ask(PROMPT)


async def test_the_key_is_checked_without_a_cost(claude: Claude, emulator: ClaudeEmulator) -> None:
    """By a list of models."""
    await claude.check()
    with pytest.raises(GatewayError, match="MAINSPRING_CLAUDE_API_KEY"):
        await Claude("another", emulator.address).check()
    assert 0 == emulator.counts.calls
    with pytest.raises(Unreachable):
        await Claude("any", "http://127.0.0.1:1").check()
