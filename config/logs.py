"""Logs: one shape for our own records and those of the libraries."""

import logging
import sys

import structlog

from mainspring.config.settings import Settings
from mainspring.contracts.text import LONGEST_STACK, readable

# Libraries that tell at INFO what only their own developers want to know.
QUIET = ("uvicorn", "uvicorn.error", "httpx", "httpcore", "alembic", "aiosqlite", "asyncio", "mail.log")


def configure_logs(settings: Settings) -> None:
    """Send every record to standard error, as JSON lines or for the eye."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _made_readable,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _made_readable(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep what others have written from steering a terminal, and from filling the log."""
    return {
        name: readable(value, LONGEST_STACK) if isinstance(value, str) else value
        for name, value in fields.items()
    }
