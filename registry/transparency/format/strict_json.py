"""
JSON with one spelling per value: RFC 8785 (JCS) under a profile that msgspec encodes byte for byte.

The profile (registry/transparency/FORMAT.md, "Encoding"): ASCII keys, integers below 2^53 in magnitude, no floats,
times as `YYYY-MM-DDTHH:MM:SSZ`. Outside it `order="sorted"` is not JCS, so it is enforced on what we write and on what
we read.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from registry.transparency.format.text import Malformed

INT_LIMIT = 1 << 53
DOCUMENT_LIMIT_BYTES = 1 << 20
DEPTH_LIMIT = 32
"""Objects and lists inside each other. We write at most six; decoders recurse, each to a limit of its own."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

_ENCODER = msgspec.json.Encoder(order="sorted")
_ZERO = timedelta(0)
T = TypeVar("T")


def encode(value: Any) -> bytes:  # noqa: ANN401 - any struct of the schemas
    """Write *value* as JCS. Raises `Malformed` when it leaves the profile."""
    _require_profile(msgspec.to_builtins(value, builtin_types=(datetime,)))
    return _ENCODER.encode(value)


def decode_strict(raw: bytes, kind: type[T]) -> T:
    """
    Read *raw* as a *kind*, refusing any input that we would not have written ourselves.

    Unknown fields, duplicate keys, spaces, another key order and other spellings of the same value all fail, for
    the result is encoded again and compared. Raises `Malformed`.
    """
    value = _decode(raw, kind)
    if encode(value) != raw:
        raise Malformed("JSON that is not in its one canonical form (RFC 8785)")
    return value


def decode_readable(raw: bytes, kind: type[T]) -> T:
    """
    Like `decode_strict`, for files that people read: the canonical form indented by two spaces will do as well.

    Keys stay sorted and spaces exact, so a key written twice is still refused. Raises `Malformed`.
    """
    value = _decode(raw, kind)
    canonical = encode(value)
    if raw not in (canonical, canonical + b"\n", indented(canonical)):
        raise Malformed(
            "JSON that is neither canonical nor the canonical form indented by two spaces (write it with the tool)"
        )
    return value


def decode_any(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON of any spelling and any fields, within the limits, unchecked otherwise. Raises `Malformed`."""
    return _decode(raw, object)


def indented(canonical: bytes) -> bytes:
    """Indent canonical JSON by two spaces, with a final newline."""
    return msgspec.json.format(canonical, indent=2) + b"\n"


def _decode(raw: bytes, kind: type[T]) -> T:
    if len(raw) > DOCUMENT_LIMIT_BYTES:
        raise Malformed(f"a document of {len(raw)} bytes; the limit is {DOCUMENT_LIMIT_BYTES}")
    _require_shallow(raw)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


def _require_shallow(raw: bytes) -> None:
    """Before decoding, so that every version of Python refuses the same documents, and none runs out of stack."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH_LIMIT:
        return
    depth = 0
    for bracket in _STRING.sub(b"", raw).translate(None, _BUT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_LIMIT:
            raise Malformed(f"JSON that is nested more than {DEPTH_LIMIT} deep")


def _require_profile(value: Any) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        _require_ascii(value)
        items: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple)):
        items = value
    else:
        _require_scalar(value)
        return
    for item in items:
        if type(item) is not str:  # most are, and any text will do
            _require_profile(item)


def _require_ascii(keys: Iterable[Any]) -> None:
    try:
        held = all(map(str.isascii, keys))
    except TypeError:  # a key that is no text
        held = False
    if not held:
        wrong = next(key for key in keys if not (isinstance(key, str) and key.isascii()))
        raise Malformed(f"JSON key {wrong!r} is not ASCII")


def _require_scalar(value: Any) -> None:  # noqa: ANN401 - any JSON scalar but text
    match value:
        case str() | bool() | None:
            return
        case int() if -INT_LIMIT < value < INT_LIMIT:
            return
        case datetime() if value.utcoffset() == _ZERO and value.microsecond == 0:
            return
    raise Malformed(f"{value!r} is outside the profile: integers below 2^53, no floats, times YYYY-MM-DDTHH:MM:SSZ")
