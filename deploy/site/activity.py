"""What was entered of an activity in the address of a page, and the arithmetic of it: shown before it is filed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from registry.kit.problems import DomainError
from registry.kit.site.form_fields import NotAForm, body_of
from registry.methodologies import catalogue, factors
from schemas.methodologies import Activity, MethodologyId, Reduction

_TAGS: Final[Mapping[MethodologyId, str]] = {
    "forest-sink": "forest-sink/1",
    "kiln-electrification": "kiln-electrification/1",
}
GRID: Final = "grid-electricity"


@dataclass(frozen=True, slots=True)
class Calculation:
    """
    The arithmetic of what was entered so far.

    *fault* says what is missing or wrong, if there is no *reduction*. *entered* is by the names of form fields.
    """

    entered: Mapping[str, str]
    reduction: Reduction | None
    fault: str


def calculation(methodology: MethodologyId, entered: Mapping[str, str]) -> Calculation:
    """What was entered in fields named ``activity.…``, computed as the operation that takes it would."""
    own = [(name, value) for name, value in entered.items() if name.startswith("activity.")]
    fields = [*own, ("activity.methodology", _TAGS[methodology])]
    if not any(name != "activity.methodology" for name, _ in own):
        return Calculation(entered, None, "")
    try:
        activity = msgspec.convert(body_of(fields).get("activity", {}), type=Activity)
        return Calculation(entered, catalogue.calculate(activity), "")
    except (msgspec.ValidationError, NotAForm, DomainError) as error:
        return Calculation(entered, None, error.detail if isinstance(error, DomainError) else str(error))


def fields_of(activity: Activity) -> dict[str, str]:
    """An activity as the fields of a form, to be corrected."""
    body: dict[str, Any] = msgspec.to_builtins(activity)
    return {
        f"activity.{name}{':int' if name == 'grid_year' else ''}": str(value)
        for name, value in body.items()
        if name != "methodology"
    }


def tag(methodology: MethodologyId) -> str:
    """How activity data of a methodology call it."""
    return _TAGS[methodology]


def grids() -> dict[str, list[Any]]:
    """The grid factors to choose from: regions and years, and the table of them."""
    found = [each for each in factors.table().factors if each.key == GRID and each.basis == "average"]
    return {
        "regions": list(dict.fromkeys(each.region for each in found)),
        "years": sorted({each.year for each in found if each.year}),
        "table": found,
    }
