"""Logs: one shape for our own records and those of the libraries."""

import logging
import sys

import structlog

from mainspring.config.settings import Settings
from mainspring.contracts.text import LONGEST_STACK, readable

# Libraries that tell at INFO what only their own developers want to know.
QUIET = (
    "uvicorn",
    "uvicorn.error",
    "httpx",
    "httpx2",
    "httpcore",
    "alembic",
    "aiosqlite",
    "asyncio",
    "mail.log",
)

# The field by which the SDK marks its record of a failed activity.
SDK_FAILURE = "__temporal_error_identifier"


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
    handler.addFilter(_is_news)
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


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out the SDK's own record of a failed activity, with its stack.

    The interceptor has logged the attempt in one line by then, and its stack is in the task's error log. What
    failed before or after the interceptor, such as the reading of an input, has no other record.
    """
    if getattr(record, SDK_FAILURE, None) != "ActivityFailure":
        return True
    # By its name: most processes that log have no other use for Temporal's modules.
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or kind.__name__ != "ApplicationError"


def _made_readable(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep what others have written from steering a terminal, and from filling the log."""
    return {
        name: readable(value, LONGEST_STACK) if isinstance(value, str) else value
        for name, value in fields.items()
    }
