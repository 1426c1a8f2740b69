"""
Footprint of an event, version 1 of both profiles: activity data times factor, item by item.

`chengdu-event` counts energy (fuel, power and heat), attendee travel and accommodation; `national-event` adds catering,
materials and waste. The unrounded items are added, and only the total is rounded, up. Source:
registry/methodologies/README.md, "Event"; no factors for the three added categories are published there,
so the organiser declares them.
"""

from typing import Final

from registry.kit.problems import DomainError, Kind
from registry.methodologies.arithmetic import shown_total, whole_kg_up
from registry.methodologies.factors import FactorTable
from registry.methodologies.footprint_items import Counted, category_of, count, sum_kg
from schemas.methodologies import (
    Category,
    DeclaredSource,
    EventActivity,
    EventFootprintRequest,
    EventProfile,
    Footprint,
    FuelBurnt,
    GreenPower,
)

VERSION: Final = 1
FORMULA: Final = "footprint = Σ activity_i · factor_i, rounded up to the kilogram"
COUNTED: Final[dict[EventProfile, tuple[Category, ...]]] = {
    "chengdu-event": ("energy", "travel", "accommodation"),
    "national-event": ("energy", "travel", "accommodation", "catering", "materials", "waste"),
}
"""Categories of each profile, in the order in which results list them."""


class OutsideProfile(DomainError):
    """An item belongs to a category that the profile does not count."""

    kind, slug, title = Kind.UNPROCESSABLE, "outside-profile", "Item outside the profile"


def calculate(request: EventFootprintRequest, profile: EventProfile, factors: FactorTable) -> Footprint:
    """
    Return the footprint of an event with each item's arithmetic.

    Raises `UnknownFactor`, `OutsideProfile` for a category that the profile does not count, and `ResultTooLarge`.
    """
    if request.residual or request.served:
        raise OutsideProfile(f"{profile} counts power by its grid, and nobody served: leave out residual and served")
    counted = [_item(position, item, profile, factors) for position, item in enumerate(request.items)]
    unrounded_kg = sum_kg(counted)
    return Footprint(
        profile=profile,
        version=VERSION,
        items=tuple(item for item, _ in counted),
        categories=tuple(category_of(category, counted) for category in COUNTED[profile]),
        unrounded_kg=shown_total(unrounded_kg, up=True),
        footprint_kg=whole_kg_up(unrounded_kg),
    )


def _item(position: int, item: EventActivity, profile: EventProfile, factors: FactorTable) -> Counted:
    if isinstance(item, FuelBurnt | DeclaredSource | GreenPower):
        raise OutsideProfile(
            f"item {position} is of a kind that {profile} does not count; count fuel as natural gas or heat, and "
            "supplies as supply",
            item=position,
        )
    counted = count(item, factors)
    category = counted[0].category
    if category not in COUNTED[profile]:
        raise OutsideProfile(
            f"item {position} is {category}, which {profile} does not count ({', '.join(COUNTED[profile])}); "
            "leave it out or use national-event",
            item=position,
            category=category,
        )
    return counted
