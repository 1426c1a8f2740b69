"""When a role may begin and end. Pure."""

from datetime import UTC, datetime

from registry.access.authorisation import OVERSEERS
from registry.kit.problems import DomainError, Kind
from schemas.access import GrantBody


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


class RegionWideRole(DomainError):
    """A role that holds region-wide would be granted elsewhere than at the authority."""

    kind, slug, title = Kind.UNPROCESSABLE, "region-wide-role", "Granted at the authority only"


def check_place(body: GrantBody, authority_id: int) -> None:
    """Raise `RegionWideRole` for one who would oversee the whole region on behalf of somebody else."""
    if body.role in OVERSEERS and body.organisation_id != authority_id:
        raise RegionWideRole(
            f"The role of {body.role} holds for the whole region, so it is granted at the authority "
            f"(organisation {authority_id}) only, and not at organisation {body.organisation_id}."
        )


def check_until(until: datetime | None, now: datetime) -> None:
    """Raise `RoleIsOver` unless a role that begins *now* lasts for a while."""
    if until is not None and until <= now:
        raise RoleIsOver(
            f"The role would end at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z; business time is "
            f"{now:%Y-%m-%d %H:%M:%S}Z. Propose it with a later end, or with none."
        )
