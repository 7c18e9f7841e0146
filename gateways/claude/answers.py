"""What is asked of Claude, and what of an answer is used."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mainspring.contracts.models import TokenUsage
from mainspring.gateways.claude.errors import AnswerInvalid, AnswerRefused, AnswerTruncated

Out = TypeVar("Out", bound=BaseModel)

# How much of an answer that cannot be used is told.
DETAIL_LENGTH = 200


@dataclass(frozen=True)
class Prompt(Generic[Out]):
    """What is asked: `system` says what to do and how, `text` with what; the answer is an `output`."""

    model: str
    system: str
    text: str
    output: type[Out]
    max_tokens: int


@dataclass(frozen=True)
class Answer(Generic[Out]):
    """What came back, checked, and what it has used."""

    output: Out
    tokens: TokenUsage
    usage: object | None = None


def answer_of(message: Any, prompt: Prompt[Out]) -> Answer[Out]:
    """Return the answer in a message of the API.

    Raises AnswerRefused, AnswerTruncated, AnswerInvalid: when there is none.
    """
    usage = usage_of(message)
    text = "".join(block.text for block in message.content if block.type == "text")
    match message.stop_reason:
        case "refusal":
            raise AnswerRefused(text[:DETAIL_LENGTH], usage=usage)
        case "max_tokens" | "model_context_window_exceeded":
            raise AnswerTruncated(
                f"after {usage.output_tokens:,} tokens, of {prompt.max_tokens:,}", usage=usage
            )
    try:
        return Answer(prompt.output.model_validate_json(text), usage)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        detail = f"{where}: {first['msg']}: {text[:DETAIL_LENGTH]}"
        raise AnswerInvalid(detail, usage=usage) from None


def usage_of(message: Any) -> TokenUsage:
    """Return what a message of the API has used."""
    usage = message.usage
    return TokenUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_write_tokens=usage.cache_creation_input_tokens or 0,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
    )
