"""Webhooks as pages: an organisation's addresses, and what became of what was sent to one."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.notifications.webhooks import service
from registry.parties import service as parties
from schemas.webhooks import WEBHOOK_KINDS, DeliveryState

TEMPLATES: Final = Path(__file__).parent / "pages"


class WebhookPages(Controller):
    """For the administrators of an organisation; overseers look on."""

    path = "/organisations/{organisation_id:int}/webhooks"

    @get("/")
    async def webhooks(
        self,
        organisation_id: PathId,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        db: NamedDependency[Database],
    ) -> Response[str]:
        """The addresses, and the form that adds one."""
        found = await service.webhooks(organisation_id, latest, asked=page.asks("list_webhooks"), db=db)
        organisation = await parties.organisation(organisation_id, db=db)
        return page.answer("webhooks/list.html", organisation=organisation, webhooks=found, kinds=WEBHOOK_KINDS)

    @get("/{webhook_id:int}")
    async def webhook(
        self,
        *,
        organisation_id: PathId,
        webhook_id: PathId,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        db: NamedDependency[Database],
        in_state: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """One address: its secret renewed, a test, and its deliveries."""
        found = await service.webhook(organisation_id, webhook_id, asked=page.asks("list_webhooks"), db=db)
        asked = page.asks("list_webhook_deliveries")
        return page.answer(
            "webhooks/webhook.html",
            organisation=await parties.organisation(organisation_id, db=db),
            webhook=found,
            deliveries=await service.deliveries(organisation_id, webhook_id, in_state, latest, asked=asked, db=db),
        )
