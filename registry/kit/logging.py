"""
Structured logging: one JSON object a line for machines, aligned text for people at a terminal.

Whatever a client sent, such as a path, nothing in a line ends it, turns it around or steers a terminal: characters that
cannot be printed are written as escapes. In JSON they are JSON's own, so that a reader gets what was sent.
"""

import io
import logging
import sys
from collections.abc import Callable
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo


def configure(*, json: bool, level: str = "info") -> None:
    """Set structlog up for this process; to standard error, so that results keep standard output."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Traces without local variables: these hold bodies, names and keys.
    traces = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback)
    render: list[structlog.typing.Processor] = (
        [traces, structlog.processors.JSONRenderer(serializer=_line)] if json else [_printable, people]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _line(event: object, default: Callable[[object], object]) -> str:
    """Encode one line; *default* turns what JSON has no form for into text."""
    line = msgspec.json.encode(event, enc_hook=default).decode()
    # JSON's own encoding leaves nothing of the kind outside of strings, so that each stands for itself there.
    return line if line.isprintable() else "".join(each if each.isprintable() else _json_escape(each) for each in line)


def _json_escape(char: str) -> str:
    """A character as JSON writes it in ASCII."""
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _printable(_: object, __: str, event: EventDict) -> EventDict:
    """Escape texts; the renderer itself writes everything else by `repr`, which does so too."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = _escaped(value)
    return event


def _escaped(text: str, *, but: str = "") -> str:
    return "".join(
        each if each.isprintable() or each in but else each.encode("unicode_escape").decode() for each in text
    )


def _traceback(stream: TextIO, trace: ExcInfo) -> None:
    """A trace whose exceptions may quote what a client sent; its own lines stay."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, trace)
    stream.write(_escaped(plain.getvalue(), but="\n"))
