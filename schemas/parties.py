"""The region, organisations, people and the accounts they own."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.identifiers import Identifier
from schemas.scalars import Id, Instant, Name, Text, check_years


class RegionProfile(Struct, frozen=True, kw_only=True):
    """What never changes about the region this registry serves. In a simulated one business time is set by hand."""

    id: Annotated[str, Meta(description="ISO 3166 code, China with GB/T 2260: CN-510100")]
    name: str
    serial_region: Annotated[str, Meta(description="First part of every serial")]
    programme: Annotated[str, Meta(description="Second part of every serial")]
    simulated: bool
    log_origin: Annotated[str, Meta(description="Origin line of the public log")]


class Region(RegionProfile, frozen=True):
    """The region, and business time now."""

    business_time: Instant


class SetClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move a simulated region's business time forward."""

    at: Instant

    def __post_init__(self) -> None:
        """Raise `ValueError` for an instant outside the years of a registry."""
        check_years("at", self.at)


class NewOrganisation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation with at least one structured identifier."""

    name: Name
    identifiers: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=2)]
    parent_id: Annotated[Id | None, Meta(description="The organisation that owns it, for conflicts of interest")] = None


OrganisationKind = Literal["enterprise", "institution"]


class Organisation(Struct, frozen=True, kw_only=True):
    """
    An organisation as registered.

    *kind* is what it is as a buyer, for venues that limit what each kind may order and hold: an institution buys to
    invest. Organisations are enterprises until the regulator says otherwise.
    """

    id: Id
    name: str
    identifiers: tuple[Identifier, ...]
    parent_id: Id | None
    created_at: Instant
    kind: OrganisationKind = "enterprise"


class NewOrganisationKind(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation is as a buyer from now on, and why."""

    kind: OrganisationKind
    why: Text


class NewPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A natural person who will use the registry. The name is never logged or published."""

    name: Name


class Person(Struct, frozen=True, kw_only=True):
    """A person as registered."""

    id: Id
    name: str
    created_at: Instant


class NewAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A holding account for an organisation."""

    owner_id: Id
    name: Name


class Account(Struct, frozen=True, kw_only=True):
    """An account: who owns it, what it is for, whether it is open."""

    id: Id
    owner_id: Id
    type: Literal["holding", "buffer", "exchange"]
    name: str
    status: Literal["open", "closed"]
    opened_at: Instant
