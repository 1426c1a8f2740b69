"""Activity files: what is read, and how every wrong cell is named."""

import csv
import io
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.claims import activity_file
from registry.claims.activity_columns import ACTIVITIES, COLUMNS, EXAMPLES, activities_of
from registry.claims.activity_file import LIMIT_BYTES, LIMIT_FAULTS, LIMIT_ROWS, ActivityFileWrong, read, text_of
from registry.claims.activity_sheet import as_csv, rows_of
from registry.methodologies.catalogue import footprint
from schemas import texts
from schemas.methodologies import DeclaredSource, EventElectricity, EventFootprintRequest, GreenPower

HEADER = "activity,quantity,unit,persons,region,year,basis,factor_kg_per_unit,source,number,note\n"
POWER = "electricity,1200000,kWh,,CN-510000,2022,,,,,\n"
PROFILES = ("organisation", "scenic-area", "hotel", "restaurant", "person", "chengdu-event", "national-event")


def wrong(text: str, profile="organisation") -> ActivityFileWrong:
    """The refusal of a text."""
    with pytest.raises(ActivityFileWrong) as found:
        read(text, profile)
    return found.value


def rows_wrong(text: str, profile="organisation") -> Any:
    """Each fault as the problem has it."""
    return wrong(text, profile).members["rows"]


def cells(text: str, profile="organisation") -> list[tuple[int, str, str]]:
    """Row, column and value of each fault."""
    return [(each["row"], each["column"], each["value"]) for each in rows_wrong(text, profile)]


def test_units_become_those_that_are_counted():
    """MWh, tonnes of fuel and 10^4 m³; both languages, columns in any order."""
    found = read(
        "单位,数量,活动,年份,电网\nMWh,1.2,electricity,2022,CN-510000\n吨,0.8,柴油,,\n万立方米,0.5,天然气,,\n人公里,3120,飞机,,\n",
        "organisation",
    )
    assert [("electricity_kwh", "1200"), ("fuel_kg", "800"), ("gas_nm3", "5000"), ("distance_km", "3120")] == [
        (name, getattr(item, name))
        for item, name in zip(found.items, ("electricity_kwh", "fuel_kg", "gas_nm3", "distance_km"), strict=True)
    ]


def test_everything_that_a_row_can_say():
    """Green power by its contract, a residual mix, a declared source, whom a hotel served."""
    found = read(
        HEADER + POWER + "green-power,500,MWh,,,,,,,GP-1,\nresidual-mix,,,,CN,2023,excluding-traded-non-fossil,,,,\n"
        "scope-3,350,t,,,,,1900,Supplier's declaration,,Paper\n",
        "organisation",
    )
    assert isinstance(found.items[1], GreenPower)
    assert ("GP-1", 500_000) == (found.items[1].number, found.items[1].green_kwh)
    assert found.residual is not None
    assert "excluding-traded-non-fossil" == found.residual.basis
    assert isinstance(found.items[2], DeclaredSource)
    assert (3, "Paper", "1900") == (found.items[2].scope, found.items[2].what, found.items[2].factor_kg_per_unit)
    served = read(HEADER + POWER + "served,12000,room-nights,,,,,,,,\n", "hotel").served
    assert served is not None
    assert 12_000 == served.count


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        ("electricity,1.200.000,kWh,,CN-510000,2022,,,,,", [(2, "quantity", "1.200.000")]),
        ('electricity,"1,200",kWh,,CN-510000,2022,,,,,', [(2, "quantity", "1,200")]),
        ("electricity,-5,kWh,,CN-510000,2022,,,,,", [(2, "quantity", "-5")]),
        ("electricity,1e6,kWh,,CN-510000,2022,,,,,", [(2, "quantity", "1e6")]),
        ("electricity,100000,MWh,,CN-510000,2022,,,,,", [(2, "quantity", "100000")]),
        ("electricity,0.0000001,kWh,,CN-510000,2022,,,,,", [(2, "quantity", "0.0000001")]),
        ("electricity,5,GJ,,CN-510000,2022,,,,,", [(2, "unit", "GJ")]),
        ("electricity,5,kWh,,,,,,,,", [(2, "region", ""), (2, "year", "")]),
        ("electricity,5,kWh,,CN-510000,1999,,,,,", [(2, "year", "1999")]),
        ("electricity,5,kWh,,CN-999999,2022,,,,,", [(2, "region", "CN-999999")]),
        ("electricity,5,kWh,3,CN-510000,2022,,,,,", [(2, "persons", "3")]),
        ("steam,5,GJ,,,,,,,,", [(2, "activity", "steam")]),
        (",5,GJ,,,,,,,,", [(2, "activity", "")]),
        ("hotel,2.5,room-nights,,,,,,,,", [(2, "quantity", "2.5")]),
        ("train,600,km,0,,,,,,,", [(2, "persons", "0")]),
        ("waste,12,t,,,,,,,,", [(2, "factor_kg_per_unit", ""), (2, "source", "")]),
        ("waste,12,吨数!,,,,,450,Contract,,", [(2, "unit", "吨数!")]),
        ("green-power,1.5,kWh,,,,,,,GP-1,", [(2, "quantity", "1.5")]),
        ("green-power,1,kWh,,,,,,,,", [(2, "number", "")]),
        ("residual-mix,5,kWh,,CN,2023,average,,,,", [(2, "quantity", "5"), (2, "unit", "kWh")]),
        ("diesel,5,kg,,,,,,,,\u202eevil", [(2, "note", "\u202eevil")]),
        ("diesel,5,kg,,,,,,,,,beyond", [(2, "-", "beyond")]),
        ("diesel,5,L,,,,,,,,", [(2, "unit", "L")]),
        ("diesel", [(2, "unit", ""), (2, "quantity", "")]),
        (f"diesel,5,kg,,,,,,,,{'x' * 501}", [(2, "note", "x" * 60)]),
    ],
)
def test_a_wrong_cell_is_named(row: str, faults: list[tuple[int, str, str]]):
    """By its row as the spreadsheet counts it, its column, what stands there; and what is permitted is said."""
    assert faults == cells(HEADER + row + "\n")
    assert all(each["permitted"] for each in rows_wrong(HEADER + row + "\n"))


