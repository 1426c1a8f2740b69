"""What a notification leads to, how often a mail is tried, and how a mail's header is kept whole. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from msgspec import Struct

from registry.kit.problems import DomainError, Kind
from schemas.notifications import NotificationKind, Thing
from schemas.webhooks import WebhookKind

PAGES: Final = {
    "project": "/projects/{}",
    "report": "/reports/{}",
    "claim": "/claims/{}",
    "transfer": "/transfers/{}",
    "approval": "/approvals/{}",
    "account": "/accounts/{}",
    "retirement": "/retirements/{}",
    "webhook": "/organisations/{}/webhooks",
}
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=4)
TRIED_FOR: Final = timedelta(days=5)
"""As long as mail servers usually try (RFC 5321, 4.5.4.1)."""
DIGEST_EVERY: Final = timedelta(minutes=1)
"""At most one mail in this time for each person: what happened meanwhile stands in it together."""
ITEMS_OF_A_MAIL: Final = 50
CODE_LASTS: Final = timedelta(hours=24)
CONFIRMATIONS_A_DAY: Final = 5
"""Nobody makes this registry write to strangers again and again."""
_SUBJECT_LENGTH: Final = 150


class NoMail(DomainError):
    """This registry sends no mail."""

    kind, slug, title = Kind.CONFLICT, "no-mail", "No mail is sent here"


class CodeIsOver(DomainError):
    """A confirmation link that is unknown, too old, or somebody else's."""

    kind, slug, title = Kind.CONFLICT, "code-is-over", "The link is no longer good"


class TooManyConfirmations(DomainError):
    """So many links were sent today that no further one is."""

    kind, slug, title = Kind.CONFLICT, "too-many-confirmations", "Too many links were sent today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What happened to an account on the exchange, for the people who may trade for it. *cause* names it for ever."""

    cause: str
    kind: NotificationKind
    account_id: int
    about: str
    quantity_kg: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldByWebhook:
    """What happened to an account that only webhooks tell, to its organisation. *cause* names it for ever."""

    cause: str
    kind: WebhookKind
    account_id: int
    data: Struct


def page_of(thing: Thing, thing_id: str) -> str:
    """The page that shows what a notification is about."""
    return PAGES[thing].format(thing_id)


def wait_after(tries: int) -> timedelta:
    """How long until the next attempt, when *tries* have been made: a minute, then twice as long each time."""
    return min(FIRST_WAIT * (1 << min(tries - 1, 20)), LONGEST_WAIT)


def subject(text: str) -> str:
    """A subject of one line: whatever could end a header, or hide in one, is a space."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", text).split())
    return line if len(line) <= _SUBJECT_LENGTH else line[: _SUBJECT_LENGTH - 1] + "…"
