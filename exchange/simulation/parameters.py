"""Parameters: numbers of a scenario that say where they come from."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

Source = Annotated[str, Meta(min_length=3, max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Whole = Annotated[int, Meta(ge=0, le=10**12)]


class Parameter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One number with its unit, its source, the date of the source, how sure it is, and the range that is plausible.

    *mark* is `measured`, `published`, or `assumed` where there is no data; a report shows which.
    """

    value: Whole
    unit: str
    source: Source
    date: date
    mark: Literal["measured", "published", "assumed"]
    range: tuple[Whole, Whole]


_UNIT: Final = "unit"

Tonnes: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "t"})]
FenPerTonne: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "fen/t"})]
Money: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "fen"})]
Share: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "bps"})]
Days: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "days"})]
Gas: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "10k Nm3"})]
GridFactor: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "g/kWh"})]
Points: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "points"})]
FenPerThousand: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "fen/1000 points"})]
Grams: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "g"})]
Percent: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "%"})]
Number: TypeAlias = Annotated[Parameter, Meta(extra={_UNIT: "count"})]


class Documented(NamedTuple):
    """A parameter under its name, such as ``policy.offset_cap_bps``, and the unit that its place asks for."""

    name: str
    parameter: Parameter
    unit: str


def documented(plan: Struct, under: str = "") -> Iterator[Documented]:
    """Every parameter of a plan and of the plans in it, in their order."""
    hints = get_type_hints(type(plan), include_extras=True)
    for field in plan.__struct_fields__:
        value, name = getattr(plan, field), f"{under}{field}"
        if isinstance(value, Parameter):
            yield Documented(name, value, _unit_of(hints[field]))
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from documented(each, f"{name}.{key}.")
        elif isinstance(value, Struct):
            yield from documented(value, f"{name}.")


def _unit_of(hint: Any) -> str:  # noqa: ANN401 - a type as typing has it
    hint = next((each for each in get_args(hint) if get_origin(each) is Annotated), hint)  # of one that may be left out
    metas = [each for each in get_args(hint) if isinstance(each, Meta) and each.extra]
    assert metas, f"a parameter must be declared with its unit, not as {hint}"
    return str(metas[0].extra[_UNIT])  # type: ignore[index]  # mypy does not narrow through the list


def fault_of(each: Documented) -> str | None:
    """Say what is wrong with a parameter, if anything is."""
    low, high = each.parameter.range
    if each.parameter.unit != each.unit:
        return f"{each.name} is in {each.unit}, not in {each.parameter.unit!r}"
    if low > high:
        return f"the range of {each.name} is from {low} to {high}: the smaller number comes first"
    if not low <= each.parameter.value <= high:
        return f"{each.name} is {each.parameter.value}, outside its range from {low} to {high}"
    if each.unit == "bps" and high > BPS:
        return f"the range of {each.name} ends at {high} bps; {BPS} are the whole"
    return None


BPS: Final = 10_000
"""Ten-thousandths of the whole."""
