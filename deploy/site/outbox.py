"""The demo's outbox: mails that a registry with a mail server would have sent. On this machine alone."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from deploy.site.entering import require_loopback
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.notifications import service
from schemas.pages import Page


class OutboxPage(Controller):
    """Only a demo's application has it."""

    path = "/outbox"

    @get("/")
    async def outbox(
        self,
        page: NamedDependency[PageCall],
        request: Request[Any, Any, Any],
        db: NamedDependency[Database],
        cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    ) -> Response[str]:
        """The newest mails, to whom they would have gone, and what they say."""
        require_loopback(request)
        window = Window(cursor, 20, "newest")
        rows = await service.outbox(*window.args, db=db)
        mails: Page[Any] = window.page([(each.id, each) for each in rows])
        return page.answer("home/outbox.html", mails=mails)
