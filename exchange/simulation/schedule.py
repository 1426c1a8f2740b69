"""
Rules that change while a scenario is played: parameters that get another value on a day.

Policy, band and issuances are read anew each day or each year, so a change holds from its day on. What people drew when
they were set up, such as their costs and emissions, does not change.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import force_setattr, replace

from exchange.simulation.parameters import Parameter
from exchange.simulation.plans import Scenario

Schedule: TypeAlias = Mapping[int, Mapping[str, int]]
"""By day, the parameters that have another value from its morning on."""


def own_copy(scenario: Scenario) -> Scenario:
    """Return a copy that shares nothing, for a run that changes it."""
    return msgspec.convert(msgspec.to_builtins(scenario), Scenario)


def set_value(scenario: Scenario, name: str, value: int) -> None:
    """
    Give a parameter such as ``policy.offset_cap_bps`` another value of its range, in place.

    Plans are frozen and shared by everybody who looks at them; a run that changes its rules does so on its own copy,
    and all see it at once. Raises `LookupError` for a name, and `ValueError` for a value, that the scenario does not
    have.
    """
    *path, leaf = name.split(".")
    plan: Any = scenario
    for part in path:
        plan = plan.get(part) if isinstance(plan, dict) else getattr(plan, part, None)
    known = getattr(plan, leaf, None)
    if not isinstance(known, Parameter):
        raise LookupError(  # noqa: TRY004 - it is the name that is wrong
            f"there is no parameter {name} in this scenario"
        )
    low, high = known.range
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, outside its range from {low} to {high}")
    force_setattr(plan, leaf, replace(known, value=value))
