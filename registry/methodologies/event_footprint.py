"""
Footprint of an event, version 1 of both profiles: activity data times factor, item by item.

`chengdu-event` counts energy (fuel, power and heat), attendee travel and accommodation; `national-event` adds catering,
materials and waste. The unrounded items are added, and only the total is rounded, up. Source:
registry/methodologies/README.md, "Event"; no factors for the three added categories are published there,
so the organiser declares them.
"""

from decimal import Decimal
from typing import Final

from registry.kit.problems import DomainError, Kind
from registry.methodologies.arithmetic import (
    CARBON_MASS,
    CO2_MASS,
    number,
    product,
    quotient_up,
    shown,
    shown_total,
    total,
    whole_kg_up,
)
from registry.methodologies.factors import FactorTable
from schemas.methodologies import (
    Category,
    CategoryFootprint,
    EventAccommodation,
    EventActivity,
    EventElectricity,
    EventFootprintRequest,
    EventGas,
    EventHeat,
    EventSupply,
    EventTravel,
    Factor,
    Footprint,
    ItemFootprint,
    ProfileId,
    Term,
)

VERSION: Final = 1
FORMULA: Final = "footprint = Σ activity_i · factor_i, rounded up to the kilogram"
COUNTED: Final[dict[ProfileId, tuple[Category, ...]]] = {
    "chengdu-event": ("energy", "travel", "accommodation"),
    "national-event": ("energy", "travel", "accommodation", "catering", "materials", "waste"),
}
"""Categories of each profile, in the order in which results list them."""

_Counted = tuple[ItemFootprint, Decimal]
"""An item and twelve times its kilograms: exact, because natural gas leaves its division by 12 to the end."""


class OutsideProfile(DomainError):
    """An item belongs to a category that the profile does not count."""

    kind, slug, title = Kind.UNPROCESSABLE, "outside-profile", "Item outside the profile"


def calculate(request: EventFootprintRequest, factors: FactorTable) -> Footprint:
    """
    Return the footprint of an event with each item's arithmetic.

    Raises `UnknownFactor`, `OutsideProfile` for a category that the profile does not count, and `ResultTooLarge`.
    """
    counted = [_item(position, item, request.profile, factors) for position, item in enumerate(request.items)]
    unrounded_kg = _sum_kg(counted)
    return Footprint(
        profile=request.profile,
        version=VERSION,
        items=tuple(item for item, _ in counted),
        categories=tuple(_category(category, counted) for category in COUNTED[request.profile]),
        unrounded_kg=shown_total(unrounded_kg, up=True),
        footprint_kg=whole_kg_up(unrounded_kg),
    )


def _sum_kg(counted: list[_Counted]) -> Decimal:
    return quotient_up(total(*(twelfths for _, twelfths in counted)), CARBON_MASS)


def _category(category: Category, counted: list[_Counted]) -> CategoryFootprint:
    unrounded_kg = _sum_kg([each for each in counted if each[0].category == category])
    return CategoryFootprint(
        category=category, unrounded_kg=shown_total(unrounded_kg, up=True), mass_kg=whole_kg_up(unrounded_kg)
    )


def _item(position: int, item: EventActivity, profile: ProfileId, factors: FactorTable) -> _Counted:
    counted = _count(item, factors)
    category = counted[0].category
    if category not in COUNTED[profile]:
        raise OutsideProfile(
            f"item {position} is {category}, which {profile} does not count ({', '.join(COUNTED[profile])}); "
            "leave it out or use national-event",
            item=position,
            category=category,
        )
    return counted


def _count(item: EventActivity, factors: FactorTable) -> _Counted:
    match item:
        case EventElectricity():
            grid = factors.find("grid-electricity", region=item.grid_region, year=item.grid_year, basis=item.grid_basis)
            return _single("energy", "electricity", (item.electricity_kwh, "kWh"), grid)
        case EventGas():
            return _gas(item, factors)
        case EventHeat():
            return _single("energy", "purchased heat", (item.heat_gj, "GJ"), factors.find("purchased-heat"))
        case EventTravel():
            return _travel(item, factors.find(f"travel-{item.mode}"))
        case EventAccommodation():
            nights = (item.room_nights, "room-nights")
            return _single("accommodation", "accommodation", nights, factors.find("hotel-night"))
        case EventSupply():
            return _single(item.category, item.category, (item.quantity, item.unit), _declared(item))


def _single(category: Category, label: str, amount: tuple[int | str, str], factor: Factor) -> _Counted:
    quantity, unit = amount
    twelfths = product(number(quantity), factor.number, CARBON_MASS)
    return _line(category, label, f"{quantity} {unit} * {factor.value}", twelfths, (factor,))


def _travel(item: EventTravel, factor: Factor) -> _Counted:
    twelfths = product(number(item.persons), number(item.distance_km), factor.number, CARBON_MASS)
    expression = f"{item.persons} persons * {item.distance_km} km * {factor.value}"
    return _line("travel", f"travel by {item.mode}", expression, twelfths, (factor,))


def _gas(item: EventGas, factors: FactorTable) -> _Counted:
    """10^4 Nm³ times GJ times tC/GJ gives tonnes of carbon; 0.1 turns Nm³ · t/10^4 Nm³ into kilograms."""
    used = tuple(factors.find(f"natural-gas-{part}") for part in ("heat", "carbon", "oxidation"))
    twelfths = product(number(item.gas_nm3), *(factor.number for factor in used), CO2_MASS, Decimal("0.1"))
    expression = f"{item.gas_nm3} Nm3 * {' * '.join(factor.value for factor in used)} * 44 / 12 / 10"
    return _line("energy", "natural gas", expression, twelfths, used)


def _line(category: Category, label: str, expression: str, twelfths: Decimal, used: tuple[Factor, ...]) -> _Counted:
    mass_kg = quotient_up(twelfths, CARBON_MASS)
    term = Term(label=label, expression=expression, value=shown(mass_kg), unit="kgCO2e")
    return ItemFootprint(category=category, term=term, factors=used), twelfths


def _declared(item: EventSupply) -> Factor:
    """The organiser's own factor, provisional by nature: the verifier of the claim checks its source."""
    return Factor(
        key=f"declared-{item.category}",
        region="CN",
        basis="declared",
        version=1,
        value=item.factor_kg_per_unit,
        unit=f"kgCO2e/{item.unit}",
        source=item.factor_source,
        provisional=True,
    )
