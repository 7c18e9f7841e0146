"""The reference of all routes: docs/api-routes.md, as the code declares them. `make docs` writes it."""

from collections.abc import Iterator
from itertools import groupby

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from mainspring.api.app import WITHOUT_VERSION, routers
from mainspring.api.callers import AtLeast, caller, platform
from mainspring.api.readers import payload_reader, reader
from mainspring.contracts.api_keys import Role

HEAD = """# Routes of the HTTP API

What each call does, and the least role of its key; *platform* says that a workspace's key is refused. Written
by `make docs` from the code. `mainspring api --print-openapi` prints parameters, bodies and answers;
[the API](api.md) says how to use it.
"""


def reference() -> Iterator[str]:
    """Give the lines of the page."""
    yield HEAD
    found = sorted(_rows())
    for tag, rows in groupby(found, key=lambda row: row[0]):
        yield from (f"## {tag.capitalize()}", "", "| call | does | key |", "|---|---|---|")
        yield from (f"| `{method} {path}` | {does} | {key} |" for _, path, method, does, key in rows)
        yield ""


def _rows() -> Iterator[tuple[str, str, str, str, str]]:
    for name, router in routers():
        prefix = "" if name in WITHOUT_VERSION else "/v1"
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                does = (route.description or route.summary or "").split("\n\n")[0].replace("\n", " ")
                for method in sorted(route.methods or ()):
                    tag = str(route.tags[0])
                    yield (
                        tag,
                        prefix + route.path_format,
                        method,
                        does.replace("|", "\\|"),
                        _key_of(route.dependant),
                    )


def _key_of(dependant: Dependant) -> str:
    calls = [each.call for each in _all(dependant)]
    if reader in calls:
        return f"{Role.VIEWER if payload_reader in calls else Role.OBSERVER}, or a token of the task"
    if caller not in calls:
        return "none"
    roles = [call.role for call in calls if isinstance(call, AtLeast)]
    return f"{(roles or [Role.OBSERVER])[0]}{', platform' if platform in calls else ''}"


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _all(each)


if __name__ == "__main__":
    print("\n".join(reference()))  # noqa: T201  # this is what `make docs` writes
