"""What is used of what may be kept."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class QuotaUsage(Struct, frozen=True):
    """One quota: *used* of *limit*, in *unit* (`MB`: millions of bytes, rounded up); *counts* says what counts."""

    quota: str
    holder: Literal["organisation", "region"]
    used: int
    limit: int
    unit: str
    counts: str


class OrganisationUsage(Struct, frozen=True):
    """The quotas of one organisation, and those that all share."""

    organisation_id: int
    quotas: tuple[QuotaUsage, ...]


class UnnamedDocument(Struct, frozen=True):
    """A document that nothing names. *organisation_id* is whose quota it uses."""

    sha256: str
    media_type: str
    size_bytes: int
    organisation_id: int | None
    stored_at: datetime
