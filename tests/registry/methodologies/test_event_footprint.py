"""Event footprint: the published event term by term, what each profile counts, and rounding up."""

import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.methodologies.arithmetic import ResultTooLarge
from registry.methodologies.catalogue import footprint
from registry.methodologies.event_footprint import OutsideProfile
from registry.methodologies.factors import UnknownFactor
from schemas.methodologies import (
    EventAccommodation,
    EventElectricity,
    EventFootprintRequest,
    EventGas,
    EventHeat,
    EventSupply,
    EventTravel,
)

LAUNCH = b"""{"profile": "chengdu-event", "items": [
    {"kind": "electricity", "electricity_kwh": 1200, "grid_region": "CN-510000", "grid_year": 2021},
    {"kind": "travel", "mode": "car", "persons": 60, "distance_km": 20},
    {"kind": "travel", "mode": "metro", "persons": 60, "distance_km": 20},
    {"kind": "travel", "mode": "taxi", "persons": 30, "distance_km": 20},
    {"kind": "travel", "mode": "flight", "distance_km": "3120"},
    {"kind": "accommodation", "room_nights": 3}]}"""
POWER = EventElectricity(electricity_kwh="0.01", grid_region="CN-510000", grid_year=2021)
LUNCH = EventSupply(category="catering", quantity=60, unit="meal", factor_kg_per_unit="1.5", factor_source="caterer")

amounts = st.decimals(0, 99_999, places=6).map(str)
items = st.one_of(
    st.builds(EventGas, gas_nm3=amounts),
    st.builds(EventHeat, heat_gj=amounts),
    st.builds(
        EventTravel,
        mode=st.sampled_from(["car", "metro", "taxi", "flight"]),
        persons=st.integers(1, 999),
        distance_km=amounts,
    ),
    st.builds(EventAccommodation, room_nights=st.integers(0, 9_999)),
    st.builds(
        EventSupply,
        category=st.sampled_from(["catering", "materials", "waste"]),
        quantity=amounts,
        unit=st.just("kg"),
        factor_kg_per_unit=amounts,
        factor_source=st.just("supplier"),
    ),
)


def event(*parts, profile="chengdu-event"):
    """A request with these items."""
    return EventFootprintRequest(profile=profile, items=parts)


def test_the_launch_event_term_by_term():
    """The worked example: 151 + 326 + 74 + 89 + 399 + 161 kg, 1,199.0292 unrounded, 1,200 to retire."""
    result = footprint(msgspec.json.decode(LAUNCH, type=EventFootprintRequest))
    exact = ["150.6", "326.16", "73.68", "89.166", "398.9232", "160.5"]
    assert exact == [item.term.value for item in result.items]
    assert [151, 326, 74, 89, 399, 161] == [int(Decimal(value) + Decimal("0.5")) for value in exact]
    assert ("1199.0292", 1_200) == (result.unrounded_kg, result.footprint_kg)
    assert "chengdu-event/1" == result.code


def test_the_launch_event_by_category():
    """Whole kilograms for statements, each category rounded up on its own."""
    result = footprint(msgspec.json.decode(LAUNCH, type=EventFootprintRequest))
    assert [("energy", "150.6", 151), ("travel", "887.9292", 888), ("accommodation", "160.5", 161)] == [
        (each.category, each.unrounded_kg, each.mass_kg) for each in result.categories
    ]


def test_the_launch_event_names_its_factors_once():
    """A statement lists them; every row has its source."""
    result = footprint(msgspec.json.decode(LAUNCH, type=EventFootprintRequest))
    assert (
        "grid-electricity/CN-510000/2021/average/1",
        "travel-car/CN/-/default/1",
        "travel-metro/CN/-/default/1",
        "travel-taxi/CN/-/default/1",
        "travel-flight/CN/-/default/1",
        "hotel-night/CN/-/default/1",
    ) == tuple(factor.code for factor in result.factors)
    assert "travel by car: 60 persons * 20 km * 0.2718 = 326.16 kgCO2e" == str(result.items[1].term)


def test_gas_is_counted_as_the_kiln_counts_it():
    """10^4 Nm³ are 21.62 t, whichever methodology asks."""
    result = footprint(event(EventGas(gas_nm3=10_000)))
    assert Decimal("21.62") == round(Decimal(result.unrounded_kg) / 1000, 2)


def test_purchased_heat_uses_a_provisional_default():
    """0.11 t/GJ, not among the programme's values: the result says so."""
    result = footprint(event(EventHeat(heat_gj=10)))
    assert 1_100 == result.footprint_kg
    assert result.factors[0].provisional


def test_the_national_profile_counts_what_the_organiser_declares():
    """Catering with the organiser's factor, marked provisional, its source kept."""
    result = footprint(event(LUNCH, profile="national-event"))
    assert (90, {"catering": 90}) == (
        result.footprint_kg,
        {each.category: each.mass_kg for each in result.categories if each.mass_kg},
    )
    factor = result.factors[0]
    assert (True, "declared", "caterer", "kgCO2e/meal") == (
        factor.provisional,
        factor.basis,
        factor.source,
        factor.unit,
    )


def test_what_a_profile_does_not_count_is_refused():
    """Neither silently dropped nor silently added."""
    with pytest.raises(OutsideProfile, match=re.escape("item 1 is catering, which chengdu-event does not count")):
        footprint(event(POWER, LUNCH))


def test_an_unknown_grid_factor_is_refused():
    """The text lists those that exist."""
    power = EventElectricity(electricity_kwh=1, grid_region="CN-510000", grid_year=2023)
    with pytest.raises(UnknownFactor, match="grid-electricity/CN-510000/2022/average/1"):
        footprint(event(power))


def test_a_footprint_beyond_what_statements_carry_is_refused():
    """Inputs at their bounds give more than 2^53 kg."""
    flight = EventTravel(mode="flight", persons=99_999_999, distance_km=99_999_999)
    with pytest.raises(ResultTooLarge, match="check the inputs"):
        footprint(event(*[flight] * 10))


def test_the_smallest_emission_is_a_kilogram_to_retire():
    """1.255 g round up."""
    result = footprint(event(POWER))
    assert ("0.001255", 1) == (result.unrounded_kg, result.footprint_kg)


def test_an_event_without_emissions_needs_nothing():
    """Zero stays zero."""
    assert 0 == footprint(event(EventAccommodation(room_nights=0))).footprint_kg


@given(st.lists(items, min_size=1, max_size=8))
def test_rounding_is_up_and_by_less_than_a_kilogram(parts):
    """The total from the unrounded items; categories in whole kilograms cover it."""
    result = footprint(event(*parts, profile="national-event"))
    assert 0 <= result.footprint_kg - Decimal(result.unrounded_kg) < 1
    surplus_kg = sum(each.mass_kg for each in result.categories) - result.footprint_kg
    assert 0 <= surplus_kg < len(result.categories)


@given(st.lists(items, min_size=1, max_size=5), items)
def test_one_item_more_never_makes_it_less(parts, another):
    """Monotone in the items, and their order does not matter."""
    before = footprint(event(*parts, profile="national-event"))
    after = footprint(event(another, *parts, profile="national-event"))
    assert before.footprint_kg <= after.footprint_kg
    assert after.footprint_kg == footprint(event(*parts, another, profile="national-event")).footprint_kg
