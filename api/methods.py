"""Which methods a path takes, as the `Allow` of an answer says."""

from typing import Any

from fastapi import FastAPI
from starlette.routing import compile_path


def allowed_methods(app: FastAPI, path: str) -> str:
    """Return the methods of all operations of a path, of which the router's own answer names one."""
    operations: dict[str, dict[str, Any]] = app.openapi()["paths"]
    if path in operations:  # it is meant, and not an id that reads so
        operations = {path: operations[path]}
    return ", ".join(
        sorted(
            method.upper()
            for template, methods in operations.items()
            if compile_path(template)[0].match(path)
            for method in methods
        )
    )
