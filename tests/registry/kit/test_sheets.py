"""Lists as CSV: what a spreadsheet and a bookkeeper's program read back is what was there."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from registry.kit.sheets import as_csv


class Line(Struct, kw_only=True):
    """Every kind of field that a list has."""

    id: int
    text: str = ""
    quantity_kg: int | None = None
    serials: tuple[str, ...] = ()
    open: bool = False
    at: datetime | None = None
    day: date | None = None
    lines: tuple["Line", ...] = ()


def read(text):
    """As a program reads it."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_kind_of_field_is_written_exactly():
    """Large whole numbers in full, times in UTC, nothing for what is not there, records as JSON."""
    line = Line(
        id=2**53 - 1,
        text='Water, "green"\nand 水',
        serials=("A-1:1-2kg", "A-1:5-5kg"),
        open=True,
        at=datetime(2025, 6, 1, 8, tzinfo=UTC),
        day=date(2025, 6, 1),
        lines=(Line(id=1),),
    )
    [found] = read(as_csv([line], Line))
    assert {
        "id": "9007199254740991",
        "text": 'Water, "green"\nand 水',
        "quantity_kg": "",
        "serials": "A-1:1-2kg A-1:5-5kg",
        "open": "true",
        "at": "2025-06-01T08:00:00Z",
        "day": "2025-06-01",
        "lines": '[{"id":1,"text":"","quantity_kg":null,"serials":[],"open":false,"at":null,"day":null,"lines":[]}]',
    } == found


def test_the_header_is_there_without_a_line():
    """An empty list still says which columns it would have; lines end as RFC 4180 says."""
    assert "id,text,quantity_kg,serials,open,at,day,lines\r\n" == as_csv([], Line)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_is_a_formula(begin):
    """A reason such as =HYPERLINK(…) is shown, never carried out."""
    formula = f'{begin}HYPERLINK("http://x")'
    [found] = read(as_csv([Line(id=1, text=formula, serials=(formula,))], Line))
    assert (f"'{formula}", f"'{formula}") == (found["text"], found["serials"])


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_text_is_read_back(text):
    """But for the apostrophe before what looks like a formula."""
    [found] = read(as_csv([Line(id=1, text=text)], Line))
    assert text == found["text"] or f"'{text}" == found["text"]
