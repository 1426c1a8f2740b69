"""
Mails: how they are put into words, made of what somebody is to be told, and sent.

A mail is a row of the outbox, written in the transaction that marks what stands in it. It is taken for one attempt by
moving its next time, then sent outside of any transaction, then marked: a crash in between sends it once more, under
the same Message-ID, by which a reader's program knows it again. Nothing that a mail server does touches the business.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Literal, Protocol

import aiosmtplib
import structlog

from registry.kit.database import Database, Tx
from registry.kit.site.frame import Frame
from registry.notifications import rules, store
from registry.notifications.store import Mail, Recipient
from schemas.notifications import MailLanguage

log = structlog.get_logger()

SENT_AT_ONCE: Final = 20
PEOPLE_AT_ONCE: Final = 100
COMMAND_TIMEOUT_S: Final = 15.0
MAIL_TIMEOUT_S: Final = 60.0
"""For one mail as a whole: a server that answers a byte now and then keeps nobody."""
_PERMANENT: Final = 500


class AddressRefused(Exception):
    """The server will never take mail for this address, or this mail."""


class NotSent(Exception):
    """The server could not be reached, or takes nothing now: try again later."""


class Transport(Protocol):
    """What carries mails."""

    @property
    def keeps(self) -> bool:
        """Whether bodies are kept after sending: the outbox of a demo."""

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand one message over. Raises `AddressRefused`, `NotSent`."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    user: str = ""
    password_file: Path | None = None
    timeout_s: float = COMMAND_TIMEOUT_S
    mail_timeout_s: float = MAIL_TIMEOUT_S
    trusted: ssl.SSLContext | None = None
    keeps: bool = False

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Send one message over a connection of its own."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=self.timeout_s,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            username=self.user or None,
            password=self.password_file.read_text("utf-8").strip() if self.user and self.password_file else None,
            tls_context=self.trusted,
            validate_certs=True,
        )
        try:
            async with asyncio.timeout(self.mail_timeout_s):
                await client.connect()
                await client.send_message(message, recipients=[recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _meant(max(each.code for each in error.recipients)) from error
        except aiosmtplib.SMTPDataError as error:
            raise _meant(error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise NotSent(type(error).__name__) from error
        finally:
            client.close()


def _meant(code: int) -> AddressRefused | NotSent:
    return AddressRefused(str(code)) if code >= _PERMANENT else NotSent(str(code))


class Outbox:
    """A demo's: mails are kept to be looked at, and go nowhere."""

    keeps = True

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Send nothing."""


@dataclass(frozen=True, slots=True)
class Mails:
    """
    The mails of one registry: their words, their sender, and what carries them (None: no mail is sent).

    *demo* is the domain at which everybody of a demo gets mail who has set no address.
    """

    frame: Frame
    site_url: str
    sender: str = ""
    transport: Transport | None = None
    demo: str | None = None

    @property
    def offered(self) -> bool:
        """Whether mail is sent at all."""
        return self.transport is not None

    def confirmation(self, language: MailLanguage, name: str, code: str) -> tuple[str, str]:
        """Subject and text of the mail that has the link of a new address."""
        link = f"{self.site_url}/notifications/confirm?code={code}"
        text = self.frame.text(language, "notifications/confirmation.html", name=name, link=link)
        return _parted(text)

    async def make(self, *, db: Database) -> int:
        """
        Make a mail for everybody who is to be told something; returns for how many.

        One that cannot be put into words keeps nobody else waiting: its error is raised when all were tried.
        """
        if self.transport is None:
            return 0
        async with db.reading() as tx:
            people = await store.due_people(tx, rules.DIGEST_EVERY, PEOPLE_AT_ONCE, self.demo)
        failed: Exception | None = None
        for each in people:
            try:
                await self._make_one(each, db)
            except Exception as error:  # noqa: BLE001 - a fault of ours with one mail, raised below
                failed = failed or error
        if failed is not None:
            raise failed
        return len(people)

    async def _make_one(self, to: Recipient, db: Database) -> None:
        async def work(tx: Tx) -> None:
            await store.lock_person(tx, to.person_id)
            found = await store.unmailed(tx, to.person_id)
            if not found:
                return
            text = self.frame.text(
                to.language,
                "notifications/mail.html",
                items=found[: rules.ITEMS_OF_A_MAIL],
                further=len(found) - rules.ITEMS_OF_A_MAIL,
                site_url=self.site_url,
            )
            mail_id = await store.insert_mail(tx, to, "notifications", *_parted(text))
            await store.mailed(tx, mail_id, [each.id for each in found])

        await db.transaction(work)

    async def send(self, *, db: Database) -> int:
        """Try the mails that are due, each once; returns how many were sent."""
        if self.transport is None:
            return 0

        async def take(tx: Tx) -> list[Mail]:
            return await store.take_mails(tx, SENT_AT_ONCE, rules.FIRST_WAIT)

        taken = await db.transaction(take)
        sent = await asyncio.gather(*(self._attempt(each, db) for each in taken))
        return sum(sent)

    async def _attempt(self, mail: Mail, db: Database) -> bool:
        assert self.transport is not None, "send looked"
        state, why = "sent", ""
        try:
            await self.transport.send(self.message(mail), mail.address)
        except AddressRefused as error:
            state, why = "refused", str(error)
        except NotSent as error:
            waited = sum((rules.wait_after(each) for each in range(1, mail.tries + 1)), timedelta())
            state, why = "given_up" if waited >= rules.TRIED_FOR else "due", str(error)
        if state != "sent":  # numbers alone: an address is somebody's
            log.warning("mail_not_sent", mail_id=mail.id, person_id=mail.person_id, state=state, why=why)

        async def mark(tx: Tx) -> None:
            if state == "due":
                await store.wait_at_most(tx, mail.id, rules.LONGEST_WAIT)
            else:
                await store.end_mail(tx, mail.id, state, keep_body=bool(self.transport and self.transport.keeps))

        await db.transaction(mark)
        return state == "sent"

    def message(self, mail: Mail) -> EmailMessage:
        """The mail as it goes over the wire: plain text, and headers that no name can add to."""
        message = EmailMessage(policy=SMTP)
        message["Subject"] = rules.subject(mail.subject)
        message["From"] = Address(rules.subject(self.frame.region.name), addr_spec=self.sender)
        message["To"] = Address(addr_spec=mail.address)
        message["Date"] = format_datetime(mail.made_at)
        message["Message-ID"] = f"<kilnwood-{self.frame.region.id.lower()}-{mail.id}@{self.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = mail.language
        message.set_content(mail.body, cte="base64" if not mail.body.isascii() else "quoted-printable")
        return message


def _parted(text: str) -> tuple[str, str]:
    """A template's first line is the subject, the rest the text."""
    subject, _, body = text.strip().partition("\n")
    return rules.subject(subject), body.strip() + "\n"
