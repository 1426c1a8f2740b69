"""Notifications over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS, WRITES
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.notifications import service
from registry.notifications.mails import Mails
from schemas.access import Call
from schemas.notifications import (
    ConfirmMailAddress,
    MailPreferences,
    MarkedRead,
    MarkRead,
    Notification,
    NotificationKind,
    SetMailAddress,
    SetMailPreferences,
)
from schemas.pages import Page

OfKind = Annotated[NotificationKind | None, QueryParameter(description="Only those of one kind")]
Unread = Annotated[bool, QueryParameter(description="Only those that are not read")]


class NotificationsController(Controller):
    """What the caller is told, and how."""

    path = "/v1/notifications"
    tags = ("Access",)

    @get("/", operation_id="list_notifications", opt={SHEET: True}, responses=READS)
    async def notifications(
        self,
        *,
        ordered: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        kind: OfKind = None,
        unread: Unread = False,
    ) -> Response[Page[Notification]]:
        """What you were told: what waits, what was refused and why, trades, deliveries, deadlines; also as CSV."""
        return sheet.of(await service.notifications(ordered, kind, unread=unread, asked=asked, db=db), Notification)

    @post("/read", operation_id="mark_notifications_read", responses=WRITES)
    async def read(
        self, data: JSONBody[MarkRead], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> MarkedRead:
        """Mark one notification as read, or all up to one."""
        return await service.mark_read(data, call=call, db=db)

    @get("/mail", operation_id="get_mail_preferences", responses=READS)
    async def preferences(
        self, asked: NamedDependency[Call], db: NamedDependency[Database], mails: NamedDependency[Mails]
    ) -> MailPreferences:
        """Where you get mail, and for what."""
        return await service.preferences(asked=asked, db=db, mails=mails)

    @post("/mail", operation_id="set_mail_preferences", responses=WRITES)
    async def set_preferences(
        self,
        data: JSONBody[SetMailPreferences],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        mails: NamedDependency[Mails],
    ) -> MailPreferences:
        """Choose what you get by e-mail, and in which language."""
        return await service.set_preferences(data, call=call, db=db, mails=mails)

    @post("/mail/address", operation_id="set_mail_address", responses=WRITES)
    async def set_address(
        self,
        data: JSONBody[SetMailAddress],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        mails: NamedDependency[Mails],
    ) -> MailPreferences:
        """Name an address; a link goes there, and it counts once you have opened it. At most five links a day."""
        return await service.set_address(data, call=call, db=db, mails=mails)

    @post("/mail/address/confirm", operation_id="confirm_mail_address", responses=WRITES)
    async def confirm_address(
        self,
        data: JSONBody[ConfirmMailAddress],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        mails: NamedDependency[Mails],
    ) -> MailPreferences:
        """Take the address to which the link was sent. It is good for a day, and for you alone."""
        return await service.confirm_address(data, call=call, db=db, mails=mails)

    @post("/mail/address/remove", operation_id="remove_mail_address", responses=WRITES)
    async def remove_address(
        self, call: NamedDependency[Call], db: NamedDependency[Database], mails: NamedDependency[Mails]
    ) -> MailPreferences:
        """Have your address forgotten: you get no more mail."""
        return await service.remove_address(call=call, db=db, mails=mails)
