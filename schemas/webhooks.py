"""Webhooks: events sent to an organisation's own systems, by Standard Webhooks."""

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

from schemas.campaigns import CampaignEnd
from schemas.scalars import Fen0, Id, Instant, Kg, Tonnes0
from schemas.subscriptions import Run, Words

WebhookKind = Literal[
    "order.filled",
    "delivery.done",
    "settlement.refused",
    "auction.ended",
    "campaign.ended",
    "subscription.ran",
    "subscription.paused",
    "credits.issued",
    "claim.declared",
    "credits.retired",
]
WEBHOOK_KINDS: tuple[WebhookKind, ...] = get_args(WebhookKind)
WebhookState = Literal["active", "paused", "disabled"]
DeliveryState = Literal["due", "delivered", "given_up"]
WebhookUrl = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=500,
        pattern=r"^https?://[!-~]+$(?!\n)",
        description="Of https, in ASCII, at an address that is reachable from everywhere",
        examples=["https://93.184.216.34/kilnwood"],
    ),
]


class NewWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to send what."""

    url: WebhookUrl
    kinds: Annotated[tuple[WebhookKind, ...], Meta(min_length=1, max_length=10, description="What is sent there")]


class Webhook(Struct, frozen=True, kw_only=True):
    """An address to which events of an organisation are sent. *secret* is shown when it is made, and never again."""

    id: Id
    organisation_id: Id
    url: str
    kinds: tuple[WebhookKind, ...]
    state: Annotated[WebhookState, Meta(description="disabled: it failed for three days, or said that it is gone")]
    why: Annotated[str | None, Meta(description="Why it was disabled")] = None
    failing_since: Annotated[Instant | None, Meta(description="Since when nothing arrived there")] = None
    old_secret_until: Annotated[Instant | None, Meta(description="Until then the secret before signs too")] = None
    made_at: Instant
    secret: Annotated[str | None, Meta(description="whsec_ and 32 bytes in Base64; shown once")] = None


class RemovedWebhook(Struct, frozen=True, kw_only=True):
    """An address to which nothing is sent any more; its secret and its deliveries are gone."""

    id: Id


class WebhookDelivery(Struct, frozen=True, kw_only=True):
    """One event on its way to one address."""

    id: Id
    webhook_id: Id
    message: Annotated[str, Meta(description="The webhook-id header: the same however often it is sent")]
    kind: Annotated[str, Meta(description="The event's type; webhook.ping is a test")]
    state: DeliveryState
    tries: int
    made_at: Annotated[Instant, Meta(description="When the event was noticed")]
    tried_at: Instant | None = None
    next_at: Annotated[Instant | None, Meta(description="When it is tried next")] = None
    answer: Annotated[str | None, Meta(description="The last answer: an HTTP status, or what went wrong")] = None


class ReplayWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send again what was noticed from *since* until before *until*, in real time."""

    since: Instant
    until: Instant


class Replayed(Struct, frozen=True, kw_only=True):
    """How many events are sent again."""

    webhook_id: Id
    messages: int


class AccountNews(Struct, frozen=True, kw_only=True):
    """What happened to an account on the exchange: trades together, a delivery, or what was refused."""

    account_id: Id
    what: Annotated[str, Meta(description="buy, sell, deposit or withdrawal", examples=["buy"])]
    instrument: str
    quantity_kg: Kg | None = None
    why: str | None = None


class SaleNews(Struct, frozen=True, kw_only=True):
    """
    What an auction or a campaign came to for one account: its seller, or one who bid or pledged.

    All bids or pledges of the account that stood at the end are counted together. *allotted*: something was sold to it,
    or for the seller by it. *not-allotted*: others were. *cancelled*: nothing was sold to anybody; *why* says whether
    it was undersubscribed or called off. *refunded_fen* was locked and is free again.
    """

    account_id: Id
    sale_id: Annotated[Id, Meta(description="The auction or the campaign")]
    instrument: str
    side: Literal["buy", "sell"]
    result: Literal["allotted", "not-allotted", "cancelled"]
    wanted_t: Tonnes0
    allotted_t: Tonnes0
    amount_fen: Annotated[Fen0, Meta(description="What was allotted, at the prices paid; a seller's before the fee")]
    refunded_fen: Annotated[Fen0, Meta(description="Of a buyer")]
    why: CampaignEnd | None = None


class StandingRan(Struct, frozen=True, kw_only=True):
    """A buyer's period of a standing subscription, or a seller's issuance, is over: what was filled, or why not."""

    account_id: Id
    subscription_id: Id
    run: Run


class StandingPaused(Struct, frozen=True, kw_only=True):
    """A standing subscription places nothing more until it is resumed, and why."""

    account_id: Id
    subscription_id: Id
    why_slug: Words
    why: str


class PingEvent(Struct, frozen=True, kw_only=True):
    """What a ping carries: nothing happened."""

    webhook_id: Id


class WebhookPayload(Struct, frozen=True, kw_only=True):
    """The body of a webhook. *data* is what the API itself answers: an Issuance, a Claim, a RetirementOrder."""

    type: str
    timestamp: Instant
    data: Any
