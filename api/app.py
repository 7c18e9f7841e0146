"""The application put together: what surrounds a request, the routes, and the OpenAPI document."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from mainspring.api import routes
from mainspring.api.bodies import CheckedBodies
from mainspring.api.events.hub import Hub
from mainspring.api.heads import BoundedHeads
from mainspring.api.hosts import KnownHosts
from mainspring.api.problems import MEDIA_TYPE, RESPONSES, Refused, on_error
from mainspring.api.rates import CallRates
from mainspring.api.refusals import AWAY, BAD_INPUT, CONFLICT, NOT_FOUND, TOO_MANY
from mainspring.api.requests import Requests
from mainspring.api.services import Services
from mainspring.client.service import Service

# Routes that are no part of a version: where load balancers and links in mails look.
WITHOUT_VERSION = {"health", "unsubscribe"}

# What pages of the origins that are set may send and read.
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Mainspring-Workspace",
)
ANSWER_HEADERS = ("Location", "Retry-After", "X-Request-Id")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_of(service: Service, *, on_loopback: bool = False) -> FastAPI:
    """Return the API over a service; its workspace is where platform keys work unless they say otherwise.

    On loopback no page reaches it by a name of its own.
    """
    app, settings = _app(), service.settings
    app.state.services = Services(service)
    app.state.rates = CallRates(settings.api_calls_a_minute)
    app.state.hub = Hub(
        service.watching,
        service.key_ring,
        service.clock,
        most=settings.api_streams,
        most_of_a_key=settings.api_streams_of_a_key,
    )
    for error in (Refused, RequestValidationError, HTTPException, *FORESEEN):
        app.add_exception_handler(error, on_error)
    # The last one is the outermost.
    app.add_middleware(CheckedBodies, largest=settings.api_max_body)
    app.add_middleware(BoundedHeads)
    if settings.api_cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_cors_origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )
    if on_loopback:
        app.add_middleware(KnownHosts, public_url=settings.api_public_url)
    app.add_middleware(Requests)
    return app


def document() -> dict[str, Any]:
    """Return the OpenAPI document. Neither settings nor a database are needed for it."""
    return _app().openapi()


# Of the RuntimeErrors one is foreseen: that of a client of Temporal that cannot connect.
FORESEEN = (*NOT_FOUND, *CONFLICT, *BAD_INPUT, *TOO_MANY, *AWAY, RuntimeError)


class _Api(FastAPI):
    """FastAPI, whose document says that problems are of the one media type that they have."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for response in _responses(super().openapi()):
                if MEDIA_TYPE in (content := response.get("content", {})):
                    # Named by FastAPI for the media type of the route's own answers.
                    response["content"] = {MEDIA_TYPE: next(each for each in content.values() if each)}
        return super().openapi()


def _responses(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation["responses"].values()


def _app() -> FastAPI:
    app = _Api(
        title="Mainspring",
        version=version("mainspring"),
        summary="Durable background jobs: start them, follow them, and act on them.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=RESPONSES,
        redirect_slashes=False,
    )
    for name, found in routers():
        app.include_router(found, prefix="" if name in WITHOUT_VERSION else "/v1")
    return app


def routers() -> Iterator[tuple[str, APIRouter]]:
    """Give the routes of each module, and its name."""
    for found in pkgutil.iter_modules(routes.__path__):
        module = importlib.import_module(f"{routes.__name__}.{found.name}")
        yield found.name, module.routes
