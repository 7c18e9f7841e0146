"""The prompts of enrichments, a file a version. A version that was used once is never changed."""

from functools import cache
from pathlib import Path
from typing import ClassVar

from mainspring.contracts.gifting.enrichment import GiftView
from mainspring.contracts.retry import Retry
from mainspring.gateways.claude import Prompt

PROMPTS = Path(__file__).parent / "prompts"
NEWEST = "v1"

# What is asked for has about 300 tokens.
MOST_TOKENS = 1_024


class PromptUnknown(ValueError):
    """There is no such version of the prompt."""

    retry: ClassVar[Retry] = Retry.NEVER

    def __init__(self, version: str) -> None:
        known = ", ".join(sorted(path.stem for path in PROMPTS.glob("*.txt")))
        super().__init__(f"prompt_version: {version!r} is not accepted: known are {known}")


def enrichment_prompt(model: str, version: str, text: str) -> Prompt[GiftView]:
    """Return what is asked about a product.

    Raises PromptUnknown: when there is no such version.
    """
    return Prompt(model, _instructions(version), text, GiftView, MOST_TOKENS)


@cache
def _instructions(version: str) -> str:
    path = PROMPTS / f"{version}.txt"
    if not path.is_file():
        raise PromptUnknown(version)
    return path.read_text(encoding="utf-8")
