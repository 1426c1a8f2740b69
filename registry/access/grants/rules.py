"""When a role may begin and end. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from registry.access.authorisation import OVERSEERS
from registry.kit.problems import DomainError, Kind
from schemas.access import Colleague, GrantBody, Role

FOR_REGULATORS = frozenset({Role.REGULATOR, Role.AUDITOR, Role.OPERATOR})
"""Roles that reach beyond their organisation: two regulators give them, and a regulator ends them."""


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


class RegionWideRole(DomainError):
    """A role that holds region-wide would be granted elsewhere than at the authority."""

    kind, slug, title = Kind.UNPROCESSABLE, "region-wide-role", "Granted at the authority only"


class NotForAdministrators(DomainError):
    """An administrator would give or end what is for regulators to decide."""

    kind, slug, title = Kind.DENIED, "not-for-administrators", "Regulators decide this"


def given_by_administrator(approved: Collection[Role]) -> frozenset[Role]:
    """What an administrator may give where two regulators gave the roles *approved*."""
    return frozenset({Role.MEMBER, *approved} - FOR_REGULATORS - {Role.ADMINISTRATOR})


def check_given_by_administrator(roles: Sequence[Role], approved: Collection[Role], organisation_id: int) -> None:
    """Raise `NotForAdministrators` for a role that an administrator may not give at their organisation."""
    open_roles = given_by_administrator(approved)
    if beyond := sorted(set(roles) - open_roles):
        raise NotForAdministrators(
            f"An administrator of organisation {organisation_id} may give {', '.join(sorted(open_roles))}, and not "
            f"{', '.join(beyond)}. Ask two regulators to decide it.",
            permitted=sorted(open_roles),
        )


def check_ended_by_administrator(found: Colleague) -> None:
    """Raise `NotForAdministrators` for somebody whose role reaches beyond the organisation."""
    if held := sorted(FOR_REGULATORS & set(found.roles)):
        raise NotForAdministrators(
            f"Person {found.person_id} is {', '.join(held)} here, which a regulator ends (POST /v1/grants/ID/end)."
        )


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