def test_all_faults_are_named_at_once():
    """Empty rows are counted and skipped; the text names the first, the members have every one."""
    found = wrong(HEADER + "\n" + POWER + "diesel,x,kg,,,,,,,,\n,,,,,,,,,,\nsteam,1,t,,,,,,,,\n")
    listed: Any = found.members["rows"]
    assert [(4, "quantity"), (6, "activity")] == [(each["row"], each["column"]) for each in listed]
    assert found.detail.startswith("2 cells are wrong, first row 4, quantity: 'x': a number")
    many = wrong(HEADER + "diesel,x,kg,,,,,,,,\n" * (LIMIT_FAULTS + 5))
    listed = many.members["rows"]
    assert (LIMIT_FAULTS, LIMIT_FAULTS + 5) == (len(listed), many.members["faults"])


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        ("activity,quantity", [(1, "unit", "")]),
        ("activity,quantity,unit,colour", [(1, "4", "colour")]),
        ("activity,quantity,unit,unit", [(1, "4", "unit")]),
        ("活动,数量,单位,quantity", [(1, "4", "quantity")]),
    ],
)
def test_a_wrong_header_is_named(header: str, faults: list[tuple[int, str, str]]):
    """Missing, unknown, or twice, in either language."""
    assert faults == cells(header + "\n" + POWER)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "a spreadsheet"),
        (b"activity\xff\xff", "neither UTF-8 \\(from byte 9 on\\) nor GB18030"),
        (b"x" * (LIMIT_BYTES + 1), f"at most {LIMIT_BYTES}"),
    ],
)
def test_files_that_are_no_text(content: bytes, said: str):
    """Each with what to do about it."""
    with pytest.raises(ActivityFileWrong, match=said):
        text_of(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_is_read_in_what_spreadsheets_save(encoding: str):
    """UTF-8 with or without mark, and GB18030."""
    text = "活动,数量,单位,电网,年份,备注\n用电,5,度,CN-510000,2022,电表 喆\n"
    assert text == text_of(text.encode(encoding))
    assert isinstance(read(text, "person").items[0], EventElectricity)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER, "a header and no activity"),
        (HEADER.replace(",", ";") + POWER, "separated by commas"),
        (HEADER + POWER * (LIMIT_ROWS + 1), f"more than {LIMIT_ROWS} rows"),
        (HEADER + 'diesel,"5,kg\n', "no CSV"),
        (HEADER + 'diesel,"5"x,kg\n', "no CSV"),
        ("x" * (LIMIT_BYTES + 1), "longer than"),
    ],
)
def test_files_that_are_no_rows(text: str, said: str):
    """Without activities, with another separator, too long, or with an open quote."""
    assert said in wrong(text).detail


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("zh", [False, True])
def test_a_template_can_be_sent_as_it_is(profile, zh: bool):
    """Its examples are those of the profile, and all of them are counted."""
    text = as_csv(activity_file.template(profile, zh=zh))
    request = read(text_of(text.encode()), profile)
    assert footprint(request).footprint_kg
    assert len([name for name in EXAMPLES if name in activities_of(profile)]) == text.count("\r\n") - 1


def test_a_scene_refuses_whom_it_does_not_serve():
    """A hotel's denominator is room-nights, once, in whole numbers; an event has none."""
    assert [(3, "unit", "visitors")] == cells(HEADER + POWER + "served,5,visitors,,,,,,,,\n", "hotel")
    twice = HEADER + POWER + "served,5,room-nights,,,,,,,,\n" * 2
    assert [(4, "activity", "served")] == cells(twice, "hotel")
    assert [(3, "quantity", "0")] == cells(HEADER + POWER + "served,0,room-nights,,,,,,,,\n", "hotel")
    assert [(2, "activity", "served")] == cells(HEADER + "served,5,guests,,,,,,,,\n", "chengdu-event")


words = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\x00"), max_size=30)


@given(st.lists(st.tuples(st.integers(0, 10**7), words.map(str.strip).filter(bool)), min_size=1, max_size=5))
@example([(0, "0'=")])
def test_what_is_written_is_read_again_and_is_no_formula(rows):
    """Whatever the words are: no cell of the file begins as a formula, and reading gives the same activities."""
    items = [
        {
            "kind": "declared",
            "scope": 3,
            "what": what,
            "quantity": quantity,
            "unit": "t",
            "factor_kg_per_unit": "1",
            "factor_source": what,
        }
        for quantity, what in rows
    ]

    if any(texts.fault(what) or what.startswith("'") for _, what in rows):
        return
    request = msgspec.convert({"profile": "organisation", "items": items}, EventFootprintRequest)
    text = as_csv(rows_of(request))
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        assert not any(cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) for cell in row)
    again = read(text, "organisation")
    assert _declared(request) == _declared(again)


def _declared(request: EventFootprintRequest) -> list[tuple[str, str, str]]:
    found = [each for each in request.items if isinstance(each, DeclaredSource)]
    return [(str(each.quantity), each.what, each.factor_source) for each in found]


def test_every_column_and_activity_has_a_chinese_name():
    """Each once."""
    assert len(COLUMNS) == len(set(COLUMNS.values()))
    assert len(ACTIVITIES) == len({each.zh for each in ACTIVITIES.values()})
