"""The serial grammar: one spelling each, round trips, and a clear text for everything else."""

import itertools
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.serials import (
    LAST_VINTAGE,
    MAX_POSITION_KG,
    MAX_PROJECT,
    MAX_SEQUENCE,
    InstrumentCode,
    InstrumentCodeText,
    IssuanceCode,
    IssuanceCodeText,
    ProjectCode,
    Serial,
    SerialText,
    merge_ranges,
    positions,
    span,
)

KILN = IssuanceCode(region="SC", programme="CDCER", project=7, vintage=2024, sequence=1)

codes = st.builds(
    IssuanceCode,
    region=st.from_regex(r"[A-Z]{2}", fullmatch=True),
    programme=st.from_regex(r"[A-Z][A-Z0-9]{1,11}", fullmatch=True),
    project=st.integers(1, MAX_PROJECT),
    vintage=st.integers(2000, LAST_VINTAGE),
    sequence=st.integers(1, MAX_SEQUENCE),
)
pairs = st.tuples(st.integers(1, MAX_POSITION_KG), st.integers(1, MAX_POSITION_KG)).map(sorted)
serials = st.builds(lambda code, pair: Serial(issuance=code, first=pair[0], last=pair[1]), codes, pairs)


def test_the_serial_of_the_kiln_reads_as_designed():
    """The text as schemas/README.md spells it."""
    serial = Serial(issuance=KILN, first=1, last=3_619_000)
    assert "SC-CDCER-0007-2024-01:1-3619000kg" == str(serial)
    assert 3_619_000 == serial.size_kg
    assert serial == Serial.parse(str(serial))


@given(serials)
def test_what_is_printed_is_parsed(serial):
    """Round trip from the structs, and the body's pattern lets every one of them in."""
    text = str(serial)
    assert serial == Serial.parse(text)
    assert text == msgspec.convert(text, SerialText)
    assert str(serial.issuance) == msgspec.convert(str(serial.issuance), IssuanceCodeText)


@given(codes)
def test_a_project_and_an_instrument_begin_an_issuance(code):
    """Their codes are what an issuance's begins with; each is parsed from its own text, and from no longer one."""
    project, instrument = code.project_code, code.instrument_code
    assert str(code) == f"{instrument}-{code.sequence:02d}"
    assert str(instrument) == f"{project}-{code.vintage}"
    assert code == project.issuance(code.vintage, code.sequence)
    for kind, text_type, each in (
        (ProjectCode, None, project),
        (InstrumentCode, InstrumentCodeText, instrument),
        (IssuanceCode, IssuanceCodeText, code),
    ):
        assert each == kind.parse(str(each))
        assert text_type is None or str(each) == msgspec.convert(str(each), text_type)
        for other in {str(project), str(instrument), str(code)} - {str(each)}:
            with pytest.raises(ValueError, match=r"is not an? .* code such as"):
                kind.parse(other)


@pytest.mark.parametrize(
    "text", ["SC-CDCER-00007", "SC-CDCER-0007-2024\n", "SC-CDCER-7", "sc-CDCER-0007", "SC-CDCER-0000"]
)
def test_a_project_has_one_spelling(text):
    """A code in another spelling is refused, as a serial is."""
    with pytest.raises(ValueError, match=r"is written|is not a project code|outside"):
        ProjectCode.parse(text)


