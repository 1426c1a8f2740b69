"""How the service is, for anybody: without what only an operator should know."""

from typing import Protocol, runtime_checkable

from litestar import Controller, get
from litestar.di import NamedDependency

from deploy.version import VERSION
from registry.access.authorisation import PUBLIC, Route
from registry.kit import clock
from registry.kit.database import Database
from registry.kit.http import READS
from registry.kit.problems import DomainError
from registry.transparency import published
from registry.transparency import service as log
from schemas.status import ServiceStatus

ROUTES: dict[str, Route] = {"get_status": PUBLIC}


@runtime_checkable
class Trouble(Protocol):
    """Says in one line why requests of some kind are refused, or nothing."""

    def __call__(self) -> str:
        """The line, for operators."""
        ...


class StatusController(Controller):
    """Whether requests are answered."""

    path = "/v1/status"
    tags = ("Log",)

    @get("/", operation_id="get_status", responses=READS)
    async def status(self, db: NamedDependency[Database], trouble: NamedDependency[Trouble]) -> ServiceStatus:
        """Whether requests are taken, how far the public log is, and when a witness saw it last."""
        return await service_status(db, trouble)


async def service_status(db: Database, trouble: Trouble) -> ServiceStatus:
    """What anybody may know of how the service is."""
    try:
        backlog = await log.backlog(db=db)
        async with db.reading() as tx:
            head, now = await published.head_in(tx), await clock.now_in(tx)
    except DomainError:
        return ServiceStatus(
            status="unready",
            version=VERSION,
            published=None,
            waiting=None,
            witnessed_at=None,
            cosigned_at=None,
            business_time=None,
        )
    cosigned = [each.at for each in head.signatures if each.at and each.by == "witness"] if head else []
    return ServiceStatus(
        status="degraded" if trouble() else "ready",
        version=VERSION,
        published=backlog.published,
        waiting=backlog.waiting,
        witnessed_at=head.witnessed_at if head else None,
        cosigned_at=max(cosigned, default=None),
        business_time=now,
    )
