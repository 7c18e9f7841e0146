"""Claude, the language model of Anthropic: answers of a given structure."""

from mainspring.gateways.claude.answers import Answer, Prompt
from mainspring.gateways.claude.client import Claude
from mainspring.gateways.claude.errors import (
    AnswerInvalid,
    AnswerRefused,
    AnswerTruncated,
    KeyMissing,
    KeyRefused,
    UselessAnswer,
)

__all__ = [
    "Answer",
    "AnswerInvalid",
    "AnswerRefused",
    "AnswerTruncated",
    "Claude",
    "KeyMissing",
    "KeyRefused",
    "Prompt",
    "UselessAnswer",
]
