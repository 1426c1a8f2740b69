"""
One item of activity data times its factor, as every profile of footprints counts it. Pure.

Sources of the factors stand in data/factors.toml; what waits for an official Chinese source is marked provisional.
"""

from decimal import Decimal
from typing import Final, assert_never

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
    DeclaredSource,
    EventAccommodation,
    EventActivity,
    EventElectricity,
    EventGas,
    EventHeat,
    EventSupply,
    EventTravel,
    Factor,
    FuelBurnt,
    GreenPower,
    ItemFootprint,
    Term,
)

Counted = tuple[ItemFootprint, Decimal]
"""An item and twelve times its kilograms: exact, because natural gas leaves its division by 12 to the end."""
SCOPES: Final[dict[int, Category]] = {1: "scope-1", 2: "scope-2", 3: "scope-3"}


def sum_kg(counted: list[Counted]) -> Decimal:
    """The kilograms of some items together, not rounded."""
    return quotient_up(total(*(twelfths for _, twelfths in counted)), CARBON_MASS)


def category_of(category: Category, counted: list[Counted]) -> CategoryFootprint:
    """One category of a footprint, rounded up on its own."""
    unrounded_kg = sum_kg([each for each in counted if each[0].category == category])
    return CategoryFootprint(
        category=category, unrounded_kg=shown_total(unrounded_kg, up=True), mass_kg=whole_kg_up(unrounded_kg)
    )


def grid_factor(item: EventElectricity, factors: FactorTable) -> Factor:
    """The grid's average that a body names. Raises `UnknownFactor`."""
    return factors.find("grid-electricity", region=item.grid_region, year=item.grid_year, basis=item.grid_basis)


def count(item: EventActivity, factors: FactorTable) -> Counted:
    """Count one item under the category that events have for it. Raises `UnknownFactor`."""
    match item:
        case EventElectricity() | EventGas() | EventHeat() | FuelBurnt():
            return _energy(item, factors)
        case EventTravel():
            return _travel(item, factors.find(f"travel-{item.mode}"))
        case EventAccommodation():
            nights = (item.room_nights, "room-nights")
            return single("accommodation", "accommodation", nights, factors.find("hotel-night"))
        case EventSupply() | DeclaredSource():
            return _declared(item)
        case GreenPower():
            raise AssertionError("green power is no item of its own: it covers power that is one")
    assert_never(item)


def _energy(item: EventElectricity | EventGas | EventHeat | FuelBurnt, factors: FactorTable) -> Counted:
    match item:
        case EventElectricity():
            return single("energy", "electricity", (item.electricity_kwh, "kWh"), grid_factor(item, factors))
        case EventGas():
            return _gas(item, factors)
        case EventHeat():
            return single("energy", "purchased heat", (item.heat_gj, "GJ"), factors.find("purchased-heat"))
        case FuelBurnt():
            return single("energy", item.fuel, (item.fuel_kg, "kg"), factors.find(f"fuel-{item.fuel}"))
    assert_never(item)


def single(category: Category, label: str, amount: tuple[int | str, str], factor: Factor) -> Counted:
    """A quantity times one factor."""
    quantity, unit = amount
    twelfths = product(number(quantity), factor.number, CARBON_MASS)
    return line(category, label, f"{quantity} {unit} * {factor.value}", twelfths, (factor,))


def line(category: Category, label: str, expression: str, twelfths: Decimal, used: tuple[Factor, ...]) -> Counted:
    """An item with the line of arithmetic that people read."""
    mass_kg = quotient_up(twelfths, CARBON_MASS)
    term = Term(label=label, expression=expression, value=shown(mass_kg), unit="kgCO2e")
    return ItemFootprint(category=category, term=term, factors=used), twelfths


def _travel(item: EventTravel, factor: Factor) -> Counted:
    twelfths = product(number(item.persons), number(item.distance_km), factor.number, CARBON_MASS)
    expression = f"{item.persons} persons * {item.distance_km} km * {factor.value}"
    return line("travel", f"travel by {item.mode}", expression, twelfths, (factor,))


def _gas(item: EventGas, factors: FactorTable) -> Counted:
    """10^4 Nm³ times GJ times tC/GJ gives tonnes of carbon; 0.1 turns Nm³ · t/10^4 Nm³ into kilograms."""
    used = tuple(factors.find(f"natural-gas-{part}") for part in ("heat", "carbon", "oxidation"))
    twelfths = product(number(item.gas_nm3), *(factor.number for factor in used), CO2_MASS, Decimal("0.1"))
    expression = f"{item.gas_nm3} Nm3 * {' * '.join(factor.value for factor in used)} * 44 / 12 / 10"
    return line("energy", "natural gas", expression, twelfths, used)


def _declared(item: EventSupply | DeclaredSource) -> Counted:
    """By the claimant's own factor, provisional by nature: the verifier of the claim checks its source."""
    category = SCOPES[item.scope] if isinstance(item, DeclaredSource) else item.category
    factor = Factor(
        key=f"declared-{category}",
        region="CN",
        basis="declared",
        version=1,
        value=item.factor_kg_per_unit,
        unit=f"kgCO2e/{item.unit}",
        source=item.factor_source,
        provisional=True,
    )
    label = item.what if isinstance(item, DeclaredSource) else item.category
    return single(category, label, (item.quantity, item.unit), factor)
