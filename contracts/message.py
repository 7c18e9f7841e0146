"""The base of every message."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A frozen value with named fields; an unknown field is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
