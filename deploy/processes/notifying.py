"""The part of housekeeping that tells people what concerns them: it reads what was committed, and sends mail."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from deploy.processes.tasks import ended
from deploy.settings import Settings
from deploy.site.entering import read_entrants
from deploy.site.frame import site_frame
from exchange.settlement import happened, news
from exchange.settlement.news import News
from registry.access.keys.rules import Keyring
from registry.kit.database import Database, Tx
from registry.kit.supervise import Supervisor
from registry.notifications import telling
from registry.notifications.mails import Mails, Outbox, Smtp, Transport
from registry.notifications.rules import Happened, ToldByWebhook
from registry.notifications.webhooks import sending
from registry.notifications.webhooks.addresses import WayOut
from registry.notifications.webhooks.sending import WebhookSender
from registry.notifications.webhooks.service import Webhooks
from registry.notifications.webhooks.signing import SecretSeal
from schemas.parties import RegionProfile

TICK_S: Final = 5.0
TICKS_PER_CLEANING: Final = 720
STOP_TIMEOUT_S: Final = 1.0
DEMO_DOMAIN: Final = "people.example"


def transport(settings: Settings) -> Transport | None:
    """What carries mail; None if no mail is sent."""
    if settings.demo_outbox:
        return Outbox()
    if not settings.smtp_host:
        return None
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password_file,
    )


def mails_of(settings: Settings, region: RegionProfile) -> Mails:
    """The mails of this installation."""
    return Mails(
        site_frame(region, settings.site_url, read_entrants(settings.demo_people)),
        settings.site_url,
        sender=settings.mail_from or f"registry@{DEMO_DOMAIN}",
        transport=transport(settings),
        demo=DEMO_DOMAIN if settings.demo_outbox else None,
    )


def gate_of(settings: Settings) -> WayOut:
    """Where webhooks of this installation may go."""
    return WayOut(plain=settings.webhooks_plain, private=settings.webhooks_private)


def sender_of(settings: Settings, keyring: Keyring) -> WebhookSender:
    """What sends the webhooks of this installation."""
    webhooks = Webhooks(SecretSeal(keyring.derived("webhooks")), gate_of(settings))
    return WebhookSender(webhooks, demo=DEMO_DOMAIN if settings.demo_outbox else None)


async def tell_everybody(*, db: Database, demo: str | None = None) -> None:
    """Tell people what happened in the registry and on the exchange since the last time."""
    await telling.tell(db=db, demo=demo)
    for source in happened.SOURCES:
        await db.transaction(functools.partial(_tell_of, source=source, demo=demo))
    await db.transaction(_tell_of_sales)
    for taken_in in (news.runs_in, news.pauses_in):
        await db.transaction(functools.partial(_tell_of_subscriptions, taken_in=taken_in))


async def _tell_of_sales(tx: Tx) -> None:
    place = await telling.place_in(tx, news.SALES, await news.end_of_sales_in(tx))
    reached, found = await news.sales_since_in(tx, place)
    await telling.tell_organisations_in(tx, _told(found))
    await telling.move_in(tx, news.SALES, reached)


async def _tell_of_subscriptions(tx: Tx, taken_in: Callable[[Tx], Awaitable[list[News]]]) -> None:
    await telling.tell_organisations_in(tx, _told(await taken_in(tx)))


def _told(found: Sequence[News]) -> list[ToldByWebhook]:
    return [
        ToldByWebhook(cause=each.cause, kind=each.kind, account_id=each.account_id, data=each.data) for each in found
    ]


async def _tell_of(tx: Tx, *, source: happened.Source, demo: str | None) -> None:
    place = await telling.place_in(tx, source, (await happened.ends_in(tx))[source])
    reached, found = await happened.since_in(tx, source, place)
    events = [
        Happened(
            cause=each.cause,
            kind=each.kind,
            account_id=each.account_id,
            about=each.about,
            quantity_kg=each.quantity_kg,
            why=each.why,
        )
        for each in found
    ]
    await telling.tell_accounts_in(tx, source, reached, events, demo)


class NotifyingRole:
    """
    Every few seconds it looks what happened and makes mails and webhooks of it; beside that it sends them.

    Nothing waits for it. What fails is logged and tried again: what was not told is found the next time, and a mail
    that was not sent stays in the outbox.
    """

    def __init__(
        self, db: Database, mails: Mails, *, webhooks: WebhookSender | None = None, tick_s: float = TICK_S
    ) -> None:
        self._db = db
        self._mails = mails
        self._webhooks = webhooks
        self._tick_s = tick_s
        self._telling = Supervisor("notifications", "People are not told what concerns them", retry_s=tick_s)
        self._sending = Supervisor("mail", "Mail is not sent", retry_s=tick_s)
        self._calling = Supervisor("webhooks", "Webhooks are not sent", retry_s=tick_s)
        self._tasks: list[asyncio.Task[None]] = []
        self._ticks = 0

    @property
    def trouble(self) -> str:
        """What fails and for how long, in one line; empty when everything works."""
        return self._telling.trouble or self._sending.trouble or self._calling.trouble

    async def start(self) -> None:
        """Tell and send from now on."""
        self._tasks = [
            asyncio.create_task(self._telling.run(self._tell), name="notifications"),
            asyncio.create_task(self._sending.run(self._send), name="mail"),
        ]
        if self._webhooks is not None:
            self._tasks.append(asyncio.create_task(self._calling.run(self._call), name="webhooks"))

    async def stop(self) -> None:
        """End. A mail or webhook that is being sent is cut off, and sent again by the next start."""
        self._telling.stop()
        self._sending.stop()
        self._calling.stop()
        for task in self._tasks:
            await ended(task, within_s=STOP_TIMEOUT_S)

    async def _tell(self) -> None:
        await tell_everybody(db=self._db, demo=self._mails.demo)
        while await self._mails.make(db=self._db):
            pass
        self._ticks += 1
        if self._ticks % TICKS_PER_CLEANING == 0:
            await telling.forget(db=self._db)
            await sending.forget(db=self._db)
        self._telling.well()
        await self._telling.pause(self._tick_s)

    async def _send(self) -> None:
        sent = await self._mails.send(db=self._db)
        self._sending.well()
        if not sent:
            await self._sending.pause(self._tick_s)

    async def _call(self) -> None:
        assert self._webhooks is not None, "start looked"
        tried = await self._webhooks.send(db=self._db)
        self._calling.well()
        if not tried:
            await self._calling.pause(self._tick_s)
