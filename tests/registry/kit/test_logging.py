"""Lines of the log: one each, whatever clients send, and for machines exactly what was sent."""

import io
import json
import sys

import pytest
import structlog

from registry.kit import logging

ODD = "/v1/\u202egnp.x\r\n{}\x1b[31m\x7f\x85\u2028\u200b\ufeff\U000e0041 喆"


@pytest.fixture(params=[True, False], ids=["json", "console"])
def lines(request, monkeypatch):
    """What is logged in one of both forms."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    before = structlog.get_config()
    logging.configure(json=request.param)
    yield stream
    structlog.configure(**before)


def test_nothing_steers_the_terminal_or_ends_the_line(lines):
    """In a text, inside a list or a dictionary, as the event itself: one line, and every character can be printed."""
    log = structlog.get_logger()
    for value in (ODD, [ODD], {"key": ODD}, {ODD: 1}):
        log.info("odd", value=value)
    log.info(ODD)
    written = lines.getvalue().splitlines(keepends=False)
    assert 5 == len(written)
    for line in written:
        assert line.isprintable(), ascii(line)
        assert "喆" in line


def test_a_trace_is_escaped_too(lines):
    """An exception may quote what a client sent."""
    log = structlog.get_logger()
    try:
        int(ODD)
    except ValueError:
        log.exception("failed")
    try:
        json.loads("{}")[ODD]
    except KeyError:
        log.exception("failed")
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError(ODD)
    log.error("failed", exc_info=caught.value)
    written = lines.getvalue()
    assert "ZeroDivisionError" in written
    assert all(line.isprintable() for line in written.split("\n")), ascii(written)


def test_json_is_read_as_it_was_sent(monkeypatch):
    """The escapes are JSON's own, with pairs of surrogates beyond the first plane."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    before = structlog.get_config()
    try:
        logging.configure(json=True)
        structlog.get_logger().info("odd", path=ODD)
    finally:
        structlog.configure(**before)
    assert ODD == json.loads(stream.getvalue())["path"]
    assert "\\udb40\\udc41" in stream.getvalue()
