"""The inbox over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency

from registry.inbox import service
from registry.kit.database import Database
from registry.kit.http import READS
from registry.kit.pages import Window
from schemas.access import Call, InboxItem
from schemas.pages import Page


class InboxController(Controller):
    """What waits for the caller."""

    path = "/v1/inbox"
    tags = ("Access",)

    @get("/", operation_id="list_inbox", responses=READS)
    async def inbox(
        self, window: NamedDependency[Window], asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Page[InboxItem]:
        """Projects, reports, transfers, claims and approvals that one of your roles can bring forward now."""
        return await service.inbox(window, asked=asked, db=db)
