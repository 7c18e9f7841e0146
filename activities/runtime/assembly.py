"""Finding the activity classes and giving them what their constructors ask for, by type."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_type_hints

from mainspring import activities

# What `@activity.defn` leaves on a method; the SDK has no public way to ask for it.
MARK = "__temporal_activity_definition"


class ToolMissing(TypeError):
    """An activity class asks for something that the worker does not have."""

    def __init__(self, owner: type, parameter: str, wanted: object) -> None:
        super().__init__(f"{owner.__module__}.{owner.__name__} asks for {parameter}: {wanted}: no such tool")


def build_activities(tools: Mapping[Any, object]) -> list[Callable[..., Any]]:
    """Return every activity of the package, its owner built from `tools` (a value for each type).

    A class of ours that is asked for and is no tool is built in the same way, once.
    """
    made = dict(tools)
    return [
        method
        for owner in activity_classes()
        for _, method in inspect.getmembers(_built(owner, made), inspect.ismethod)
        if hasattr(method, MARK)
    ]


def activity_classes() -> Iterator[type]:
    """Give every class with activities that a module of this package defines, in a fixed order."""
    for found in pkgutil.iter_modules(activities.__path__):
        module = importlib.import_module(f"{activities.__name__}.{found.name}")
        for _, candidate in inspect.getmembers(module, inspect.isclass):
            is_ours = candidate.__module__.startswith(module.__name__)
            if is_ours and any(hasattr(member, MARK) for member in vars(candidate).values()):
                yield candidate


def _built(owner: type, made: dict[Any, object]) -> object:
    constructor = vars(owner).get("__init__")
    hints = get_type_hints(constructor) if constructor else {}
    wanted = {name: hint for name, hint in hints.items() if name != "return"}
    for name, hint in wanted.items():
        if hint not in made:
            if not _is_buildable(hint):
                raise ToolMissing(owner, name, hint)
            made[hint] = _built(hint, made)
    return owner(**{name: made[hint] for name, hint in wanted.items()})


def _is_buildable(hint: Any) -> bool:
    return inspect.isclass(hint) and hint.__module__.startswith(f"{activities.__name__}.")
