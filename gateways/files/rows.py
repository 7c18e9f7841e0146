"""The rows of a file: those that are messages, and those that are not."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from mainspring.contracts.message import Message

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Row(Generic[M]):
    """A row that is a message. `line` is where the row begins, from 1.

    `name` says which row it is where the line may not: "entry 3 (lamp-1)" in a JSON list.
    """

    line: int
    value: M
    name: str = ""


@dataclass(frozen=True)
class RejectedRow:
    """A row that is not stored: the problem names the field, the value and what is accepted."""

    line: int
    problem: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}" if self.name else self.problem


@dataclass(frozen=True)
class CsvText:
    """What a CSV file would say, with its header."""

    text: str


class BrokenRow(ValueError):
    """A row of which no fields can be read."""


class FileUnreadable(Exception):
    """The file is not there, or cannot be read from some place on; the message says where and why."""
