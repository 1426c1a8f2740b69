"""Footprints of organisations, scenes and persons: scopes, power counted twice, and what is divided by whom."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.methodologies.catalogue import footprint
from registry.methodologies.event_footprint import OutsideProfile
from registry.methodologies.factors import UnknownFactor
from registry.methodologies.inventory import TooMuchGreenPower
from schemas.methodologies import EventFootprintRequest, Footprint

GRID = {"kind": "electricity", "grid_region": "CN-510000", "grid_year": 2022}
"""Sichuan 2022: 0.1404."""
NATIONAL = {"kind": "electricity", "grid_region": "CN", "grid_year": 2022}
"""0.5366."""
RESIDUAL = {"region": "CN", "year": 2023, "basis": "excluding-traded-non-fossil"}
"""0.6096."""


def counted(profile: str, *items: dict[str, Any], **more: Any) -> Footprint:
    """The footprint of a body as it is sent."""
    return footprint(msgspec.convert({"profile": profile, "items": items, **more}, EventFootprintRequest))


def declared(scope: int, megatonnes: str) -> dict[str, Any]:
    """A mass that was worked out elsewhere."""
    tonnes = int(Decimal(megatonnes) * 1_000_000)
    return {
        "kind": "declared",
        "scope": scope,
        "what": "reported",
        "quantity": tonnes,
        "unit": "t",
        "factor_kg_per_unit": "1000",
        "factor_source": "Tencent, carbon neutrality target and roadmap report 2022",
    }


def test_tencents_published_shares():
    """S1 + S2 + S3 = 5.111 Mt = 0.020 + 2.346 + 2.745, that is 0.4, 45.9 and 53.7 %."""
    found = counted("organisation", declared(1, "0.020"), declared(2, "2.346"), declared(3, "2.745"))
    assert 5_111_000_000 == found.footprint_kg
    assert [("scope-1", 20_000_000), ("scope-2", 2_346_000_000), ("scope-3", 2_745_000_000)] == [
        (each.category, each.mass_kg) for each in found.categories
    ]
    shares = [round(Decimal(each.mass_kg) * 100 / found.footprint_kg, 1) for each in found.categories]
    assert [Decimal("0.4"), Decimal("45.9"), Decimal("53.7")] == shares


def test_each_kind_of_source_has_its_scope():
    """What is burnt is scope 1, bought power and heat scope 2, travel and supplies scope 3."""
    found = counted(
        "organisation",
        {"kind": "natural-gas", "gas_nm3": 1_000},
        {"kind": "fuel", "fuel": "diesel", "fuel_kg": 100},
        {**GRID, "electricity_kwh": 1_000},
        {"kind": "heat", "heat_gj": 10},
        {"kind": "travel", "mode": "train", "persons": 10, "distance_km": 300},
        {"kind": "travel", "mode": "bus", "distance_km": 100},
        {"kind": "accommodation", "room_nights": 2},
    )
    assert ["scope-1", "scope-1", "scope-2", "scope-2", "scope-3", "scope-3", "scope-3"] == [
        each.category for each in found.items
    ]
    assert ("10 persons * 300 km * 0.03546", "106.38") == (found.items[4].term.expression, found.items[4].term.value)
    assert ("1 persons * 100 km * 0.10215", "10.215") == (found.items[5].term.expression, found.items[5].term.value)
    # 2,162.189 + 309.59 + 140.4 + 1,100 + 106.38 + 10.215 + 107
    assert 3_936 == found.footprint_kg


def test_power_is_counted_by_its_grid_and_by_contract():
    """1,200,000 kWh, 500,000 of them green: location 168,480 kg, market 98,280 kg, and contracts cover 70,200 kg."""
    found = counted(
        "organisation",
        {**GRID, "electricity_kwh": 1_200_000},
        {"kind": "green-power", "number": "GP-1", "green_kwh": 500_000},
    )
    assert found.power is not None
    assert (168_480, 98_280, 70_200, 500_000) == (
        found.power.location_based_kg,
        found.power.market_based_kg,
        found.power.green_power_kg,
        found.power.green_kwh,
    )
    assert 98_280 == found.footprint_kg
    assert "(1200000 - 500000 green) kWh * 0.1404" == found.items[0].term.expression


def test_the_residual_mix_raises_what_no_contract_covers():
    """Where a residual mix is named, the uncovered 700,000 kWh count by it and not by the clean grid."""
    found = counted(
        "organisation",
        {**GRID, "electricity_kwh": 1_200_000},
        {"kind": "green-power", "number": "GP-1", "green_kwh": 500_000},
        residual=RESIDUAL,
    )
    assert found.power is not None
    assert (168_480, 426_720) == (found.power.location_based_kg, found.power.market_based_kg)
    assert ["grid-electricity/CN/2023/excluding-traded-non-fossil/1"] == [each.code for each in found.factors]


def test_contracts_cover_the_cleanest_grid_first():
    """Nobody makes the figure smaller by the order of the rows: 100 green kWh are taken from Sichuan's."""
    rows = [{**NATIONAL, "electricity_kwh": 100}, {**GRID, "electricity_kwh": 100}]
    green = {"kind": "green-power", "number": "GP-1", "green_kwh": 100}
    for order in (rows, rows[::-1]):
        found = counted("organisation", *order, green)
        assert found.power is not None
        assert (54, 14) == (found.power.market_based_kg, found.power.green_power_kg)


