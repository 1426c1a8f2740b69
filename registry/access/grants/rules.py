"""When a role may begin and end. Pure."""

from datetime import UTC, datetime

from registry.kit.problems import DomainError, Kind


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


def check_until(until: datetime | None, now: datetime) -> None:
    """Raise `RoleIsOver` unless a role that begins *now* lasts for a while."""
    if until is not None and until <= now:
        raise RoleIsOver(
            f"The role would end at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z; business time is "
            f"{now:%Y-%m-%d %H:%M:%S}Z. Propose it with a later end, or with none."
        )
