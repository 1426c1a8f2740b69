"""One spelling per JSON value, and the profile under which that spelling is JCS."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.format.strict_json import decode_readable, decode_strict, encode, indented
from registry.transparency.format.text import Malformed


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A struct with the kinds of fields that statements have."""

    mass_kg: int
    at: datetime | None = None
    name: str = ""


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read(value):
    """Under the profile every value has a spelling, and it reads back."""
    raw = encode(value)
    assert value == decode_strict(raw, Any)
    assert value == decode_readable(indented(raw), Any)


def test_jcs_by_hand():
    """Keys in order, the short escapes, everything above ASCII as it is (RFC 8785 sections 3.2.2 and 3.2.3)."""
    value = {"b": [1, True, None], "a": '€$\x0f\nA\'B"\\\\"/', "B": "\u007f\u2028"}
    assert '{"B":"\u007f\u2028","a":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/","b":[1,true,null]}'.encode() == encode(value)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        1.5,
        float("inf"),
        2**53,
        -(2**53),
        2**70,
        {"é": 1},
        {1: 2},
        [[{"x": 0.1}]],
        datetime(2026, 1, 1, tzinfo=None),  # noqa: DTZ001 - the naive time that is refused
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_values_outside_the_profile_are_not_written(value):
    """Floats, large integers, other keys, other times."""
    with pytest.raises(Malformed):
        encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        '{"mass_kg":1,"more":2}',
        '{"mass_kg": 1}',
        ' {"mass_kg":1}',
        '{"mass_kg":1}\n',
        '{"mass_kg":1,"mass_kg":1}',
        '{"mass_kg":1.0}',
        '{"mass_kg":1e0}',
        '{"mass_kg":-0}',
        '{"mass_kg":01}',
        '{"mass_kg":"1"}',
        '{"mass_kg":true}',
        '{"name":"x","mass_kg":1}',
        '{"mass_kg":1,"name":""}',
        '{"mass_kg":1,"name":"\\u0041"}',
        '{"mass_kg":1,"name":"\\/"}',
        '{"mass_kg":9007199254740992}',
        '{"mass_kg":1,"at":null}',
        '{"at":"2026-01-01T00:00:00+00:00","mass_kg":1}',
        '{"at":"2026-01-01T00:00:00.000Z","mass_kg":1}',
        '{"at":"2026-01-01T00:00:00.5Z","mass_kg":1}',
        '{"at":"2026-01-01T08:00:00+08:00","mass_kg":1}',
        '{"at":"2026-01-01T00:00:00","mass_kg":1}',
        '{"at":"2026-01-01t00:00:00z","mass_kg":1}',
        '{"mass_kg":1}{}',
        "",
        "null",
        "[1]",
        '{"mass_kg":1',
        "[" * 5000,
        '\ufeff{"mass_kg":1}',
        '{"mass_kg":1,"name":"\\ud800"}',
    ],
)
def test_other_spellings_are_refused(raw):
    """Unknown fields, spaces, order, doubled keys, numbers and times written another way."""
    with pytest.raises(Malformed):
        decode_strict(raw.encode(), Thing)


def test_invalid_utf8_and_large_documents_are_refused():
    """Bytes that are no text, and more than a megabyte."""
    for raw in (b'{"mass_kg":1,"name":"\xff"}', b'{"mass_kg":1,"name":"%s"}' % (b"x" * (1 << 20))):
        with pytest.raises(Malformed):
            decode_strict(raw, Thing)


def test_a_file_for_people_may_be_indented_and_nothing_else():
    """Two spaces a level and a newline at the end; a doubled key hides behind no white space."""
    thing = Thing(mass_kg=1, name="x")
    raw = encode(thing)
    assert [thing] * 3 == [decode_readable(each, Thing) for each in (raw, raw + b"\n", indented(raw))]
    for wrong in (b" " + raw, indented(raw) + b"\n", b'{\n  "mass_kg": 2,\n  "mass_kg": 1,\n  "name": "x"\n}\n'):
        with pytest.raises(Malformed):
            decode_readable(wrong, Thing)
