"""Structured logging: one JSON object a line for machines, aligned text for people at a terminal."""

import logging
import sys
from collections.abc import Callable

import msgspec
import structlog


def configure(*, json: bool, level: str = "info") -> None:
    """Set structlog up for this process; to standard error, so that results keep standard output."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Traces without local variables: these hold bodies, names and keys.
    traces = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
    people = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    render: list[structlog.typing.Processor] = (
        [traces, structlog.processors.JSONRenderer(serializer=_line)] if json else [people]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _line(event: object, default: Callable[[object], object]) -> str:
    """Encode one line; *default* turns what JSON has no form for into text."""
    return msgspec.json.encode(event, enc_hook=default).decode()
