"""How the service is, as anybody may know."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Instant


class ServiceStatus(Struct, frozen=True, kw_only=True):
    """
    Whether requests are answered, and how far the public log is.

    *degraded*: requests of some kind are refused for the moment; *unready*: the database does not answer, and what it
    would know is null.
    """

    status: Literal["ready", "degraded", "unready"]
    version: str
    published: Annotated[int | None, Meta(description="Statements under the newest witnessed checkpoint")]
    waiting: Annotated[int | None, Meta(description="Statements that no witnessed checkpoint covers yet")]
    witnessed_at: Annotated[Instant | None, Meta(description="When the newest checkpoint had its quorum")]
    cosigned_at: Annotated[Instant | None, Meta(description="The latest time that a witness states on it")]
    business_time: Instant | None
