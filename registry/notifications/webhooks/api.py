"""Webhooks of an organisation over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from registry.notifications.webhooks import service
from registry.notifications.webhooks.service import Webhooks
from schemas.access import Call
from schemas.pages import Page
from schemas.webhooks import (
    DeliveryState,
    NewWebhook,
    RemovedWebhook,
    Replayed,
    ReplayWebhook,
    Webhook,
    WebhookDelivery,
)

OfState = Annotated[DeliveryState | None, QueryParameter(name="state", description="Only those in one state")]


class WebhooksController(Controller):
    """Where an organisation's own systems are told what happened."""

    path = "/v1/organisations/{organisation_id:int}/webhooks"
    tags = ("Webhooks",)

    @get("/", operation_id="list_webhooks", opt={SHEET: True}, responses=READS)
    async def webhooks(
        self,
        organisation_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Webhook]]:
        """The addresses to which events of the organisation are sent, also as CSV."""
        return sheet.of(await service.webhooks(organisation_id, ordered, asked=asked, db=db), Webhook)

    @post("/", operation_id="add_webhook", responses=WRITES)
    async def add(
        self,
        *,
        organisation_id: PathId,
        data: JSONBody[NewWebhook],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        webhooks: NamedDependency[Webhooks],
    ) -> Webhook:
        """Send events of some kinds to a URL, signed by Standard Webhooks. The secret is shown once."""
        return await service.add(organisation_id, data, call=call, db=db, quotas=quotas, webhooks=webhooks)

    @post("/{webhook_id:int}/rotate", operation_id="rotate_webhook_secret", responses=WRITES)
    async def rotate(
        self,
        *,
        organisation_id: PathId,
        webhook_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        webhooks: NamedDependency[Webhooks],
    ) -> Webhook:
        """Sign with a new secret, which is shown once. For 24 hours the one before signs too."""
        return await service.rotate(organisation_id, webhook_id, call=call, db=db, webhooks=webhooks)

    @post("/{webhook_id:int}/pause", operation_id="pause_webhook", responses=WRITES)
    async def pause(
        self, organisation_id: PathId, webhook_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Webhook:
        """Send nothing there until it is resumed. What happens meanwhile waits."""
        return await service.pause(organisation_id, webhook_id, call=call, db=db)

    @post("/{webhook_id:int}/resume", operation_id="resume_webhook", responses=WRITES)
    async def resume(
        self, organisation_id: PathId, webhook_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Webhook:
        """Send there again. What happened while it was disabled is sent when you ask for it (replay)."""
        return await service.resume(organisation_id, webhook_id, call=call, db=db)

    @post("/{webhook_id:int}/remove", operation_id="remove_webhook", responses=WRITES)
    async def remove(
        self, organisation_id: PathId, webhook_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> RemovedWebhook:
        """Forget an address, its secret and its deliveries."""
        return await service.remove(organisation_id, webhook_id, call=call, db=db)

    @post("/{webhook_id:int}/ping", operation_id="ping_webhook", responses=WRITES)
    async def ping(
        self, organisation_id: PathId, webhook_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> WebhookDelivery:
        """Send a test, of the type `webhook.ping`; 30 an hour."""
        return await service.ping(organisation_id, webhook_id, call=call, db=db)

    @get("/{webhook_id:int}/deliveries", operation_id="list_webhook_deliveries", opt={SHEET: True}, responses=READS)
    async def deliveries(
        self,
        *,
        organisation_id: PathId,
        webhook_id: PathId,
        ordered: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        in_state: OfState = None,
    ) -> Response[Page[WebhookDelivery]]:
        """What was sent to an address in the last 30 days, and what became of it; also as CSV."""
        found = await service.deliveries(organisation_id, webhook_id, in_state, ordered, asked=asked, db=db)
        return sheet.of(found, WebhookDelivery)

    @post("/{webhook_id:int}/deliveries/{delivery_id:int}/resend", operation_id="resend_webhook", responses=WRITES)
    async def resend(
        self,
        *,
        organisation_id: PathId,
        webhook_id: PathId,
        delivery_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> WebhookDelivery:
        """Send one event again, under the same webhook-id."""
        return await service.resend(organisation_id, webhook_id, delivery_id, call=call, db=db)

    @post("/{webhook_id:int}/replay", operation_id="replay_webhooks", responses=WRITES)
    async def replay(
        self,
        *,
        organisation_id: PathId,
        webhook_id: PathId,
        data: JSONBody[ReplayWebhook],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Replayed:
        """Send again whatever was noticed in a time, under the same webhook-ids; 1,000 events at once."""
        return await service.replay(organisation_id, webhook_id, data, call=call, db=db)
