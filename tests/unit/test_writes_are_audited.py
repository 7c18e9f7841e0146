"""Every route that changes something notes the change in the audit log."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import CodeType, FunctionType

from fastapi.routing import APIRoute

from mainspring.api import routes


def writes() -> Iterator[APIRoute]:
    """Give the routes that take another method than GET."""
    for found in pkgutil.iter_modules(routes.__path__):
        module = importlib.import_module(f"{routes.__name__}.{found.name}")
        for route in module.routes.routes:
            if isinstance(route, APIRoute) and not (route.methods or set()) <= {"GET", "HEAD"}:
                yield route


def is_audited(route: APIRoute) -> bool:
    """Whether the function of a route, or a function of its module that it calls, calls `audit`.

    Or `entry`, which makes what a start writes in its own transaction.
    """
    endpoint = inspect.unwrap(route.endpoint)
    named = (vars(inspect.getmodule(endpoint)).get(name) for name in endpoint.__code__.co_names)
    called = [each for each in named if isinstance(each, FunctionType)]
    return any({"audit", "entry"} & names_in(each.__code__) for each in (endpoint, *called))


def names_in(code: CodeType) -> set[str]:
    """Return the names that a function uses, also within its lambdas."""
    within = (names_in(each) for each in code.co_consts if isinstance(each, CodeType))
    return {*code.co_names}.union(*within)


def test_each_write_ends_in_the_audit_log() -> None:
    """Also those of routes that come."""
    found = list(writes())
    assert "start_job" in [route.operation_id for route in found]
    assert [] == [route.operation_id for route in found if not is_audited(route)]
