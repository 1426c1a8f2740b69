"""Typed refusals. Rules raise them; one mapping turns them into RFC 9457 problem documents."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """The kind of a refusal; each kind has one HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    UNPROCESSABLE = "unprocessable"
    UNAVAILABLE = "unavailable"
    FULL = "full"
    SLOW = "slow"
    LIMITED = "limited"
    PENDING = "pending"


class DomainError(Exception):
    """
    A refusal with a slug, a text for people and machine-readable members.

    The text says what was wrong, with the numbers, and what to do; *members* carry the same numbers for programs
    (integers and strings only). Nothing was changed when one is raised: the transaction rolls back.
    """

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Invalid(DomainError):
    """The request itself is wrong, whatever the state of the registry."""

    kind, slug, title = Kind.INVALID, "invalid-request", "Invalid request"


class Unknown(DomainError):
    """What the request names does not exist, or this caller may not know that it does."""

    kind, slug, title = Kind.UNKNOWN, "not-found", "Not found"


class AlreadyEnded(DomainError):
    """What the request would end has already ended."""

    kind, slug, title = Kind.CONFLICT, "already-ended", "Already ended"


class Unavailable(DomainError):
    """The registry cannot serve the request right now. Nothing was lost, and the same request may be sent again."""

    kind, slug, title = Kind.UNAVAILABLE, "unavailable", "Temporarily unavailable"


class LogRefuses(Unavailable):
    """The public log signs nothing, so nothing is written that belongs into it. As final as any absence: try later."""

    slug, title = "log-refuses", "The public log refuses"


class ClockBehind(Unavailable):
    """The machine's clock went back before times that are recorded, so nothing is written until it is set right."""

    slug, title = "clock-behind", "The clock is behind"


class StorageFull(DomainError):
    """The database has no room left; nothing was written."""

    kind, slug, title = Kind.FULL, "storage-full", "Storage full"


class BodyTooSlow(DomainError):
    """The body of the request was not there in time; nothing was done."""

    kind, slug, title = Kind.SLOW, "body-too-slow", "Body too slow"
