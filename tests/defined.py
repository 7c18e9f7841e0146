"""Every workflow and every activity that the project defines, found by looking at its modules."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from temporalio import activity, workflow

from mainspring import activities, workflows


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Give every module of a package, however deep."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def defined_workflows() -> set[type]:
    """Find every class that is a workflow."""
    return {
        each
        for module in modules(workflows)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if workflow._Definition.from_class(each) is not None  # noqa: SLF001  # no public way to ask
    }


def activity_name(function: Any) -> str | None:
    """Return the name of an activity; None for what is none."""
    found = activity._Definition.from_callable(function)  # noqa: SLF001  # no public way to ask
    return None if found is None else found.name


def defined_activities() -> set[str]:
    """Find the name of every activity."""
    found = {
        activity_name(function)
        for module in modules(activities)
        for _, each in inspect.getmembers(module, inspect.isclass)
        for _, function in inspect.getmembers(each, inspect.isfunction)
    }
    return {name for name in found if name is not None}