@pytest.mark.parametrize(
    ("profile", "unit", "each"), [("scenic-area", "visitors", "0.141"), ("hotel", "room-nights", "0.141")]
)
def test_a_scene_is_divided_by_whom_it_served(profile: str, unit: str, each: str):
    """1,000 kWh in Sichuan among 1,000: 0.1404 kg, rounded up to the gram."""
    items = {**GRID, "electricity_kwh": 1_000}
    found = counted(profile, items, served={"unit": unit, "count": 1_000})
    assert found.intensity is not None
    assert (unit, each) == (found.intensity.unit, found.intensity.kg_each)
    assert 141 == found.footprint_kg


@pytest.mark.parametrize(
    ("profile", "items", "more", "error", "said"),
    [
        ("hotel", [{"kind": "accommodation", "room_nights": 1}], {}, OutsideProfile, "item 0 is accommodation"),
        ("restaurant", [{"kind": "travel", "mode": "bus", "distance_km": 1}], {}, OutsideProfile, "item 0 is travel"),
        ("person", [declared(1, "1")], {}, OutsideProfile, "item 0 is scope-1"),
        ("chengdu-event", [declared(3, "1")], {}, OutsideProfile, "item 0 is of a kind"),
        ("national-event", [{**GRID, "electricity_kwh": 1}], {"residual": RESIDUAL}, OutsideProfile, "leave out resid"),
        (
            "hotel",
            [{**GRID, "electricity_kwh": 1}],
            {"served": {"unit": "visitors", "count": 1}},
            OutsideProfile,
            "divided by room-nights",
        ),
        ("person", [{**GRID, "electricity_kwh": 1}], {"residual": {**RESIDUAL, "year": 2001}}, UnknownFactor, "2001"),
        (
            "organisation",
            [{**GRID, "electricity_kwh": "9.5"}, {"kind": "green-power", "number": "1", "green_kwh": 10}],
            {},
            TooMuchGreenPower,
            "10 kWh are called green and 9.5 kWh were used: leave out 0.5 kWh",
        ),
    ],
)
def test_what_is_refused(profile: str, items: list[Any], more: dict[str, Any], error: type[Exception], said: str):
    """Each with the item, the numbers and what to do."""
    with pytest.raises(error) as found:
        counted(profile, *items, **more)
    assert said in str(found.value)


quantities = st.decimals(0, 9_999, places=3).map(lambda value: format(value, "f"))


@given(st.lists(quantities, min_size=1, max_size=6), st.integers(0, 2_000))
def test_it_adds_up_and_rounds_up_once(amounts: list[str], green: int):
    """The total is the exact sum rounded up; categories come to less than one kilogram each more."""
    items = [{**(GRID if at % 2 else NATIONAL), "electricity_kwh": each} for at, each in enumerate(amounts)]
    items += [{"kind": "fuel", "fuel": "lpg", "fuel_kg": each} for each in amounts]
    used = sum(map(Decimal, amounts))
    covered = min(green, int(used))
    greens = [{"kind": "green-power", "number": "1", "green_kwh": covered}] if covered else []
    found = counted("organisation", *items, *greens)
    factors = [Decimal("0.1404") if at % 2 else Decimal("0.5366") for at in range(len(amounts))]
    left, market, location = Decimal(covered), Decimal(0), Decimal(0)
    for kwh, factor in sorted(zip(map(Decimal, amounts), factors, strict=True), key=lambda each: each[1]):
        taken = min(left, kwh)
        left -= taken
        market += (kwh - taken) * factor
        location += kwh * factor
    exact = market + used * Decimal("3.1013")
    assert 0 <= found.footprint_kg - exact < 1
    assert 0 <= sum(each.mass_kg for each in found.categories) - found.footprint_kg < len(found.categories)
    assert found.power is not None
    assert 0 <= found.power.location_based_kg - location < 1
    assert 0 <= found.power.market_based_kg - market < 1
    assert found.power.market_based_kg <= found.power.location_based_kg
