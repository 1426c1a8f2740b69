"""Bodies of activities: decimals as text or integers, tagged unions, and nothing unknown."""

import msgspec
import pytest

from schemas.methodologies import (
    Activity,
    EventFootprintRequest,
    EventTravel,
    ForestSinkActivity,
    KilnElectrificationActivity,
)

FOREST = b'{"methodology":"forest-sink/1","area_ha":%s,"growth_project_m3_ha_yr":"5.23","species":"chinese-fir"}'
KILN = (
    b'{"methodology":"kiln-electrification/1","gas_10k_nm3":244,"efficiency_ratio":"%s",'
    b'"grid_region":"CN-510000","grid_year":2021}'
)


@pytest.mark.parametrize("area", [b"1267", b'"1267"', b'"1267.0"', b'"0.000001"', b'"99999999.999999"', b"0"])
def test_quantities_are_integers_or_decimal_text(area):
    """Both spellings decode to the same struct type."""
    assert isinstance(msgspec.json.decode(FOREST % area, type=Activity), ForestSinkActivity)


@pytest.mark.parametrize(
    "area",
    [
        b"1267.5",
        b"1267.0",
        b"1e3",
        b"-1",
        b"true",
        b"null",
        b"100000000",
        b'"100000000"',
        b'"1.0000001"',
        b'"1e3"',
        b'"-1"',
        b'"01"',
        b'".5"',
        b'"1."',
        b'"1,5"',
        b'" 1"',
        b'"1\\n"',
        b'"NaN"',
        b'"Infinity"',
        '"１"'.encode(),
        b'""',
    ],
)
def test_floats_and_other_spellings_are_refused(area):
    """A JSON number with a point is a float somewhere on its way: refused, like signs, exponents and foreign digits."""
    with pytest.raises(msgspec.ValidationError, match="area_ha"):
        msgspec.json.decode(FOREST % area, type=Activity)


def test_activities_are_told_apart_by_methodology():
    """The version is part of the tag, so a body keeps its meaning when a formula changes."""
    assert isinstance(msgspec.json.decode(KILN % b"0.5", type=Activity), KilnElectrificationActivity)
    with pytest.raises(msgspec.ValidationError, match="forest-sink/2"):
        msgspec.json.decode((FOREST % b"1").replace(b"sink/1", b"sink/2"), type=Activity)


def test_an_efficiency_ratio_of_zero_is_a_validation_error():
    """The struct's own check reaches the sender of the body."""
    with pytest.raises(msgspec.ValidationError, match="efficiency_ratio is 0"):
        msgspec.json.decode(KILN % b"0.0", type=Activity)


def test_unknown_fields_are_refused():
    """A misspelt leakage would otherwise be none."""
    with pytest.raises(msgspec.ValidationError, match="leakage"):
        msgspec.json.decode((KILN % b"0.5").replace(b"}", b',"leakage":1}'), type=Activity)


@pytest.mark.parametrize("years", [b"0.5", b"0", b"61", b'"100"', b'"0.1234"'])
def test_years_are_bounded(years):
    """To a thousandth, below a hundred, never a float."""
    body = (FOREST % b"1").replace(b"}", b',"years":' + years + b"}")
    with pytest.raises(msgspec.ValidationError, match="years"):
        msgspec.json.decode(body, type=Activity)


@pytest.mark.parametrize("items", [b"[]", b"[" + b",".join([b'{"kind":"heat","heat_gj":1}'] * 501) + b"]"])
def test_an_event_has_between_one_and_five_hundred_items(items):
    """Limits on everything."""
    with pytest.raises(msgspec.ValidationError, match="items"):
        msgspec.json.decode(b'{"profile":"chengdu-event","items":' + items + b"}", type=EventFootprintRequest)


def test_a_flight_is_one_person_unless_said_otherwise():
    """The worked example's event counts 3,120 km of flight."""
    body = b'{"profile":"chengdu-event","items":[{"kind":"travel","mode":"flight","distance_km":3120}]}'
    request = msgspec.json.decode(body, type=EventFootprintRequest)
    assert (EventTravel(mode="flight", persons=1, distance_km=3120),) == request.items
