"""When a role may begin and end. Pure."""

from datetime import UTC, datetime

from registry.kit.problems import DomainError, Kind

REGULATORS_NEEDED = 2


class LastRegulators(DomainError):
    """Too few regulators would be left to decide what takes two people."""

    kind, slug, title = Kind.CONFLICT, "last-regulators", "Two regulators are needed"


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


def check_two_remain(working: int) -> None:
    """Raise `LastRegulators` if fewer than two regulators with a working key would be left."""
    if working < REGULATORS_NEEDED:
        raise LastRegulators(
            f"{working} regulator{'s' * (working != 1)} with a working key would be left, and {REGULATORS_NEEDED} are "
            "needed to decide anything. Give somebody the role, or the person another key, first.",
            working=working,
        )


def check_until(until: datetime | None, now: datetime) -> None:
    """Raise `RoleIsOver` unless a role that begins *now* lasts for a while."""
    if until is not None and until <= now:
        raise RoleIsOver(
            f"The role would end at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z; business time is "
            f"{now:%Y-%m-%d %H:%M:%S}Z. Propose it with a later end, or with none."
        )
