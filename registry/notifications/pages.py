"""Notifications as pages: what the visitor was told, what they want by e-mail, and the end of a confirmation link."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.notifications import service
from registry.notifications.mails import Mails
from schemas.notifications import NotificationKind

TEMPLATES: Final = Path(__file__).parent / "pages"


class NotificationPages(Controller):
    """For everybody who is signed in, of themselves."""

    path = "/notifications"

    @get("/")
    async def notifications(
        self,
        *,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        db: NamedDependency[Database],
        kind: Annotated[NotificationKind | None, QueryParameter()] = None,
        unread: Annotated[bool, QueryParameter()] = False,
    ) -> Response[str]:
        """What the visitor was told, the newest first."""
        found = await service.notifications(latest, kind, unread=unread, asked=page.asks("list_notifications"), db=db)
        return page.answer("notifications/list.html", found=found)

    @get("/mail")
    async def mail(
        self, page: NamedDependency[PageCall], db: NamedDependency[Database], mails: NamedDependency[Mails]
    ) -> Response[str]:
        """What they get by e-mail, and where."""
        mail = await service.preferences(asked=page.asks("get_mail_preferences"), db=db, mails=mails)
        return page.answer("notifications/mail_settings.html", mail=mail)

    @get("/confirm")
    async def confirm(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        mails: NamedDependency[Mails],
        code: Annotated[str, QueryParameter(max_length=100)] = "",
    ) -> Response[str]:
        """Where the link of a mail leads. It asks once more: programs that look through mail open links too."""
        mail = await service.preferences(asked=page.asks("get_mail_preferences"), db=db, mails=mails)
        return page.answer("notifications/confirm.html", mail=mail, code=code)
