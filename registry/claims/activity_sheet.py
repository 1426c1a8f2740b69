"""The activities of a stored footprint as rows of an activity file, to be corrected and sent again. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import assert_never

from registry.claims.activity_columns import COLUMNS
from registry.kit.sheets import harmless
from schemas.methodologies import (
    DeclaredSource,
    EventAccommodation,
    EventActivity,
    EventElectricity,
    EventFootprintRequest,
    EventGas,
    EventHeat,
    EventSupply,
    EventTravel,
    FuelBurnt,
    GreenPower,
)


def rows_of(request: EventFootprintRequest) -> list[list[str]]:
    """Header and rows."""
    rows = [_cells(each) for each in request.items]
    if each := request.residual:
        rows.append({"activity": "residual-mix", "region": each.region, "year": str(each.year), "basis": each.basis})
    if served := request.served:
        rows.append({"activity": "served", "quantity": str(served.count), "unit": served.unit})
    return [list(COLUMNS), *([row.get(name, "") for name in COLUMNS] for row in rows)]


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """The text of a file, with a byte order mark, by which spreadsheets know UTF-8; no cell is taken for a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(each) for each in row] for row in rows)
    return "\ufeff" + text.getvalue()


def _cells(item: EventActivity) -> dict[str, str]:
    match item:
        case EventElectricity():
            named = {"region": item.grid_region, "year": str(item.grid_year), "basis": item.grid_basis}
            return _amount("electricity", item.electricity_kwh, "kWh") | named
        case GreenPower():
            return _amount("green-power", item.green_kwh, "kWh") | {"number": item.number}
        case EventTravel():
            return _amount(item.mode, item.distance_km, "km") | {"persons": str(item.persons)}
        case EventGas() | EventHeat() | FuelBurnt() | EventAccommodation():
            return _plain(item)
        case EventSupply() | DeclaredSource():
            declared = {"factor_kg_per_unit": item.factor_kg_per_unit, "source": item.factor_source}
            if isinstance(item, DeclaredSource):
                return _amount(f"scope-{item.scope}", item.quantity, item.unit) | declared | {"note": item.what}
            return _amount(item.category, item.quantity, item.unit) | declared
    assert_never(item)


def _plain(item: EventGas | EventHeat | FuelBurnt | EventAccommodation) -> dict[str, str]:
    match item:
        case EventGas():
            return _amount("natural-gas", item.gas_nm3, "m3")
        case EventHeat():
            return _amount("heat", item.heat_gj, "GJ")
        case FuelBurnt():
            return _amount(item.fuel, item.fuel_kg, "kg")
        case EventAccommodation():
            return _amount("hotel", item.room_nights, "room-nights")
    assert_never(item)


def _amount(activity: str, quantity: int | str, unit: str) -> dict[str, str]:
    return {"activity": activity, "quantity": str(quantity), "unit": unit}
