"""What domains check of inputs from outside, beside their shape: a module for each domain has its checks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where an input comes from: a caller of a workspace, or the platform; `is_step`: within a flow."""

    workspace: str
    is_platform: bool
    is_step: bool = False


# Raises InputFault, whose path begins within the input.
StartCheck = Callable[[Any, Origin], Awaitable[None]]
