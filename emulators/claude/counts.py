"""What was asked of the emulator, and what its owner would be charged for."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """The calls that came, and the tokens of those that were answered, by the model's name."""

    calls: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    input_tokens: Counter[str] = field(default_factory=Counter)
    output_tokens: Counter[str] = field(default_factory=Counter)
    prompts: list[str] = field(default_factory=list)

    def charge(self, model: str, usage: dict[str, int]) -> None:
        """Count an answer."""
        self.answered[model] += 1
        self.input_tokens[model] += usage["input_tokens"]
        self.output_tokens[model] += usage["output_tokens"]

    def clear(self) -> None:
        """Forget everything."""
        self.calls = 0
        for each in (self.answered, self.input_tokens, self.output_tokens, self.prompts):
            each.clear()

    @property
    def state(self) -> dict[str, Any]:
        """The numbers, as JSON."""
        return {
            "calls": self.calls,
            "answered": dict(self.answered),
            "input_tokens": dict(self.input_tokens),
            "output_tokens": dict(self.output_tokens),
        }