@given(st.from_regex(r"[A-Z]{2}-CER-[0-9]{4,5}-20[0-9]{2}-[0-9]{2,3}:[0-9]{1,3}-[0-9]{1,3}kg", fullmatch=True))
def test_what_is_parsed_is_printed_the_same(text):
    """Near misses are refused; whatever is accepted has one spelling."""
    try:
        serial = Serial.parse(text)
    except ValueError:
        return
    assert text == str(serial)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SC-CDCER-0007-2024-01:0-5kg", "the first kilogram is 0, outside 1 to"),
        ("SC-CDCER-0007-2024-01:6-5kg", "the first kilogram 6 comes after the last 5"),
        ("SC-CDCER-0007-2024-01:01-5kg", "is written SC-CDCER-0007-2024-01:1-5kg"),
        ("SC-CDCER-0007-2024-01:1-05kg", "is written SC-CDCER-0007-2024-01:1-5kg"),
        ("SC-CDCER-0007-2024-01:1-9007199254740992kg", "outside 1 to 9007199254740991"),
        ("SC-CDCER-0007-2024-01:1-90071992547409920kg", "is not a serial such as"),
        ("SC-CDCER-00007-2024-01:1-5kg", "is written SC-CDCER-0007-2024-01"),
        ("SC-CDCER-0000-2024-01:1-5kg", "project is 0, outside 1 to"),
        ("SC-CDCER-0007-1999-01:1-5kg", "vintage is 1999, outside 2000 to 2100"),
        ("SC-CDCER-0007-2024-00:1-5kg", "sequence is 0, outside 1 to"),
        ("SC-CDCER-0007-2024-001:1-5kg", "is written SC-CDCER-0007-2024-01"),
        ("SC-CDCER-7-2024-01:1-5kg", "is not an issuance code such as"),
        ("SC-CDCER-0007-2024-1:1-5kg", "is not an issuance code such as"),
        ("sc-CDCER-0007-2024-01:1-5kg", "is not an issuance code such as"),
        ("SC-CDCER-٠٠٠٧-2024-01:1-5kg", "is not an issuance code such as"),
        ("SC-CDCER-0007-2024-01:1-5", "is not a serial such as"),
        ("SC-CDCER-0007-2024-01:1-5kg\n", "is not a serial such as"),
        ("SC-CDCER-0007-2024-01 :1-5kg", "is not an issuance code such as"),
        ("SC-CDCER-0007-2024-01", "is not a serial such as"),
        ("", "is not a serial such as"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text, message):
    """Leading zeros, reversed or zero positions, other digits, other cases, more or fewer parts."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Serial.parse(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"region": "S"}, "region 'S' is not two capital letters"),
        ({"programme": "7CER"}, "programme '7CER' is not 2 to 12 capital letters"),
        ({"project": MAX_PROJECT + 1}, "project is 1000000000, outside"),
    ],
)
def test_a_code_outside_the_grammar_cannot_be_built(change, message):
    """A struct that exists prints a text that parses."""
    with pytest.raises(ValueError, match=re.escape(message)):
        IssuanceCode(**({"region": "SC", "programme": "CER", "project": 1, "vintage": 2024, "sequence": 1} | change))


@pytest.mark.parametrize("text", ["SC-CDCER-0007-2024-01\n", "SC-CDCER-0007-2024-01 ", "sc-CDCER-0007-2024-01"])
def test_the_pattern_of_a_body_is_as_strict_at_its_ends(text):
    """A final newline does not slip past the pattern."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, IssuanceCodeText)


@given(st.integers(0, 2**62), st.integers(0, 2**40), st.integers(1, 2**40))
def test_spans_and_positions_are_inverse(lower, offset, size_kg):
    """Half-open on the number line, inclusive from 1 for people, and back."""
    first, last = positions(lower, lower + offset, lower + offset + size_kg)
    assert (offset + 1, size_kg) == (first, last - first + 1)
    assert (lower + offset, lower + offset + size_kg) == span(lower, first, last)


def test_the_whole_issuance_starts_at_one():
    """The kiln's 3,619 t, wherever its span lies on the line."""
    assert (1, 3_619_000) == positions(7_107_000, 7_107_000, 10_726_000)


@pytest.mark.parametrize(("lower", "upper"), [(10, 10), (11, 10), (9, 12)])
def test_a_span_outside_its_issuance_has_no_positions(lower, upper):
    """Empty, reversed, or starting before the issuance does."""
    with pytest.raises(ValueError, match="no span of an issuance that starts at 10"):
        positions(10, lower, upper)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 2)])
def test_positions_that_are_none_have_no_span(first, last):
    """Zero and reversed."""
    with pytest.raises(ValueError, match="no positions"):
        span(10, first, last)
    with pytest.raises(ValueError, match="no positions"):
        merge_ranges([(first, last)])


def test_ranges_that_touch_become_one():
    """Sorted, joined where they touch, apart where they do not."""
    assert ((1, 9), (11, 12)) == merge_ranges([(11, 12), (4, 9), (1, 3)])
    assert () == merge_ranges([])


@pytest.mark.parametrize("ranges", [[(1, 3), (3, 4)], [(1, 9), (2, 3)], [(1, 1), (1, 1)]])
def test_ranges_that_overlap_are_refused(ranges):
    """The same kilogram twice is an error of the caller, never summed."""
    with pytest.raises(ValueError, match="overlaps"):
        merge_ranges(ranges)


@given(st.sets(st.integers(1, 60)))
def test_merging_keeps_every_kilogram_and_leaves_no_neighbours(kilograms):
    """Against sets of single kilograms as the oracle."""
    merged = merge_ranges((kg, kg) for kg in kilograms)
    assert kilograms == {kg for first, last in merged for kg in range(first, last + 1)}
    assert len(kilograms) == sum(last - first + 1 for first, last in merged)
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(merged))
