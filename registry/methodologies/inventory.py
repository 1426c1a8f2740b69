"""
Footprints of organisations, scenes and persons over a period, version 1: activity data times factor, item by item.

An organisation is counted by scopes (GHG Protocol Corporate Standard, chapter 4): what it burns itself is scope 1,
purchased power and heat are scope 2, everything else is scope 3. Scope 2 is counted twice (GHG Protocol Scope 2
Guidance, 2015): *location-based*, every kilowatt-hour by the average of its grid; and *market-based*, kilowatt-hours
under a green-power contract by zero and the rest by the residual mix where one is named. The total has the market-based
figure. Contracts cover the kilowatt-hours of the lowest factor first, so that no choice of the claimant's makes the
figure smaller.

A scene (scenic area, hotel, restaurant) and a person are counted by category, power in the same two ways; a scene's
total is also divided by whom it served. Unrounded items are added and only the totals are rounded, up.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Final, NamedTuple

from registry.kit.problems import DomainError, Kind
from registry.methodologies.arithmetic import (
    CARBON_MASS,
    difference,
    number,
    product,
    quotient_up,
    shown,
    shown_total,
    total,
    whole_kg_down,
    whole_kg_up,
)
from registry.methodologies.event_footprint import OutsideProfile
from registry.methodologies.factors import FactorTable
from registry.methodologies.footprint_items import Counted, category_of, count, grid_factor, line, sum_kg
from schemas.methodologies import (
    Category,
    DeclaredSource,
    EventActivity,
    EventElectricity,
    EventFootprintRequest,
    EventGas,
    EventHeat,
    Factor,
    Footprint,
    FuelBurnt,
    GreenPower,
    Intensity,
    InventoryProfile,
    PowerFootprint,
    ProfileId,
    Served,
    Term,
)

VERSION: Final = 1
FORMULA: Final = "footprint = Σ activity_i · factor_i, of power (kWh - green kWh) · factor, rounded up to the kilogram"
COUNTED: Final[dict[InventoryProfile, tuple[Category, ...]]] = {
    "organisation": ("scope-1", "scope-2", "scope-3"),
    "scenic-area": ("energy", "travel", "catering", "materials", "waste"),
    "hotel": ("energy", "travel", "catering", "materials", "waste"),
    "restaurant": ("energy", "catering", "materials", "waste"),
    "person": ("energy", "travel", "accommodation", "catering", "materials", "waste"),
}
"""Categories of each profile, in the order in which results list them."""
SERVED: Final[dict[ProfileId, str]] = {
    "scenic-area": "visitors",
    "hotel": "room-nights",
    "restaurant": "guests",
}
"""By what each scene's footprint is divided. Sites' own profiles; no published source gives a denominator."""


class TooMuchGreenPower(DomainError):
    """More kilowatt-hours are called green than were used."""

    kind, slug, title = Kind.UNPROCESSABLE, "too-much-green-power", "More green power than power"


class _Power(NamedTuple):
    """The power of one item: how much, how much of it a contract covers, and both factors."""

    kwh: Decimal
    green_kwh: Decimal
    grid: Factor
    market: Factor


def calculate(request: EventFootprintRequest, profile: InventoryProfile, factors: FactorTable) -> Footprint:
    """
    Return the footprint with each item's arithmetic, power market-based; `Footprint.power` has the other figure.

    Raises `UnknownFactor`, `OutsideProfile`, `TooMuchGreenPower` and `ResultTooLarge`.
    """
    _check_served(profile, request.served)
    used = _power(request, factors)
    powers = iter(used)
    counted = [
        _item(position, item, profile, factors, powers)
        for position, item in enumerate(request.items)
        if not isinstance(item, GreenPower)
    ]
    unrounded_kg = sum_kg(counted)
    return Footprint(
        profile=profile,
        version=VERSION,
        items=tuple(item for item, _ in counted),
        categories=tuple(category_of(category, counted) for category in COUNTED[profile]),
        unrounded_kg=shown_total(unrounded_kg, up=True),
        footprint_kg=whole_kg_up(unrounded_kg),
        power=_both_ways(used) if used else None,
        intensity=_intensity(request.served, unrounded_kg),
    )


def _check_served(profile: InventoryProfile, served: Served | None) -> None:
    wanted = SERVED.get(profile)
    if served and served.unit != wanted:
        raise OutsideProfile(
            f"{profile} is divided by {wanted or 'nothing'}, not by {served.unit}: correct served, or leave it out"
        )


def _power(request: EventFootprintRequest, factors: FactorTable) -> list[_Power]:
    """The items of power with what contracts cover of each. Raises `TooMuchGreenPower`."""
    items = [each for each in request.items if isinstance(each, EventElectricity)]
    green = total(*(number(each.green_kwh) for each in request.items if isinstance(each, GreenPower)))
    used = total(*(number(each.electricity_kwh) for each in items))
    if green > used:
        raise TooMuchGreenPower(
            f"{green} kWh are called green and {used:f} kWh were used: leave out {green - used:f} kWh of green power",
            green_kwh=str(green),
            used_kwh=format(used, "f"),
        )
    residual = request.residual and factors.find(
        "grid-electricity", region=request.residual.region, year=request.residual.year, basis=request.residual.basis
    )
    rows = []
    for each in items:
        grid = grid_factor(each, factors)
        rows.append(_Power(number(each.electricity_kwh), Decimal(0), grid, residual or grid))
    for index in sorted(range(len(rows)), key=lambda at: rows[at].market.number):
        covered = min(green, rows[index].kwh)
        rows[index] = rows[index]._replace(green_kwh=covered)
        green = difference(green, covered)
    return rows


def _both_ways(used: list[_Power]) -> PowerFootprint:
    location = [product(each.kwh, each.grid.number) for each in used]
    market = total(*(product(difference(each.kwh, each.green_kwh), each.market.number) for each in used))
    return PowerFootprint(
        unrounded_kwh=shown(total(*(each.kwh for each in used))),
        green_kwh=int(total(*(each.green_kwh for each in used))),
        location_based_kg=whole_kg_up(total(*location)),
        market_based_kg=whole_kg_up(market),
        green_power_kg=whole_kg_down(total(*(product(each.green_kwh, each.market.number) for each in used))),
        terms=tuple(
            Term(
                label="electricity, location-based",
                expression=f"{each.kwh:f} kWh * {each.grid.value}",
                value=shown(mass_kg),
                unit="kgCO2e",
            )
            for each, mass_kg in zip(used, location, strict=True)
        ),
    )


def _intensity(served: Served | None, unrounded_kg: Decimal) -> Intensity | None:
    if served is None:
        return None
    each = quotient_up(unrounded_kg, Decimal(served.count)).quantize(Decimal("0.001"), rounding=ROUND_CEILING)
    return Intensity(unit=served.unit, count=served.count, kg_each=shown(each, 3))


def _item(
    position: int, item: EventActivity, profile: InventoryProfile, factors: FactorTable, powers: Iterator[_Power]
) -> Counted:
    counted = _market_based(next(powers)) if isinstance(item, EventElectricity) else count(item, factors)
    category = _scope(item, counted[0].category) if profile == "organisation" else counted[0].category
    if category not in COUNTED[profile]:
        raise OutsideProfile(
            f"item {position} is {category}, which {profile} does not count ({', '.join(COUNTED[profile])}): "
            "leave it out",
            item=position,
            category=category,
        )
    shown_item, twelfths = counted
    return type(shown_item)(category=category, term=shown_item.term, factors=shown_item.factors), twelfths


def _market_based(power: _Power) -> Counted:
    rest = difference(power.kwh, power.green_kwh)
    quantity = f"({power.kwh:f} - {power.green_kwh:f} green)" if power.green_kwh else f"{power.kwh:f}"
    twelfths = product(rest, power.market.number, CARBON_MASS)
    return line("energy", "electricity", f"{quantity} kWh * {power.market.value}", twelfths, (power.market,))


def _scope(item: EventActivity, category: Category) -> Category:
    """In which scope an organisation has an item: what it burns, what power and heat it buys, and the rest."""
    match item:
        case DeclaredSource():
            return category
        case EventGas() | FuelBurnt():
            return "scope-1"
        case EventElectricity() | EventHeat():
            return "scope-2"
        case _:
            return "scope-3"
