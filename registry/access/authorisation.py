"""
Who may call what. Pure.

Each capability lists its operations in a `routes.py` beside its `api.py`: the roles that an operation takes, and what
one of these roles must be held over. The application merges these tables and gives each handler its line. The guard
checks the roles before the handler runs; where the line names an owner, the service then calls `authorise_for` with the
organisation that owns the object. The denial tests are generated from the merged table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import structs

from registry.kit.problems import DomainError, Kind
from schemas.access import Actor, Call, HeldRole, Role

EVERY_ROLE = frozenset(Role)
REGULATORS = frozenset({Role.REGULATOR})
OPERATORS = frozenset({Role.OPERATOR})
DEVELOPERS = frozenset({Role.DEVELOPER})
VERIFIERS = frozenset({Role.VERIFIER})
TRADERS = frozenset({Role.DEVELOPER, Role.ENTERPRISE, Role.ORGANISER})
CLAIMANTS = frozenset({Role.ENTERPRISE, Role.ORGANISER})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
OVERSEERS = frozenset({Role.REGULATOR, Role.AUDITOR})
"""Roles that hold for the whole region, whichever organisation they were granted at."""


@dataclass(frozen=True, slots=True)
class Route:
    """
    Who may call one operation.

    *roles* None: anybody, without a key. Empty: any person with a key. *owned* names what one of the roles must be held
    over; the service checks it. *frees*: it ends, cancels or takes back something, and is served while the disk is
    nearly full (registry/kit/room.py).
    """

    roles: frozenset[Role] | None
    owned: str | None = None
    frees: bool = False


PUBLIC = Route(None)
FIRST_KEY_MAY = frozenset({"get_me", "create_own_key", "begin_passkey", "register_passkey"})
"""What a key that somebody else made is good for."""
ANY_PERSON = Route(frozenset())


class Unauthenticated(DomainError):
    """No API key, or one that is unknown or revoked."""

    kind, slug, title = Kind.UNAUTHENTICATED, "unauthenticated", "API key required"


class Denied(DomainError):
    """The person holds no role that permits this."""

    kind, slug, title = Kind.DENIED, "denied", "Not permitted"


class FirstKeyOnly(DomainError):
    """A first key makes its holder's own key and does nothing else."""

    kind, slug, title = Kind.DENIED, "first-key", "Make your own key first"


class Suspended(DomainError):
    """An emergency suspension keeps the person from deciding."""

    kind, slug, title = Kind.DENIED, "suspended", "Suspended from deciding"


class NotYours(DomainError):
    """The person holds the role, but not at the organisation that owns the object."""

    kind, slug, title = Kind.DENIED, "not-yours", "Belongs to somebody else"


class OwnOrganisation(DomainError):
    """Somebody would decide for an organisation they belong to."""

    kind, slug, title = Kind.DENIED, "own-organisation", "Nobody decides for their own organisation"


def merge_routes(*tables: Mapping[str, Route]) -> dict[str, Route]:
    """One table of all operations. Raises `LookupError` for an operation that two capabilities name."""
    merged: dict[str, Route] = {}
    for table in tables:
        if twice := merged.keys() & table.keys():
            raise LookupError(f"two capabilities have an operation named {', '.join(sorted(twice))}")
        merged |= table
    return merged


def authorise(by: Actor, operation: str, route: Route) -> None:
    """The guard's check: a key where one is needed, and one of the route's roles at any organisation."""
    if route.roles is None:
        return
    if not by.person_id:
        raise Unauthenticated("This needs an API key: send the header 'Authorization: Bearer kw_…'.")
    if by.first_key and operation not in FIRST_KEY_MAY:
        raise FirstKeyOnly(
            "This is a first key, which somebody else made for you. It works once: make a passkey with it (open "
            "/invitation#kw_… in a browser) or a key of your own (POST /v1/me/keys), and use that one."
        )
    if route.roles and not any(held.role in route.roles for held in by.roles):
        raise Denied(
            f"{operation} takes one of the roles {_names(route.roles)}; "
            f"you hold {_names(each.role for each in by.roles)}."
        )


def deciding(by: Actor, operation: str, route: Route) -> Actor:
    """
    The person as one who writes: while suspended, without the role of regulator.

    Raises `Suspended` if no other role of theirs permits *operation*.
    """
    left = may_use(by)
    if by.suspension_id is not None and route.roles and not any(held.role in route.roles for held in left):
        raise Suspended(
            f"Suspension {by.suspension_id} keeps you from deciding, and {operation} takes it. It lapses after seven "
            "days unless two other regulators or the operator confirm it (GET /v1/suspensions).",
            suspension_id=by.suspension_id,
        )
    return structs.replace(by, roles=left)


def may_use(by: Actor) -> tuple[HeldRole, ...]:
    """The roles with which the person may act now: while suspended, all but that of regulator."""
    if by.suspension_id is None:
        return by.roles
    return tuple(held for held in by.roles if held.role != Role.REGULATOR)


def authorise_for(call: Call, organisation_id: int) -> None:
    """The check of ownership: one of the permitted roles at *organisation_id*, or one that holds region-wide."""
    if not any(
        held.role in call.permitted and (held.organisation_id == organisation_id or held.role in OVERSEERS)
        for held in call.by.roles
    ):
        raise NotYours(
            f"This belongs to another organisation; {call.operation} takes one of the roles "
            f"{_names(call.permitted)} there."
        )


def oversees(by: Actor) -> bool:
    """Whether the person may read everything."""
    return any(held.role in OVERSEERS for held in by.roles)


def organisations_of(by: Actor) -> tuple[int, ...]:
    """The organisations at which the person holds any role now."""
    return tuple(sorted({held.organisation_id for held in by.roles}))


def organisation_acting(by: Actor, role: Role) -> int | None:
    """The organisation for which the person acts in *role*; the first if there are several."""
    return next((held.organisation_id for held in by.roles if held.role == role), None)


def _names(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles)) or "none"
