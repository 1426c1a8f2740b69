"""Notifications, in the desk and by e-mail."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from schemas.scalars import Id, Instant, Kg

NotificationKind = Literal["waits", "deadline", "refused", "fill", "delivery", "retirement"]
NOTIFICATION_KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
Thing = Literal["project", "report", "transfer", "claim", "approval", "account", "retirement", "webhook"]
MailLanguage = Literal["en", "zh"]
EmailAddress = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        r"(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$(?!\n)",
        description="As browsers take one (HTML, `type=email`), of ASCII letters and with a dot in its domain",
        examples=["lin@example.org"],
    ),
]


class Notification(Struct, frozen=True, kw_only=True):
    """One notification of one person, made once."""

    id: Id
    kind: NotificationKind
    thing: Annotated[Thing, Meta(description="What it is about")]
    thing_id: Annotated[str, Meta(description="Its number or code")]
    page: Annotated[str, Meta(description="The page to open")]
    about: Annotated[str, Meta(description="What it is about, in a line; empty if numbers say it")]
    action: Annotated[str | None, Meta(description="The operation that is awaited")] = None
    why: Annotated[str | None, Meta(description="Why it was refused")] = None
    quantity_kg: Kg | None = None
    until: Instant | None = None
    at: Annotated[Instant, Meta(description="When it was noticed, in business time")]
    read_at: Instant | None = None


class MarkRead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notification, or all up to one: those that arrived meanwhile stay unread."""

    id: Id
    up_to: Annotated[bool, Meta(description="All older ones too")] = False


class MarkedRead(Struct, frozen=True, kw_only=True):
    """How many were unread and are read now."""

    person_id: Id
    read: int


class MailPreferences(Struct, frozen=True, kw_only=True):
    """Where the caller gets mail, for what, and in which language."""

    person_id: Id
    offered: Annotated[bool, Meta(description="Whether this registry sends mail at all")]
    address: Annotated[str | None, Meta(description="The confirmed address")]
    pending_address: Annotated[str | None, Meta(description="One whose link nobody has opened yet")]
    language: MailLanguage
    kinds: tuple[NotificationKind, ...]


class SetMailPreferences(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to get by e-mail; nothing if *kinds* is empty."""

    language: MailLanguage
    kinds: Annotated[tuple[NotificationKind, ...], Meta(max_length=6)] = ()


class SetMailAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new address. A link goes there; until it is opened, the address before counts."""

    address: EmailAddress
    language: MailLanguage = "en"


class ConfirmMailAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the link has that was sent to the address."""

    code: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)", examples=["Zm9yIHRoZSBleGFtcGxlLCBub3QgYSByZWFsIG9uZSE"])
    ]
