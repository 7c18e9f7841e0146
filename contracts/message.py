"""The base of every message, and what is wrong with an input beyond the shape of its fields."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mainspring.contracts.text import without_secrets


class Message(BaseModel):
    """A frozen value with named fields; an unknown field is an error that names it.

    What this service wrote itself is read with `restore`, which leaves out the unknown fields of a newer
    release, at any depth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def restore(cls, stored: Any) -> Self:
        """Return the message that a release of this service stored; ValidationError for any other shape."""
        return cls.model_validate(stored, extra="ignore")

    @classmethod
    def restore_json(cls, stored: bytes | str) -> Self:
        """As `restore`, from JSON."""
        return cls.model_validate_json(stored, extra="ignore")


class InputFault(ValueError):
    """A value of an input is not accepted. `path` leads to it: ("steps", 2, "input", "account_id")."""

    def __init__(self, path: tuple[int | str, ...], message: str) -> None:
        super().__init__(f"{'.'.join(map(str, ('input', *path)))}: {message}")
        self.path = path
        self.message = message

    @classmethod
    def of(cls, error: ValidationError, path: tuple[int | str, ...] = ()) -> "InputFault":
        """Return the first fault that pydantic found in the value at `path`."""
        first = error.errors()[0]
        given = without_secrets(repr(first["input"]))
        refused = "" if first["type"] == "missing" else f"{given} is not accepted: "
        return cls((*path, *first["loc"]), refused + first["msg"])
